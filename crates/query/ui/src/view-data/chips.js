// What is filtered, as chips that can be taken away.

import { partsOf } from "./address.js";
import { isBuilderParameter } from "./builder.js";
import { localTime } from "./columns.js";
import { element } from "./element.js";

const WORDS = {
  "!=": "is not",
  contains: "contains",
  "!contains": "does not contain",
  starts: "starts with",
  "!starts": "does not start with",
  ends: "ends with",
  "!ends": "does not end with",
  ">=": "is at least",
  ">": "is more than",
  "<=": "is at most",
  "<": "is less than",
  ge: "is at least",
  gt: "is more than",
  le: "is at most",
  lt: "is less than",
  between: "is between",
  "!between": "is not between",
};

const wordsOf = (parameter, value) => {
  const [name, operator] = partsOf(parameter);
  if (name === "from" || name === "to") return [name === "from" ? "since" : "until", /^-|^.{10}$/.test(value) ? value : localTime(value)];
  if (operator === undefined || operator === "=") return [name, value];
  if (/^!?(empty|null)$/.test(operator)) return [name, operator.startsWith("!") ? "is not empty" : "is empty"];
  return [`${name} ${WORDS[operator] ?? operator}`, value];
};

export const showChips = (address, redraw) => {
  const list = document.getElementById("chips");

  const chip = ([parameter, value]) => {
    const [label, text] = wordsOf(parameter, value);
    const remove = element("button", { type: "button", className: "chip-remove", textContent: "×" });
    remove.setAttribute("aria-label", `Remove the filter: ${label} ${text}`);
    remove.addEventListener("click", () => {
      address.change((query) => query.delete(parameter, value));
      redraw();
    });
    return element(
      "li",
      { className: "chip" },
      element("span", { className: "chip-name", textContent: label }),
      element("span", { className: "chip-value", textContent: text, title: text }),
      remove,
    );
  };

  const refresh = () => {
    const all = [...address.filters()].filter(([name, value]) => value !== "" && name !== "search");
    const chips = all.filter(([name]) => !isBuilderParameter(name)).map(chip);
    const conditions = all.filter(([name]) => /\[condition\]$/.test(name)).length;
    if (conditions > 0) {
      const remove = element("button", { type: "button", className: "chip-remove", textContent: "×" });
      remove.setAttribute("aria-label", "Remove all conditions");
      remove.dataset.clearBuilder = "";
      const text = conditions === 1 ? "one" : String(conditions);
      chips.push(
        element("li", { className: "chip" }, element("span", { className: "chip-name", textContent: "conditions" }), text, remove),
      );
    }
    list.replaceChildren(...chips);
  };
  address.onChange(refresh);
  refresh();
};
