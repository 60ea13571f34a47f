// The table itself.

import DataTable from "datatables.net";
import { BUILDER } from "./builder.js";
import { COLUMNS, fullText } from "./columns.js";
import { element } from "./element.js";
import { LENGTH_DEFAULT, ORDER_DEFAULT } from "./source.js";

const PAGE_LENGTHS = [25, 50, 100, 250, 1000];

// A bug of ours or an answer that makes no sense belongs in the console, not in a box before the reader.
DataTable.ext.errMode = "throw";

export const createTable = (node, source, address) => {
  const [by, way] = (address.get("group") ? ORDER_DEFAULT : address.get("order") || ORDER_DEFAULT).split(" ");
  const index = Math.max(0, COLUMNS.findIndex(({ name }) => name === by));
  const shown = address.get("columns").split(",").filter(Boolean);
  const columns = shown.length ? COLUMNS.map((column) => ({ ...column, visible: shown.includes(column.name) })) : COLUMNS;
  const length = Number(address.get("length")) || LENGTH_DEFAULT;
  node.append(head());
  const table = new DataTable(node, {
    serverSide: true,
    processing: false,
    ajax: source.load,
    columns,
    titleRow: 0,
    order: [[index, way === "asc" ? "asc" : "desc"]],
    orderMulti: false,
    pageLength: length,
    displayStart: Number(address.get("start")) || 0,
    lengthMenu: [...new Set([...PAGE_LENGTHS, length])].sort((one, other) => one - other),
    searchDelay: 300,
    search: { search: address.get("search") },
    searchBuilder: BUILDER,
    autoWidth: false,
    deferRender: true,
    layout: {
      top2Start: "search",
      top2End: () => document.getElementById("tools"),
      topStart: null,
      topEnd: null,
      top: () => document.getElementById("builder"),
      bottom: () => document.getElementById("grouped"),
      bottomStart: null,
      bottomEnd: null,
      bottom2Start: ["info", "pageLength"],
      bottom2End: "paging",
    },
    language: {
      search: "_INPUT_",
      searchPlaceholder: "Search events",
      lengthMenu: "_MENU_ a page",
      info: "_START_ to _END_ of _TOTAL_ events",
      infoEmpty: "No events",
      infoFiltered: "(of _MAX_ in all)",
      emptyTable: "No events yet. As soon as a page with the pixel is seen, it shows here.",
      zeroRecords: "Nothing matches.",
      loadingRecords: "Loading …",
    },
    infoCallback: (settings, start, end, max, total, text) =>
      source.last?.recordsFilteredCapped ? text.replace(" of ", " of at least ") : text,
    createdRow: (row, event) => {
      row.tabIndex = 0;
      row.classList.toggle("is-new", source.fresh.has(event.eventId));
      row.classList.toggle("is-bot", event.bot !== "");
    },
    rowCallback: (row, event) => {
      const cells = table.columns(":visible").indexes().toArray();
      cells.forEach((column, place) => {
        const text = fullText(event[COLUMNS[column].data]);
        if (row.cells[place] && text && text !== "{}") row.cells[place].title = text;
      });
    },
  });
  const search = document.querySelector(".dt-search input");
  search.setAttribute("aria-label", "Search events");
  search.maxLength = 200;
  return table;
};

/** A row of titles, and one of fields that filter. */
const head = () => {
  const row = (className) => element("tr", { className }, ...COLUMNS.map(() => element("th")));
  const fields = row("fields-row");
  fields.dataset.dtOrder = "disable";
  return element("thead", {}, row("titles-row"), fields);
};
