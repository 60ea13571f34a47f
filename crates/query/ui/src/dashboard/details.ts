// All rows of a report, with more figures, in a dialog: sorted by any column, searched, a hundred at a time.
import { isAbort } from "./api";
import { nameOf } from "./card";
import { currentConditions, currentRange } from "./context";
import type { Context } from "./context";
import { h, openDialog } from "./dom";
import { exact, whole } from "./format";
import { metric } from "./metrics";
import type { Report } from "./reports";

const PAGE = 100;
/** A pause in typing after which the search goes out. */
const SEARCH_PAUSE_MS = 250;

export function showDetails(context: Context, report: Report, title: string): void {
  new Details(context, report, title);
}

class Details {
  private readonly columns: string[];
  private order: [string, "asc" | "desc"];
  private offset = 0;
  private asking = new AbortController();
  private readonly search = h("input", { class: "field", type: "search", placeholder: "Search", maxlength: 200 });
  private readonly head = h("tr");
  private readonly body = h("tbody");
  private readonly count = h("p", { class: "soft", role: "status" });
  private readonly more = h("button", { type: "button", class: "button", hidden: true }, "Show more");

  constructor(
    private readonly context: Context,
    private readonly report: Report,
    title: string,
  ) {
    this.columns = [...new Set([report.metric, ...(report.metric === "visitors" ? ["percentage"] : []), ...report.details])];
    this.order = [report.metric, "desc"];
    this.search.setAttribute("aria-label", `Search by ${report.label.toLowerCase()}`);
    const table = h("table", { class: "rows details" }, h("thead", {}, this.head), this.body);
    const dialog = openDialog(
      title,
      h("div", { class: "details-tools" }, this.search, this.count),
      h("div", { class: "details-table", tabindex: 0, role: "region", "aria-label": report.label }, table),
      h("div", { class: "details-foot" }, this.more),
    );
    dialog.classList.add("wide");
    let pause: ReturnType<typeof setTimeout>;
    this.search.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => void this.load(0), SEARCH_PAUSE_MS);
    });
    this.more.addEventListener("click", () => void this.load(this.offset + PAGE));
    // A row that is chosen shows the page behind.
    this.body.addEventListener("click", (event) => (event.target as Element).closest("a") && dialog.close());
    dialog.addEventListener("close", () => this.asking.abort());
    void this.load(0);
  }

  private async load(offset: number): Promise<void> {
    this.offset = offset;
    this.asking.abort();
    this.asking = new AbortController();
    this.drawHead();
    try {
      const answer = await this.context.api.ask(this.question(), this.asking.signal);
      const rows = answer.results.map((row) => {
        const cells = this.columns.map((name, index) => h("td", { class: "number" }, exact(row.metrics[index] ?? null, metric(name).kind)));
        return h("tr", {}, h("th", { scope: "row" }, nameOf(this.context, this.report, row.dimensions[0] ?? "")), ...cells);
      });
      if (offset === 0) this.body.replaceChildren(...rows);
      else this.body.append(...rows);
      const total = answer.meta.total_rows ?? this.body.children.length;
      this.count.textContent = total === 1 ? "1 row" : `${whole(total)} rows`;
      this.more.hidden = this.body.children.length >= total;
    } catch (error) {
      if (!isAbort(error)) this.count.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  private question() {
    const searched = this.search.value.trim();
    const filters: unknown[][] = [...currentConditions(this.context)];
    if (this.report.only) filters.push(this.report.only);
    if (searched !== "") filters.push(["contains", this.report.dimension, [searched], { case_sensitive: false }]);
    return {
      metrics: this.columns,
      date_range: currentRange(this.context),
      dimensions: [this.report.dimension],
      filters,
      order_by: [this.order],
      include: { total_rows: true },
      pagination: { limit: PAGE, offset: this.offset },
    };
  }

  private drawHead(): void {
    const sorted = (name: string) => (this.order[0] === name ? `${this.order[1]}ending` : undefined);
    const cells = this.columns.map((name) => {
      const arrow = this.order[0] === name ? (this.order[1] === "desc" ? " ↓" : " ↑") : "";
      const button = h("button", { type: "button", class: "link-button" }, metric(name).short + arrow);
      button.addEventListener("click", () => {
        this.order = [name, sorted(name) === "descending" ? "asc" : "desc"];
        void this.load(0);
        this.head.querySelectorAll("button")[this.columns.indexOf(name)]?.focus();
      });
      return h("th", { scope: "col", class: "number", "aria-sort": sorted(name) }, button);
    });
    this.head.replaceChildren(h("th", { scope: "col" }, this.report.label), ...cells);
  }
}
