// SearchBuilder: any conditions, joined by AND and OR, and kept in the address bar as it sends them.

import DataTable from "datatables.net";
import "datatables.net-searchbuilder";
import { ID, INSTANT, TEXT, WHOLE, patternOf } from "./columns.js";

const KEY = "searchBuilder";
const DEPTH_MAX = 4;
const { Criteria } = DataTable;

/** As they were typed: SearchBuilder itself would escape them for HTML and take their accents away. */
const typed = (fields) => fields.filter((field) => field.is("input")).map((field) => field.val());

const condition = (conditionName, init, isValid = () => true) => ({
  conditionName,
  init,
  inputValue: typed,
  isInputValid: (fields) => Criteria.isInputValidInput(fields) && typed(fields).every(isValid),
  // The server searches.
  search: () => true,
});

const empty = (conditionName) => ({ ...condition(conditionName, Criteria.initNoValue), inputValue: () => [], isInputValid: () => true });

const conditionsOf = (kind, operators) => {
  const pattern = patternOf(kind);
  const isValid = pattern ? (value) => new RegExp(`^(?:${pattern})$`).test(value.trim()) : undefined;
  const made = ([operator, name]) => {
    if (operator.endsWith("null")) return [operator, empty(name)];
    const init = operator.endsWith("between") ? Criteria.init2Input : Criteria.initInput;
    return [operator, condition(name, init, isValid)];
  };
  return Object.fromEntries(Object.entries(operators).map(made));
};

const SAME = { "=": "equals", "!=": "does not equal" };
const ORDERED = { ">=": "is at least", ">": "is more than", "<=": "is at most", "<": "is less than", between: "is between", "!between": "is not between" };
const PARTS = {
  contains: "contains",
  "!contains": "does not contain",
  starts: "starts with",
  "!starts": "does not start with",
  ends: "ends with",
  "!ends": "does not end with",
};
const EMPTY = { null: "is empty", "!null": "is not empty" };
const TIMES = { ">=": "is since", ">": "is after", "<": "is before", "<=": "is until", "=": "is on", "!=": "is not on", between: "is between", "!between": "is not between" };

export const BUILDER = {
  depthLimit: DEPTH_MAX,
  conditions: {
    [TEXT]: conditionsOf(TEXT, { ...PARTS, ...SAME, ...EMPTY, ...ORDERED }),
    [INSTANT]: conditionsOf(INSTANT, TIMES),
    [WHOLE]: conditionsOf(WHOLE, { ...SAME, ...ORDERED }),
    [ID]: conditionsOf(ID, SAME),
  },
  i18n: {
    add: "Add a condition",
    clearAll: "Clear all",
    condition: "is …",
    data: "Column",
    delete: "×",
    deleteTitle: "Remove this condition",
    left: "‹",
    leftTitle: "Move out of its group",
    logicAnd: "and",
    logicOr: "or",
    right: "›",
    rightTitle: "Put into a group of its own",
    title: { 0: "Conditions", _: "Conditions (%d)" },
    value: "value",
    valueJoiner: "and",
  },
};

export const isBuilderParameter = (name) => name.startsWith(`${KEY}[`);

/** The conditions of an address, as SearchBuilder takes them back. */
const detailsOf = (query) => {
  const root = { criteria: {} };
  for (const [name, value] of query) {
    if (!isBuilderParameter(name)) continue;
    const path = name.slice(KEY.length + 1, -1).split("][");
    const last = path.pop();
    let node = root;
    for (const part of path) node = Object.hasOwn(node, part) ? node[part] : (node[part] = {});
    // A list without numbers, as others may write it.
    if (last === "") node[Object.keys(node).length] = value;
    else Object.defineProperty(node, last, { value, enumerable: true, configurable: true, writable: true });
  }
  return groupOf(root);
};

const groupOf = ({ logic = "AND", criteria = {} }) => ({
  logic: logic === "OR" ? "OR" : "AND",
  criteria: Object.values(criteria).map((node) => (node.criteria ? groupOf(node) : criterionOf(node))),
});

const criterionOf = ({ origData, data = origData, condition, value, value1, value2 }) => ({
  data: origData ?? data,
  origData: origData ?? data,
  condition,
  value: value ? Object.values(value) : [value1, value2].filter((value) => value !== undefined),
});

/** The other way round. */
const parametersOf = (group, path = KEY) => {
  const criteria = (group.criteria ?? []).filter((part) => part.criteria || part.condition);
  if (criteria.length === 0) return [];
  const parts = criteria.flatMap((part, index) => {
    const here = `${path}[criteria][${index}]`;
    if (part.criteria) return parametersOf(part, here);
    const values = (part.value ?? []).map((value, place) => [`${here}[value${place + 1}]`, value]);
    return [[`${here}[origData]`, part.origData ?? part.data], [`${here}[condition]`, part.condition], ...values];
  });
  return [[`${path}[logic]`, group.logic], ...parts];
};

const NAMES = { "dtsb-data": "Column", "dtsb-condition": "Comparison", "dtsb-value": "Value" };

/** SearchBuilder names its fields only while they are empty. */
const nameFields = (panel) => {
  for (const [className, name] of Object.entries(NAMES)) {
    for (const field of panel.querySelectorAll(`.${className}:not([aria-label])`)) {
      field.setAttribute("aria-label", name);
      field.setAttribute("autocomplete", "off");
    }
  }
};

export const showBuilder = (table, address, redraw) => {
  const panel = document.getElementById("builder");
  const toggle = document.getElementById("show-builder");
  panel.append(table.searchBuilder.container().get(0));
  new MutationObserver(() => nameFields(panel)).observe(panel, { childList: true, subtree: true });

  const open = (isOpen) => {
    panel.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
  };
  toggle.addEventListener("click", () => open(panel.hidden));

  const refresh = () => {
    const count = [...address.all().keys()].filter((name) => /\[condition\]$/.test(name)).length;
    toggle.textContent = count ? `Conditions (${count})` : "Conditions";
  };

  const note = (event, settings, request) => {
    const parameters = parametersOf(request.searchBuilder);
    address.change((query) => {
      for (const name of [...query.keys()].filter(isBuilderParameter)) query.delete(name);
      for (const [name, value] of parameters) query.append(name, value);
    }, true);
  };
  // SearchBuilder, which listened first, is there by then; and it puts its conditions to what the table asks for before they are noted.
  table.one("init.dt", () => {
    const details = detailsOf(address.all());
    if (details.criteria.length > 0) {
      table.searchBuilder.rebuild(details, false);
      // On a small screen there would be nothing else to see; a chip tells of them.
      open(matchMedia("(min-width: 40rem)").matches);
    }
    table.on("preXhr.dt", note);
  });

  /** Forgets all conditions. */
  document.getElementById("chips").addEventListener("click", ({ target }) => {
    if (!target.closest("[data-clear-builder]")) return;
    table.searchBuilder.rebuild(undefined, false);
    redraw();
  });
  address.onChange(refresh);
  refresh();
};
