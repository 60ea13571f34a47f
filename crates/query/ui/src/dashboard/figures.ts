// The figures at the head of the page. Each is a button: it is what the graph draws.
import type { Answer } from "./api";
import { currentConditions, currentRange, currentSpan, nowOf } from "./context";
import type { Context, Part } from "./context";
import { byId, h } from "./dom";
import { change, changeText, exact, figure } from "./format";
import { HEADLINE } from "./metrics";
import type { Metric } from "./metrics";
import { comparedWith, soFar } from "./period";

export function figures(context: Context): Part {
  const place = byId("figures");
  const tiles = HEADLINE.map((metric) => tile(context, metric));
  place.replaceChildren(...tiles.map(({ element }) => element));
  return {
    async show(signal, isQuiet) {
      const chosen = context.state().metric;
      for (const { element, metric } of tiles) element.setAttribute("aria-pressed", String(metric.name === chosen));
      if (!isQuiet) place.setAttribute("aria-busy", "true");
      const [now, before] = await Promise.all([totals(context, signal), totalsBefore(context, signal)]);
      tiles.forEach(({ fill }, index) => fill(now.results[0]?.metrics[index] ?? null, before?.results[0]?.metrics[index] ?? undefined));
      place.setAttribute("aria-busy", "false");
    },
  };
}

function totals(context: Context, signal: AbortSignal): Promise<Answer> {
  const metrics = HEADLINE.map(({ name }) => name);
  return context.api.ask({ metrics, date_range: currentRange(context), filters: currentConditions(context) }, signal);
}

function totalsBefore(context: Context, signal: AbortSignal): Promise<Answer> | undefined {
  const span = currentSpan(context);
  const other = comparedWith(span, context.state().comparison);
  if (!other) return undefined;
  const metrics = HEADLINE.map(({ name }) => name);
  return context.api.ask({ metrics, date_range: soFar(other, span, nowOf(context)), filters: currentConditions(context) }, signal);
}

function tile(context: Context, metric: Metric) {
  const value = h("span", { class: "figure-value" }, " ");
  const trend = h("span", { class: "figure-trend" });
  const element = h("button", { type: "button", class: "figure" }, h("span", { class: "figure-label" }, metric.label), value, trend);
  element.addEventListener("click", () => context.go({ metric: metric.name }));
  const fill = (now: number | null, before: number | null | undefined) => {
    value.textContent = figure(now, metric.kind);
    value.title = exact(now, metric.kind);
    trend.replaceChildren(...(before === undefined ? [] : trendOf(metric, now, before)));
  };
  return { metric, element, fill };
}

function trendOf(metric: Metric, now: number | null, before: number | null): Node[] {
  const by = change(now, before, metric.kind);
  const was = h("span", { class: "figure-before" }, `was ${figure(before, metric.kind)}`);
  if (by === undefined) return [was];
  if (by === 0) return [h("span", { class: "trend" }, "±0"), was];
  const isGood = by > 0 !== Boolean(metric.isBad);
  const arrow = h("span", { "aria-hidden": "true" }, by > 0 ? "↑" : "↓");
  const word = h("span", { class: "visually-hidden" }, by > 0 ? "up" : "down");
  return [h("span", { class: `trend ${isGood ? "good" : "bad"}` }, arrow, word, ` ${changeText(by, metric.kind)}`), was];
}
