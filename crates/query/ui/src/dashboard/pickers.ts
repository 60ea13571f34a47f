// The pickers of site, period and comparison, and the steps to the neighbouring periods.
import { nowOf, currentSpan } from "./context";
import type { Context, Part } from "./context";
import { byId, h, openDialog } from "./dom";
import { addDays, dayOf } from "./days";
import { dayText, spanText } from "./format";
import { comparedWith, intervalsOf, spanOf, step } from "./period";
import type { Comparison, Interval, Period, PeriodName } from "./period";
import { searchOf } from "./state";

const PERIOD_NAMES: [PeriodName, string][] = [
  ["realtime", "Last 30 minutes"],
  ["day", "Today"],
  ["7d", "Last 7 days"],
  ["28d", "Last 28 days"],
  ["91d", "Last 91 days"],
  ["month", "Month"],
  ["12mo", "Last 12 months"],
  ["year", "Year"],
  ["custom", "Custom…"],
];

const COMPARISON_NAMES: [Comparison, string][] = [
  ["previous", "Period before"],
  ["year", "Year before"],
  ["off", "No comparison"],
];

const INTERVAL_NAMES: Record<Interval, string> = { minute: "By minute", hour: "By hour", day: "By day", week: "By week", month: "By month" };

export function pickers(context: Context): Part {
  const period = byId<HTMLSelectElement>("period");
  const comparison = byId<HTMLSelectElement>("comparison");
  const interval = byId<HTMLSelectElement>("interval");
  const [earlier, later] = [byId<HTMLButtonElement>("earlier"), byId<HTMLButtonElement>("later")];
  period.replaceChildren(...PERIOD_NAMES.map(([value, name]) => h("option", { value }, name)));
  comparison.replaceChildren(...COMPARISON_NAMES.map(([value, name]) => h("option", { value }, name)));

  siteOf(context);
  period.addEventListener("change", () => {
    const name = period.value as PeriodName;
    if (name !== "custom") return context.go({ period: { name }, interval: undefined });
    period.value = context.state().period.name;
    askForDays(context);
  });
  comparison.addEventListener("change", () => context.go({ comparison: comparison.value as Comparison }));
  interval.addEventListener("change", () => context.go({ interval: interval.value as Interval }));
  const goTo = (target: Period | undefined) => target && context.go({ period: target });
  earlier.addEventListener("click", () => goTo(step(context.state().period, -1, nowOf(context))));
  later.addEventListener("click", () => goTo(step(context.state().period, 1, nowOf(context))));

  return {
    async show() {
      const state = context.state();
      const now = nowOf(context);
      const span = spanOf(state.period, now);
      period.value = state.period.name;
      comparison.value = state.comparison;
      comparison.disabled = span.kind === "realtime";
      const choices = intervalsOf(span);
      interval.replaceChildren(...choices.map((value) => h("option", { value }, INTERVAL_NAMES[value])));
      interval.value = chosenInterval(context);
      interval.disabled = choices.length < 2;
      earlier.disabled = step(state.period, -1, now) === undefined;
      later.disabled = step(state.period, 1, now) === undefined;
      byId("span").textContent = spanText(span);
      const other = comparedWith(span, state.comparison);
      byId("compared").textContent = other ? `compared with ${spanText(other)}` : "";
    },
  };
}

/** The chosen step of the graph, where the period has it. */
export function chosenInterval(context: Context): Interval {
  const choices = intervalsOf(currentSpan(context));
  const { interval } = context.state();
  return interval && choices.includes(interval) ? interval : choices[0];
}

/** Another site is another page: its time zone and its name come with it. */
function siteOf(context: Context): void {
  const picker = document.querySelector<HTMLSelectElement>("#site");
  picker?.addEventListener("change", () => {
    location.assign(location.pathname + searchOf({ ...context.state(), site: picker.value, filters: [] }));
  });
}

function askForDays(context: Context): void {
  const today = dayOf(new Date(), context.zone);
  const span = currentSpan(context);
  const [first, last] = span.kind === "days" ? [span.from, span.to < today ? span.to : today] : [addDays(today, -6), today];
  const from = h("input", { type: "date", class: "field", name: "from", value: first, max: today, required: true });
  const to = h("input", { type: "date", class: "field", name: "to", value: last, max: today, required: true });
  const hint = h("p", { class: "soft" }, `Days as the site's clocks count them (${context.zone}); today is ${dayText(today)}.`);
  const form = h(
    "form",
    { class: "dialog-form", method: "dialog" },
    h("label", {}, "From", from),
    h("label", {}, "To", to),
    hint,
    h("button", { class: "button primary" }, "Show"),
  );
  const dialog = openDialog("Choose days", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [start, end] = [from.value, to.value].sort() as [string, string];
    dialog.close();
    context.go({ period: { name: "custom", from: start, to: end }, interval: undefined });
  });
}
