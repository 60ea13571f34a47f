// Events in groups: how many share a value of one or two columns. A group opens to its newest events.

import { put } from "./address.js";
import { COLUMNS, exactly, fullText, localTime } from "./columns.js";
import { element } from "./element.js";
import { ask, complain } from "./source.js";

const LENGTH = 50;
/** Events that an open group shows. */
const PREVIEW = 10;
const ORDER_DEFAULT = "events desc";
const COUNTS = [
  ["events", "Events"],
  ["visitors", "Visitors"],
  ["first", "First"],
  ["last", "Last"],
];
/** What an open group shows of an event, as far as the group does not say it already. */
const PREVIEWED = ["timestamp", "eventType", "url", "eventData", "referrer", "country", "browser"];

const number = new Intl.NumberFormat("en");

export const showGroups = (source, address, redraw) => {
  const section = document.getElementById("grouped");
  const note = section.querySelector(".note");
  const table = section.querySelector("table");
  const pager = section.querySelector(".pager");
  const selects = [document.getElementById("group"), document.getElementById("group-then")];
  let asked = 0;

  const names = COLUMNS.filter(({ name }) => name !== "eventId").map(({ name }) => name);
  for (const select of selects) select.append(...names.map((name) => new Option(name === "timestamp" || name === "receivedAt" ? `${name}, by day` : name, name)));

  const by = () => address.get("group").split(",").filter(Boolean);
  for (const select of selects) {
    select.addEventListener("change", () => {
      const [one, other] = selects.map(({ value }) => value);
      const both = one && other && other !== one ? `${one},${other}` : one;
      address.change((query) => {
        put(query, "group", both);
        query.delete("order");
        query.delete("start");
      });
      redraw();
    });
  }

  const refresh = () => {
    const [one = "", other = ""] = by();
    selects[0].value = one;
    selects[1].value = other;
    selects[1].parentElement.hidden = one === "";
    for (const option of selects[1].options) option.disabled = option.value !== "" && option.value === one;
    section.hidden = one === "";
    source.isPaused = one !== "";
    section.parentElement?.closest(".dt-container")?.classList.toggle("is-grouped", one !== "");
  };

  const query = () => {
    const query = address.filters();
    query.set("format", "json");
    query.set("group", address.get("group"));
    query.set("order", address.get("order") || ORDER_DEFAULT);
    query.set("start", address.get("start") || "0");
    query.set("length", String(LENGTH));
    return query;
  };

  const load = async () => {
    const mine = ++asked;
    section.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(query());
      if (mine !== asked || by().length === 0) return;
      complain();
      render(answer);
    } catch (error) {
      if (mine === asked) complain(error);
    } finally {
      if (mine === asked) section.removeAttribute("aria-busy");
    }
  };

  const render = (answer) => {
    const events = `${number.format(answer.recordsFiltered)} events in ${number.format(answer.groupsTotal)} groups`;
    note.textContent = answer.groupedSince
      ? `${events}: the newest ones, since ${localTime(answer.groupedSince)}. Narrow the range of time to group older ones.`
      : `${events}.`;
    const most = Math.max(1, ...answer.groups.map(({ events }) => events));
    const rows = answer.groups.map((group) => groupRow(group, answer.groupedBy, most));
    table.replaceChildren(headOf(answer), element("tbody", {}, ...(rows.length ? rows : [nothing(answer)])));
    renderPager(answer);
  };

  const headOf = ({ groupedBy, order }) => {
    const [orderedBy, way] = order.split(" ");
    const sortable = (name, label, span = 1) => {
      const isThis = name === orderedBy;
      const button = element("button", { type: "button", className: "sort", textContent: label });
      button.addEventListener("click", () => {
        const other = isThis && way === "desc" ? "asc" : "desc";
        const next = isThis ? other : name === "key" ? "asc" : "desc";
        address.change((query) => {
          put(query, "order", `${name} ${next}` === ORDER_DEFAULT ? "" : `${name} ${next}`);
          query.delete("start");
        });
        load();
      });
      const cell = element("th", { scope: "col", colSpan: span, className: name === "key" ? "" : "count" }, button);
      if (isThis) cell.setAttribute("aria-sort", way === "asc" ? "ascending" : "descending");
      return cell;
    };
    const keys = groupedBy.map((name) => sortable("key", name));
    return element("thead", {}, element("tr", {}, element("td"), ...keys, ...COUNTS.map(([name, label]) => sortable(name, label))));
  };

  const nothing = ({ groupedBy }) =>
    element("tr", {}, element("td", { className: "dt-empty", colSpan: 1 + groupedBy.length + COUNTS.length, textContent: "Nothing matches." }));

  const groupRow = (group, groupedBy, most) => {
    const toggle = element("button", { type: "button", className: "expand" });
    toggle.setAttribute("aria-expanded", "false");
    toggle.setAttribute("aria-label", `Events of ${group.key.map((key) => key || "(empty)").join(", ")}`);
    const keys = group.key.map((key) =>
      key === "" ? element("td", { className: "soft", textContent: "(empty)" }) : element("td", { textContent: key, title: key }),
    );
    const share = element("meter", { min: 0, max: most, value: group.events });
    share.setAttribute("aria-hidden", "true");
    const row = element(
      "tr",
      { className: "group" },
      element("td", {}, toggle),
      ...keys,
      element("td", { className: "count" }, share, number.format(group.events)),
      element("td", { className: "count", textContent: number.format(group.visitors) }),
      element("td", { className: "count", textContent: localTime(group.first) }),
      element("td", { className: "count", textContent: localTime(group.last) }),
    );
    let opened;
    row.addEventListener("click", ({ target }) => {
      if (target.closest("a") || !getSelection()?.isCollapsed) return;
      const isOpen = toggle.getAttribute("aria-expanded") === "true";
      toggle.setAttribute("aria-expanded", String(!isOpen));
      if (isOpen) {
        opened.remove();
        return;
      }
      opened = element("tr", { className: "opened" }, element("td", { colSpan: row.cells.length, textContent: "Loading …" }));
      row.after(opened);
      open(opened.cells[0], group, groupedBy);
    });
    return row;
  };

  /** The filters of the page, and the group's values. */
  const ofGroup = (query, group, groupedBy) => {
    groupedBy.forEach((name, index) => query.append(...exactly(name, group.key[index])));
    return query;
  };

  const open = async (cell, group, groupedBy) => {
    const query = ofGroup(address.filters(), group, groupedBy);
    query.set("format", "json");
    query.set("length", String(PREVIEW));
    try {
      const { data } = await ask(query);
      const shown = PREVIEWED.filter((name) => !groupedBy.includes(name));
      const line = (event) => {
        const text = (name) => (name === "timestamp" ? localTime(event[name]) : fullText(event[name]).replace(/^\{\}$/, ""));
        return element("tr", {}, ...shown.map((name) => element("td", { textContent: text(name), title: text(name) })));
      };
      const head = element("tr", {}, ...shown.map((name) => element("th", { scope: "col", textContent: name })));
      const inner = element("table", {}, element("thead", {}, head), element("tbody", {}, ...data.map(line)));
      cell.replaceChildren(inner, allOf(group, groupedBy));
    } catch (error) {
      cell.textContent = `The events could not be loaded: ${error.message}`;
    }
  };

  const allOf = (group, groupedBy) => {
    const href = address.with((query) => {
      for (const name of ["group", "order"]) query.delete(name);
      ofGroup(query, group, groupedBy);
    });
    const text = group.events === 1 ? "Show this event" : `Show all ${number.format(group.events)} events`;
    return element("a", { href, className: "all-of", textContent: text });
  };

  const renderPager = ({ groupsTotal, groups }) => {
    const start = Number(address.get("start")) || 0;
    const to = (place) => () => {
      address.change((query) => put(query, "start", place === 0 ? "" : place));
      load();
    };
    const button = (label, place, isPossible) => {
      const made = element("button", { type: "button", className: "button", textContent: label, disabled: !isPossible });
      made.addEventListener("click", to(place));
      return made;
    };
    const text = groups.length ? `${number.format(start + 1)} to ${number.format(start + groups.length)} of ${number.format(groupsTotal)}` : "";
    pager.replaceChildren(
      element("span", { textContent: text }),
      button("Previous", Math.max(0, start - LENGTH), start > 0),
      button("Next", start + LENGTH, start + groups.length < groupsTotal),
    );
    pager.hidden = groupsTotal <= LENGTH && start === 0;
  };

  address.onChange(refresh);
  refresh();
  return { isShown: () => by().length > 0, load, refresh };
};
