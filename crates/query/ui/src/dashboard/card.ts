// A card: tabs, and the first rows of the open one. A row is a link to the page narrowed to it.
import { isAbort } from "./api";
import type { Row } from "./api";
import { currentConditions, currentRange, hrefOf, OF_THE_GRAPH, toggledBy } from "./context";
import type { Context, Part } from "./context";
import { showDetails } from "./details";
import { h, isPlain, outside } from "./dom";
import { mapOf } from "./map";
import { exact, figure } from "./format";
import { isChosen } from "./filter";
import { metric } from "./metrics";
import { valueName } from "./names";
import type { Card, Report } from "./reports";

/** As many as there is room for in a card of fixed height (its styles say so), so that nothing jumps when they come. */
const ROWS = matchMedia("(max-width: 40rem)").matches ? 6 : 9;

/** More than there are. */
const COUNTRIES_MAX = 300;

export function card(context: Context, place: HTMLElement, spec: Card): Part {
  const view = new CardView(context, place, spec);
  return { ignores: OF_THE_GRAPH, show: (signal, isQuiet) => view.show(signal, isQuiet) };
}

class CardView {
  private readonly tabs: HTMLButtonElement[];
  private readonly picker = h("select", { class: "mini", "aria-label": "Which" });
  private readonly panel: HTMLElement;
  private readonly more = h("button", { type: "button", class: "link-button card-more" }, "Details");
  /** Which question is the latest: an answer to an earlier one is not shown. */
  private asked = 0;

  constructor(
    private readonly context: Context,
    place: HTMLElement,
    private readonly spec: Card,
  ) {
    const id = (part: string) => `${spec.name}-${part}`;
    this.panel = h("div", { class: "card-panel", id: id("panel") });
    this.tabs = spec.groups.map(({ label }, index) =>
      h("button", { type: "button", role: "tab", id: id(`tab-${index}`), "aria-controls": id("panel") }, label),
    );
    const heading = h("h2", { id: id("title") }, spec.title);
    const tabs = h("div", { class: "tabs", role: "tablist", "aria-labelledby": id("title") }, ...this.tabs);
    if (this.tabs.length > 1) this.panel.setAttribute("role", "tabpanel");
    place.setAttribute("aria-labelledby", id("title"));
    place.replaceChildren(
      h("div", { class: "card-head" }, heading, this.picker, this.tabs.length > 1 && tabs),
      this.panel,
      h("div", { class: "card-foot" }, this.more),
    );
    this.tabs.forEach((tab, index) => tab.addEventListener("click", () => this.open(spec.groups[index]?.reports[0])));
    tabs.addEventListener("keydown", (event) => this.walk(event));
    this.picker.addEventListener("change", () => this.open(this.reports().find(({ name }) => name === this.picker.value)));
    this.more.addEventListener("click", () => this.details());
    this.mark();
    this.panel.replaceChildren(skeleton());
  }

  async show(signal: AbortSignal | undefined, isQuiet = false): Promise<void> {
    this.mark();
    const report = this.report();
    this.asked += 1;
    const asked = this.asked;
    if (!isQuiet) this.panel.setAttribute("aria-busy", "true");
    try {
      const answer = await this.context.api.ask(questionOf(this.context, report), signal);
      if (asked !== this.asked) return;
      this.fill(report, answer.results);
    } catch (error) {
      if (isAbort(error)) throw error;
      if (asked !== this.asked) return;
      this.panel.replaceChildren(h("p", { class: "card-empty problem" }, error instanceof Error ? error.message : String(error)));
    }
    this.panel.setAttribute("aria-busy", "false");
  }

  private details(): void {
    const report = this.report();
    const { title } = this.spec;
    showDetails(this.context, report, title === report.label ? title : `${title}: ${report.label.toLowerCase()}`);
  }

  private reports(): Report[] {
    return this.spec.groups.flatMap(({ reports }) => reports);
  }

  private report(): Report {
    const name = this.context.state().tabs[this.spec.name];
    const found = this.reports().find((report) => report.name === name) ?? this.reports()[0];
    if (!found) throw new Error(`the card ${this.spec.name} is empty`);
    return found;
  }

  private open(report: Report | undefined): void {
    if (!report || report === this.report()) return;
    const { [this.spec.name]: _, ...tabs } = this.context.state().tabs;
    const isFirst = report === this.reports()[0];
    this.context.replace({ tabs: isFirst ? tabs : { ...tabs, [this.spec.name]: report.name } });
    void this.show(undefined);
  }

