// The filters in force, each with a way to take it away, and the dialog that adds one by hand.
import type { Context, Part } from "./context";
import { byId, h, openDialog } from "./dom";
import { OPERATORS } from "./filter";
import type { Filter, Operator } from "./filter";
import { dimensionName, FILTERABLE, valueName } from "./names";

const OPERATOR_NAMES: Record<Operator, string> = { is: "is", is_not: "is not", contains: "contains", contains_not: "does not contain" };

export function chips(context: Context): Part {
  const list = byId("chips");
  byId("add-filter").addEventListener("click", () => askForFilter(context));
  return {
    async show() {
      const { filters } = context.state();
      const items = filters.map((filter, index) => chip(filter, () => takeAway(context, index)));
      if (filters.length > 1) items.push(clearAll(context));
      list.replaceChildren(...items);
    },
  };
}

/** The focus goes to a neighbour, or it would be lost with the chip. */
function takeAway(context: Context, index: number): void {
  context.go({ filters: context.state().filters.filter((_, other) => other !== index) });
  const buttons = byId("chips").querySelectorAll("button");
  (buttons[Math.min(index, buttons.length - 1)] ?? byId("add-filter")).focus();
}

function chip(filter: Filter, remove: () => void): HTMLElement {
  const name = dimensionName(filter.dimension);
  const operator = OPERATOR_NAMES[filter.operator];
  const values = filter.values.map((value) => valueName(filter.dimension, value)).join(" or ");
  const button = h("button", { type: "button", class: "chip-remove", "aria-label": `Remove the filter: ${name} ${operator} ${values}` }, "×");
  button.addEventListener("click", remove);
  return h(
    "li",
    { class: "chip" },
    h("span", { class: "chip-name" }, name),
    operator,
    h("span", { class: "chip-value", title: values }, values),
    button,
  );
}

function clearAll(context: Context): HTMLElement {
  const button = h("button", { type: "button", class: "link-button" }, "Clear all");
  button.addEventListener("click", () => {
    context.go({ filters: [] });
    byId("add-filter").focus();
  });
  return h("li", {}, button);
}

function askForFilter(context: Context): void {
  const dimension = h("select", { class: "field", name: "dimension" }, ...FILTERABLE.map((value) => h("option", { value }, dimensionName(value))));
  const operator = h("select", { class: "field", name: "operator" }, ...OPERATORS.map((value) => h("option", { value }, OPERATOR_NAMES[value])));
  const value = h("input", { class: "field", name: "value", required: true, maxlength: 500, autocomplete: "off", list: "filter-values" });
  const known = h("datalist", { id: "filter-values" });
  const form = h(
    "form",
    { class: "dialog-form", method: "dialog" },
    h("label", {}, "What", dimension),
    h("label", {}, "How", operator),
    h("label", {}, "Value", value),
    known,
    h("button", { class: "button primary" }, "Filter"),
  );
  const dialog = openDialog("Filter everything", form);
  const suggest = () => void suggestValues(context, dimension.value, known);
  dimension.addEventListener("change", suggest);
  suggest();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    const filter = { operator: operator.value as Operator, dimension: dimension.value, values: [value.value] };
    context.go({ filters: [...context.state().filters, filter] });
  });
}

/** The most seen values of the last four weeks; without them any can still be typed. */
async function suggestValues(context: Context, dimension: string, list: HTMLElement): Promise<void> {
  list.replaceChildren();
  const question = { metrics: ["visitors"], date_range: "28d", dimensions: [dimension], pagination: { limit: 50, offset: 0 } };
  const answer = await context.api.ask(question).catch(() => undefined);
  const values = answer?.results.flatMap(({ dimensions }) => dimensions) ?? [];
  list.replaceChildren(...values.map((value) => h("option", { value }, valueName(dimension, value))));
}
