// The main graph: one figure over time, and what it is compared with as a dashed line behind. uPlot draws it on a canvas; beside the
// canvas the same is a table for whoever cannot see it, and the arrow keys walk from point to point.
import uPlot from "uplot";
import { annotationsIn, askForAnnotation, listOf, pointOf } from "./annotations";
import type { Answer } from "./api";
import { currentConditions, currentRange, currentSpan } from "./context";
import type { Context, Part } from "./context";
import { byId, h } from "./dom";
import { exact, figure, momentText, spanText, tickText } from "./format";
import type { Annotation, Keeper } from "./kept";
import { metric } from "./metrics";
import type { Metric } from "./metrics";
import { comparedWith, countDaysOf, isOpen, rangeOf } from "./period";
import type { Interval, Span } from "./period";
import { nowOf } from "./context";
import { chosenInterval } from "./pickers";

const HEIGHT = 260;

/** One point for each label; null where there is nothing to say yet. */
export interface Series {
  labels: string[];
  values: (number | null)[];
}

interface Drawing {
  metric: Metric;
  interval: Interval;
  span: Span;
  now: Series;
  before: Series | undefined;
  /** Whether the last point that has come is not over yet. */
  isOpen: boolean;
  annotations: Annotation[];
}

export function graph(context: Context, keeper: Keeper): Part {
  const place = byId("graph");
  const view = new View(place);
  const notes = byId("notes");
  const annotate = byId("annotate");
  annotate.hidden = !context.mayEdit;
  annotate.addEventListener("click", () => askForAnnotation(context, keeper));
  const part: Part = {
    async show(signal, isQuiet) {
      if (!isQuiet) place.setAttribute("aria-busy", "true");
      const span = currentSpan(context);
      const other = comparedWith(span, context.state().comparison);
      const interval = chosenInterval(context);
      const [now, before, kept] = await Promise.all([
        ask(context, interval, currentRange(context), signal),
        other ? ask(context, interval, rangeOf(other), signal) : undefined,
        keeper.all("annotation"),
      ]);
      const annotations = annotationsIn(span, kept);
      notes.replaceChildren(...(annotations.length > 0 ? [listOf(context, keeper, annotations)] : []));
      const open = isOpen(span, nowOf(context));
      view.draw({
        metric: metric(context.state().metric),
        interval,
        span,
        now: upToNow(seriesOf(now), open, context.zone),
        before: before && seriesOf(before),
        isOpen: open,
        annotations,
      });
      place.setAttribute("aria-busy", "false");
    },
  };
  keeper.onChange(() => void part.show(new AbortController().signal, true).catch(() => undefined));
  return part;
}

function ask(context: Context, interval: Interval, date_range: ReturnType<typeof rangeOf>, signal: AbortSignal): Promise<Answer> {
  return context.api.ask(
    {
      metrics: [context.state().metric],
      date_range,
      dimensions: [`time:${interval}`],
      filters: currentConditions(context),
      include: { time_labels: true },
    },
    signal,
  );
}

/** A point for every label: what has no row had nothing. */
export function seriesOf(answer: Answer): Series {
  const found = new Map(answer.results.map((row) => [row.dimensions[0], row.metrics[0] ?? null]));
  const labels = answer.meta.time_labels ?? [...found.keys()].filter((label): label is string => label !== undefined);
  return { labels, values: labels.map((label) => found.get(label) ?? 0) };
}

/** Without the points that lie ahead. */
export function upToNow({ labels, values }: Series, open: boolean, zone: string, instant = new Date()): Series {
  if (!open) return { labels, values };
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(instant);
  return { labels, values: values.map((value, index) => ((labels[index] ?? "") <= shown ? value : null)) };
}

class View {
  private plot: uPlot | undefined;
  private drawing: Drawing | undefined;
  private readonly canvas = h("div", { class: "graph-canvas", tabindex: 0, role: "group", "aria-roledescription": "graph" });
  private readonly tip = h("div", { class: "graph-tip", hidden: true });
  private readonly said = h("p", { class: "visually-hidden", "aria-live": "polite" });
  private readonly empty = h("p", { class: "graph-empty soft", hidden: true }, "Nothing in this period.");
  private readonly table = h("div", { class: "visually-hidden" });

