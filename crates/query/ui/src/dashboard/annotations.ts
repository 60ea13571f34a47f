// Annotations: what happened on a day. A line in the graph, and in words below it.
import type { Context } from "./context";
import { dayOf } from "./days";
import { h } from "./dom";
import { dayText } from "./format";
import { askIn, removeButton } from "./kept";
import type { Annotation, Keeper } from "./kept";
import type { Interval, Span } from "./period";

/** Those of the span, in the order of their days. */
export function annotationsIn(span: Span, annotations: Annotation[]): Annotation[] {
  if (span.kind === "realtime") return [];
  const { from, to } = span;
  return annotations.filter(({ body }) => body.day >= from && body.day <= to).sort((one, other) => (one.body.day < other.body.day ? -1 : 1));
}

/** At which point of the graph a day is: the first that begins on it, or the last that begins before it; -1 where the graph has neither. */
export function pointOf(day: string, labels: string[], interval: Interval): number {
  const begun = interval === "minute" || interval === "hour" || interval === "day" ? labels.findIndex((label) => label.slice(0, 10) === day) : -1;
  return begun >= 0 ? begun : labels.findLastIndex((label) => label.slice(0, 10) <= day);
}

export function listOf(context: Context, keeper: Keeper, annotations: Annotation[]): HTMLElement {
  const items = annotations.map((annotation) =>
    h(
      "li",
      {},
      h("time", { class: "soft", datetime: annotation.body.day }, dayText(annotation.body.day)),
      h("span", {}, annotation.name),
      context.mayEdit && removeButton(keeper, annotation),
    ),
  );
  return h("ul", { class: "notes", "aria-label": "Annotations" }, ...items);
}

export function askForAnnotation(context: Context, keeper: Keeper): void {
  const today = dayOf(new Date(), context.zone);
  const day = h("input", { type: "date", class: "field", value: today, required: true });
  const name = h("input", { class: "field", required: true, maxlength: 200, autocomplete: "off", placeholder: "The new shop went online" });
  const fields = [h("label", {}, "Day", day), h("label", {}, "What happened", name)];
  askIn("Annotate a day", "Keep", fields, () => keeper.keep({ kind: "annotation", name: name.value, body: { day: day.value } }));
}
