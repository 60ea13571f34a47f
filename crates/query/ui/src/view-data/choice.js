// Which columns are shown.

import { put } from "./address.js";
import { COLUMNS } from "./columns.js";
import { element } from "./element.js";

const DEFAULT = COLUMNS.filter(({ visible }) => visible).map(({ name }) => name).join(",");

export const showChoice = (table, address) => {
  const menu = document.getElementById("choice");
  const boxes = COLUMNS.map(({ name }, index) => {
    const box = element("input", { type: "checkbox", value: name, checked: table.column(index).visible() });
    box.addEventListener("change", () => show());
    return box;
  });
  const labels = boxes.map((box) => element("label", {}, box, box.value));
  const all = element("button", { type: "button", className: "link-button", textContent: "All" });
  const usual = element("button", { type: "button", className: "link-button", textContent: "The usual ones" });
  all.addEventListener("click", () => check(() => true));
  usual.addEventListener("click", () => check(({ visible }) => visible));
  menu.querySelector(".menu-body").append(element("div", { className: "menu-head" }, all, usual), ...labels);

  const check = (isShown) => {
    COLUMNS.forEach((column, index) => (boxes[index].checked = isShown(column)));
    show();
  };

  const show = () => {
    // One must stay, to have something to look at.
    if (!boxes.some(({ checked }) => checked)) boxes[0].checked = true;
    boxes.forEach(({ checked }, index) => {
      if (table.column(index).visible() !== checked) table.column(index).visible(checked, false);
    });
    const names = boxes.filter(({ checked }) => checked).map(({ value }) => value).join(",");
    address.change((query) => put(query, "columns", names === DEFAULT ? "" : names), true);
  };
};

/** Menus close when the reader goes elsewhere. */
export const closeMenus = () => {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", ({ target }) => {
    for (const menu of open()) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
};