  constructor(place: HTMLElement) {
    place.replaceChildren(this.canvas, this.tip, this.empty, this.said, this.table);
    this.canvas.addEventListener("keydown", (event) => this.walk(event));
    this.canvas.addEventListener("blur", () => this.plot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    // The canvas is painted with the colours of the moment.
    new MutationObserver(() => this.redraw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  /** The same again is left as it is: somebody may be pointing at it. */
  draw(drawing: Drawing): void {
    if (JSON.stringify(drawing) === JSON.stringify(this.drawing)) return;
    this.drawing = drawing;
    this.redraw();
    this.canvas.setAttribute("aria-label", `${drawing.metric.label}, ${spanText(drawing.span)}. Use the arrow keys to hear each point.`);
    this.empty.hidden = drawing.now.values.some((value) => value !== null && value > 0);
    this.table.replaceChildren(tableOf(drawing));
  }

  private redraw(): void {
    if (!this.drawing) return;
    this.plot?.destroy();
    this.tip.hidden = true;
    this.plot = new uPlot(optionsOf(this.drawing, this.canvas.clientWidth, (index) => this.point(index)), dataOf(this.drawing), this.canvas);
  }

  private resize(): void {
    if (this.plot && this.canvas.clientWidth !== this.plot.width) this.plot.setSize({ width: this.canvas.clientWidth, height: HEIGHT });
  }

  private point(index: number | null | undefined): void {
    const { plot, drawing } = this;
    if (!plot || !drawing || index === null || index === undefined || (drawing.now.values[index] ?? null) === null) {
      this.tip.hidden = true;
      return;
    }
    this.tip.replaceChildren(...tipOf(drawing, index));
    this.tip.hidden = false;
    const left = plot.valToPos(index, "x") + plot.bbox.left / devicePixelRatio;
    const room = this.canvas.clientWidth - this.tip.offsetWidth;
    this.tip.style.translate = `${Math.round(Math.max(0, Math.min(left + 14, left + 14 > room ? left - this.tip.offsetWidth - 14 : left + 14)))}px 0`;
  }

  private walk(event: KeyboardEvent): void {
    const { plot, drawing } = this;
    if (!plot || !drawing) return;
    const last = drawing.now.values.findLastIndex((value) => value !== null);
    const at = plot.cursor.idx ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(last, target));
    plot.setCursor({ left: plot.valToPos(index, "x"), top: plot.over.clientHeight / 2 });
    this.said.textContent = sentenceOf(drawing, index);
  }
}

function dataOf({ now, before, isOpen }: Drawing): uPlot.AlignedData {
  const length = Math.max(now.labels.length, before?.labels.length ?? 0);
  const all = Array.from({ length }, (_, index) => index);
  const last = now.values.findLastIndex((value) => value !== null);
  // The last step of what is not over is drawn apart, dashed: it will still rise.
  const firm = all.map((index) => (isOpen && index === last && last > 0 ? null : (now.values[index] ?? null)));
  const soft = all.map((index) => (isOpen && last > 0 && (index === last || index === last - 1) ? (now.values[index] ?? null) : null));
  return [all, all.map((index) => before?.values[index] ?? null), firm, soft];
}

function optionsOf(drawing: Drawing, width: number, onPoint: (index: number | null | undefined) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const [accent, soft, line] = [colour("--accent"), colour("--soft"), colour("--line")];
  const letters = `12px ${style.fontFamily}`;
  const { now, before, interval, metric, span } = drawing;
  const labels = now.labels.length >= (before?.labels.length ?? 0) ? now.labels : (before?.labels ?? []);
  const points = { show: labels.length < 2, size: 7 };
  const axis = { stroke: soft, font: letters, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    padding: [12, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, width: 2 } },
    scales: {
      x: { time: false, range: (_, min, max) => (min === max ? [min - 1, max + 1] : [min, max]) },
      y: { range: (_, __, max) => [0, roofOf(max, metric)] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        gap: 8,
        grid: { show: false },
        splits: () => splitsOf(labels, interval, span, width),
        values: (_, splits) => splits.map((index) => labelAt(labels[index], interval, span)),
      },
      {
        ...axis,
        size: 52,
        gap: 8,
        grid: { stroke: line, width: 1 },
        values: (_, splits) => splits.map((value) => figure(value, metric.kind)),
        incrs: incrementsOf(metric),
      },
    ],
    series: [
      {},
      { stroke: soft, width: 1.5, dash: [5, 5], points, alpha: 0.7 },
      { stroke: accent, width: 2.25, fill: (plot) => wash(plot, accent), points },
      { stroke: accent, width: 2.25, dash: [4, 4], points: { show: false } },
    ],
    hooks: { draw: [(plot) => drawAnnotations(plot, drawing, soft)], setCursor: [(plot) => onPoint(plot.cursor.left !== undefined && plot.cursor.left >= 0 ? plot.cursor.idx : null)] },
  };
}

/** A line down from a dot at the top. */
function drawAnnotations(plot: uPlot, { annotations, now, interval }: Drawing, colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  for (const { body } of annotations) {
    const index = pointOf(body.day, now.labels, interval);
    if (index < 0) continue;
    const x = Math.round(plot.valToPos(index, "x", true));
    ctx.beginPath();
    ctx.arc(x, bbox.top, 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.beginPath();
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  ctx.restore();
}

/** The accent, fading towards the ground. */
function wash(plot: uPlot, accent: string): CanvasGradient | string {
  const { top, height } = plot.bbox;
  if (!Number.isFinite(top + height) || height <= 0) return "transparent";
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, `color-mix(in srgb, ${accent} 22%, transparent)`);
  gradient.addColorStop(1, `color-mix(in srgb, ${accent} 1%, transparent)`);
  return gradient;
}

function roofOf(max: number | null, { kind }: Metric): number {
  if (!max) return kind === "percent" ? 100 : 5;
  const room = max * 1.08;
  return kind === "percent" ? Math.min(100, room) : kind === "count" ? Math.max(4, room) : room;
}

/** Steps of the axis that read well: whole numbers of things, and minutes of time. */
function incrementsOf({ kind }: Metric): number[] {
  if (kind === "seconds") return [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];
  const steps = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
  return kind === "decimal" ? [0.1, 0.2, 0.5, ...steps] : steps;
}

/** As many labels as there is room for, at even distances; by hour over days, at the midnights. */
function splitsOf(labels: string[], interval: Interval, span: Span, width: number): number[] {
  const room = Math.max(2, Math.floor(width / 84));
  const all = labels.map((_, index) => index);
  const byDay = isHourOverDays(interval, span) ? all.filter((index) => labels[index]?.slice(11, 13) === "00") : all;
  const each = Math.ceil(byDay.length / room);
  return byDay.filter((_, index) => index % each === 0);
}

function labelAt(label: string | undefined, interval: Interval, span: Span): string {
  if (label === undefined) return "";
  return isHourOverDays(interval, span) ? tickText(label.slice(0, 10), "day") : tickText(label, interval);
}

function isHourOverDays(interval: Interval, span: Span): boolean {
  return interval === "hour" && countDaysOf(span) > 1;
}

function tipOf({ now, before, interval, metric, annotations }: Drawing, index: number): Node[] {
  const line = (kind: string, label: string | undefined, value: number | null | undefined) =>
    h(
      "div",
      { class: `tip-line ${kind}` },
      h("span", { class: "tip-mark" }),
      h("span", { class: "tip-when" }, label === undefined ? "" : momentText(label, interval)),
      h("span", { class: "tip-value" }, exact(value, metric.kind)),
    );
  const lines = [h("div", { class: "tip-head" }, metric.label), line("is-now", now.labels[index], now.values[index])];
  if (before?.labels[index] !== undefined) lines.push(line("is-before", before.labels[index], before.values[index]));
  const notes = annotations.filter(({ body }) => pointOf(body.day, now.labels, interval) === index);
  return [...lines, ...notes.map(({ name }) => h("div", { class: "tip-note" }, name))];
}

function sentenceOf({ now, before, interval, metric }: Drawing, index: number): string {
  const label = now.labels[index] ?? "";
  const was = before?.labels[index] === undefined ? "" : `, before that ${exact(before.values[index], metric.kind)}`;
  return `${momentText(label, interval)}: ${exact(now.values[index], metric.kind)}${was}`;
}

function tableOf({ now, before, interval, metric, span }: Drawing): HTMLElement {
  const head = [h("th", { scope: "col" }, "When"), h("th", { scope: "col" }, metric.label), before && h("th", { scope: "col" }, "Compared with")];
  const rows = now.labels.map((label, index) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, momentText(label, interval)),
      h("td", {}, exact(now.values[index], metric.kind)),
      before && h("td", {}, exact(before.values[index], metric.kind)),
    ),
  );
  return h("table", {}, h("caption", {}, `${metric.label}, ${spanText(span)}`), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows));
}
