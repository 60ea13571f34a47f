// The map: countries, the darker the more visitors. A picture for the eye; the list beside it in the next tab says the same in words, so
// the picture is one image to a screen reader. Choosing a country on it narrows everything, as choosing its row does.
import type { Row } from "./api";
import { toggledBy } from "./context";
import type { Context } from "./context";
import { h, svg } from "./dom";
import { isChosen } from "./filter";
import { whole } from "./format";
import { valueName } from "./names";
import { OUTLINES, VIEW_BOX } from "./world";

const DIMENSION = "visit:country";
/** Shades, from few visitors to many. */
const SHADES = 6;

export function mapOf(context: Context, rows: Row[]): HTMLElement {
  const visitors = new Map(rows.map((row) => [row.dimensions[0] ?? "", row.metrics[0] ?? 0]));
  const most = Math.max(1, ...visitors.values());
  const tip = h("div", { class: "map-tip", hidden: true });
  const countries = Object.entries(OUTLINES).map(([code, path]) => {
    const count = visitors.get(code) ?? 0;
    const outline = svg("path", { d: path, class: classOf(context, code, count, most), "data-code": count > 0 ? code : false });
    return outline;
  });
  const names = rows.slice(0, 5).map((row) => `${valueName(DIMENSION, row.dimensions[0] ?? "")} ${whole(row.metrics[0] ?? 0)}`);
  const picture = svg("svg", { viewBox: VIEW_BOX, class: "map", role: "img", "aria-label": `Map of visitors: ${names.join(", ")}` }, ...countries);
  const place = h("div", { class: "map-place" }, picture, tip);
  picture.addEventListener("pointermove", (event) => point(event, tip, place, visitors));
  picture.addEventListener("pointerleave", () => (tip.hidden = true));
  picture.addEventListener("click", (event) => {
    const code = codeAt(event);
    if (code) context.go(toggledBy(context, DIMENSION, code));
  });
  return place;
}

/** Steps of equal ratios: one large country must not leave all the others white. */
function classOf(context: Context, code: string, count: number, most: number): string {
  if (count === 0) return "land";
  const shade = 1 + Math.min(SHADES - 1, Math.floor((Math.log(count + 1) / Math.log(most + 1)) * SHADES));
  return `land shade-${shade}${isChosen(context.state().filters, DIMENSION, code) ? " chosen" : ""}`;
}

function codeAt(event: Event): string | undefined {
  return (event.target as SVGElement).dataset["code"];
}

function point(event: PointerEvent, tip: HTMLElement, place: HTMLElement, visitors: Map<string, number>): void {
  const code = codeAt(event);
  tip.hidden = code === undefined;
  if (code === undefined) return;
  tip.textContent = `${valueName(DIMENSION, code)}: ${whole(visitors.get(code) ?? 0)}`;
  const box = place.getBoundingClientRect();
  const left = Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth);
  tip.style.translate = `${Math.max(0, left)}px ${Math.max(0, event.clientY - box.top - 36)}px`;
}
