// The fields under the titles: each filters by its column while it is typed into.

import { put } from "./address.js";
import { COLUMNS, INSTANT, TEXT, WHOLE, kindOf, patternOf } from "./columns.js";
import { element } from "./element.js";

const DELAY_MS = 350;

/** Texts are looked for; all else is meant exactly. */
const parameterOf = (name) => (kindOf(name) === TEXT ? `${name}[contains]` : name);

const hintOf = (kind) => ({ [TEXT]: "contains …", [INSTANT]: "2026-11-27", [WHOLE]: "number" })[kind] ?? "equals …";

export const showFields = (table, address, redraw) => {
  const row = table.table().header().querySelector(".fields-row");
  const fields = COLUMNS.map(({ name, searchBuilderType: kind }, index) => {
    const input = element("input", { className: "column-filter", type: "search", placeholder: hintOf(kind), maxLength: 2000, spellcheck: false });
    const pattern = patternOf(kind);
    if (pattern) input.pattern = pattern;
    input.setAttribute("aria-label", `Filter by ${name}`);
    // A click or a key here is none on the title.
    for (const type of ["click", "keydown", "keypress"]) input.addEventListener(type, (event) => event.stopPropagation());
    let waiting;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => apply(name, input), DELAY_MS);
    });
    cellOf(row, table, index).replaceChildren(input);
    return [name, input];
  });

  const apply = (name, input) => {
    if (!input.checkValidity()) return;
    const parameter = parameterOf(name);
    if (address.get(parameter) === input.value) return;
    address.change((query) => put(query, parameter, input.value), true);
    redraw();
  };

  const refresh = () => {
    for (const [name, input] of fields) {
      const value = address.get(parameterOf(name));
      if (document.activeElement !== input) input.value = value;
    }
  };
  address.onChange(refresh);
  refresh();
};

/** A column's cell of the row, also while the column is hidden. */
const cellOf = (row, table, index) => table.column(index).header(1) ?? row.cells[index];
