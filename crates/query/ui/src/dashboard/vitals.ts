// Web Vitals: what three of four loads stay within (the 75th percentile, as web.dev/articles/vitals judges), against the bounds of good and
// poor. The API counts how often each value was measured; the percentile is then exact, as long as there are no more different values
// than an answer has rows. With more, the slowest are left out and the card says so.
import { isAbort } from "./api";
import { nothing } from "./card";
import { currentConditions, currentRange, OF_THE_GRAPH } from "./context";
import type { Context, Part } from "./context";
import { h } from "./dom";
import { figure, percent, whole } from "./format";
import type { Kind } from "./format";
import { parted, quantile } from "./quantile";
import type { Counted } from "./quantile";

const VALUES_MAX = 10_000;

interface Vital {
  key: string;
  name: string;
  about: string;
  kind: Kind;
  /** At most this is good; more than the second is poor. */
  bounds: [number, number];
}

const VITALS: Vital[] = [
  { key: "lcp", name: "LCP", about: "Largest Contentful Paint: until the main thing is there", kind: "milliseconds", bounds: [2_500, 4_000] },
  { key: "inp", name: "INP", about: "Interaction to Next Paint: until the page answers", kind: "milliseconds", bounds: [200, 500] },
  { key: "cls", name: "CLS", about: "Cumulative Layout Shift: how much jumps", kind: "score", bounds: [0.1, 0.25] },
  { key: "fcp", name: "FCP", about: "First Contentful Paint: until anything is there", kind: "milliseconds", bounds: [1_800, 3_000] },
  { key: "ttfb", name: "TTFB", about: "Time To First Byte: until the server answers", kind: "milliseconds", bounds: [800, 1_800] },
];

const WORDS = ["good", "fair", "poor"] as const;

export function vitals(context: Context, place: HTMLElement): Part {
  const panel = h("div", { class: "card-panel" });
  place.setAttribute("aria-labelledby", "vitals-title");
  place.replaceChildren(h("div", { class: "card-head" }, h("h2", { id: "vitals-title" }, "Web Vitals"), h("span", { class: "soft small" }, "75th percentile")), panel);
  return {
    ignores: OF_THE_GRAPH,
    async show(signal, isQuiet) {
      if (!isQuiet) panel.setAttribute("aria-busy", "true");
      try {
        const measured = await Promise.all(VITALS.map(async (vital) => ({ vital, ...(await ask(context, vital, signal)) })));
        const lines = measured.filter(({ counted }) => counted.length > 0).map(({ vital, counted }) => lineOf(vital, counted));
        const isCut = measured.some(({ isCut }) => isCut);
        const hint = "Load the pixel as all.js, or app.js with data-modules=\"performance\": it measures how long pages take to load and to answer.";
        panel.replaceChildren(
          ...(lines.length > 0 ? lines : [nothing(context, hint)]),
          ...(isCut ? [h("p", { class: "soft small" }, `Of the ${whole(VALUES_MAX)} most frequent values.`)] : []),
        );
      } catch (error) {
        if (isAbort(error)) throw error;
        panel.replaceChildren(h("p", { class: "card-empty problem" }, error instanceof Error ? error.message : String(error)));
      }
      panel.setAttribute("aria-busy", "false");
    },
  };
}

async function ask(context: Context, { key }: Vital, signal: AbortSignal): Promise<{ counted: Counted[]; isCut: boolean }> {
  const answer = await context.api.ask(
    {
      metrics: ["events"],
      date_range: currentRange(context),
      dimensions: [`event:props:${key}`],
      filters: [...currentConditions(context), ["is", "event:name", ["performance_metrics"]]],
      order_by: [["events", "desc"]],
      pagination: { limit: VALUES_MAX, offset: 0 },
    },
    signal,
  );
  const counted = answer.results.map((row): Counted => [Number(row.dimensions[0]), row.metrics[0] ?? 0]);
  return { counted: counted.filter(([value]) => Number.isFinite(value)), isCut: answer.results.length >= VALUES_MAX };
}

function lineOf(vital: Vital, counted: Counted[]): HTMLElement {
  const value = quantile(counted, 0.75) ?? 0;
  const grade = WORDS[value <= vital.bounds[0] ? 0 : value <= vital.bounds[1] ? 1 : 2];
  const parts = parted(counted, vital.bounds);
  const total = parts.reduce((sum, part) => sum + part, 0);
  const said = WORDS.map((word, index) => `${percent(((parts[index] ?? 0) / total) * 100)} ${word}`).join(", ");
  const bar = h("div", { class: "vital-bar", role: "img", "aria-label": said, title: said }, ...WORDS.map((word) => h("span", { class: word })));
  [...bar.children].forEach((part, index) => ((part as HTMLElement).style.flexGrow = String(parts[index])));
  const bounds = `good up to ${figure(vital.bounds[0], vital.kind)}, poor beyond ${figure(vital.bounds[1], vital.kind)}`;
  return h(
    "div",
    { class: "vital" },
    h("div", { class: "vital-head" }, h("h3", {}, vital.name), h("span", { class: "soft small" }, vital.about)),
    h("div", { class: "vital-value" }, h("strong", {}, figure(value, vital.kind)), h("span", { class: `grade ${grade}`, title: bounds }, grade)),
    bar,
  );
}