  /** Shows which tab is open. */
  private mark(): void {
    const report = this.report();
    const open = this.spec.groups.findIndex(({ reports }) => reports.includes(report));
    this.tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === open));
      tab.tabIndex = index === open ? 0 : -1;
    });
    if (this.tabs.length > 1) this.panel.setAttribute("aria-labelledby", `${this.spec.name}-tab-${open}`);
    const choices = this.spec.groups[open]?.reports ?? [report];
    this.picker.hidden = choices.length < 2;
    this.picker.replaceChildren(...choices.map(({ name, label }) => h("option", { value: name }, label)));
    this.picker.value = report.name;
  }

  private walk(event: KeyboardEvent): void {
    const at = this.tabs.indexOf(document.activeElement as HTMLButtonElement);
    const count = this.tabs.length;
    const target = { ArrowLeft: at - 1 + count, ArrowRight: at + 1, Home: 0, End: count - 1 }[event.key];
    if (target === undefined || at < 0) return;
    event.preventDefault();
    const tab = this.tabs[target % count];
    tab?.focus();
    tab?.click();
  }

  private fill(report: Report, rows: Row[]): void {
    const refocus = focusIn(this.panel);
    this.showRows(report, rows);
    refocus();
  }

  private showRows(report: Report, rows: Row[]): void {
    this.more.hidden = rows.length === 0;
    if (rows.length === 0) this.panel.replaceChildren(nothing(this.context, report.hint));
    else this.panel.replaceChildren(report.isMap ? mapOf(this.context, rows) : tableOf(this.context, report, rows));
  }
}

/** Remembers which row has the focus, and gives it back to the same row, or to the first, when the rows are new. */
function focusIn(panel: HTMLElement): () => void {
  const title = panel.contains(document.activeElement) ? document.activeElement?.getAttribute("title") : null;
  return () => {
    if (title === null || title === undefined) return;
    const links = [...panel.querySelectorAll<HTMLElement>("a.row-name")];
    (links.find((link) => link.title === title) ?? links[0])?.focus();
  };
}

export function questionOf(context: Context, report: Report) {
  const conditions: unknown[] = [...currentConditions(context), ...(report.only ? [report.only] : [])];
  return {
    metrics: [report.metric, report.metric === "visitors" ? "percentage" : "visitors"],
    date_range: currentRange(context),
    dimensions: [report.dimension],
    filters: conditions as unknown[][],
    order_by: [[report.metric, "desc"]] as [string, "desc"][],
    pagination: { limit: report.isMap ? COUNTRIES_MAX : ROWS, offset: 0 },
  };
}

function tableOf(context: Context, report: Report, rows: Row[]): HTMLElement {
  const { metrics } = questionOf(context, report);
  const columns = metrics.map(metric);
  const most = Math.max(1, ...rows.map((row) => row.metrics[0] ?? 0));
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, report.label),
    ...columns.map(({ short }) => h("th", { scope: "col", class: "number" }, short)),
  );
  const body = rows.map((row) => {
    const cells = columns.map(({ kind }, index) => {
      const value = row.metrics[index] ?? null;
      return h("td", { class: "number", title: exact(value, kind) }, figure(value, kind));
    });
    const line = h("tr", {}, h("th", { scope: "row" }, nameOf(context, report, row.dimensions[0] ?? ""), wayOut(report, row.dimensions[0] ?? "")), ...cells);
    line.style.setProperty("--share", `${((row.metrics[0] ?? 0) / most) * 100}%`);
    const colour = colourOf(report.dimension, row.dimensions[0] ?? "");
    if (colour) line.style.setProperty("--bar", `color-mix(in srgb, ${colour} 38%, var(--surface))`);
    return line;
  });
  return h("table", { class: "rows" }, h("thead", {}, head), h("tbody", {}, ...body));
}

/** A link that narrows everything to the value, or widens it again. */
export function nameOf(context: Context, { dimension }: { dimension: string }, value: string): HTMLElement {
  const chosen = isChosen(context.state().filters, dimension, value);
  const name = valueName(dimension, value);
  const change = toggledBy(context, dimension, value);
  const link = h("a", { href: hrefOf(context, change), class: "row-name", title: name, "aria-current": chosen && "true" }, swatch(dimension, value), name);
  link.addEventListener("click", (event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    context.go(change);
  });
  return link;
}

/** To the page that a referrer is. */
function wayOut({ dimension }: Report, value: string): HTMLElement | undefined {
  if (dimension !== "visit:referrer") return undefined;
  const link = outside(value, "↗");
  if (!link) return undefined;
  link.classList.add("row-out");
  link.setAttribute("aria-label", `Open ${value}`);
  return link;
}

/** A favourite colour, where it is one that may be shown: what was tracked could be anything. */
function colourOf(dimension: string, value: string): string | undefined {
  return dimension === "event:favourite_colour" && /^#[0-9a-f]{6}$/i.test(value) ? value : undefined;
}

function swatch(dimension: string, value: string): HTMLElement | undefined {
  const colour = colourOf(dimension, value);
  if (!colour) return undefined;
  const dot = h("span", { class: "swatch" });
  dot.style.background = colour;
  return dot;
}

/** Where there is nothing: what to do about it, unless it is the filters that leave nothing. */
export function nothing(context: Context, hint: string): HTMLElement {
  const filtered = context.state().filters.length > 0;
  return h("p", { class: "card-empty soft" }, filtered ? "Nothing that the filters let through." : hint);
}

export function skeleton(): HTMLElement {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, ...Array.from({ length: ROWS }, () => h("span", {})));
}
