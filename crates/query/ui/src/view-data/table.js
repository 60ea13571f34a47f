// The table itself.

import DataTable from "datatables.net";
import { COLUMNS, fullText } from "./columns.js";
import { SEARCH } from "./filters.js";

const PAGE_LENGTHS = [25, 50, 100, 250];

// A bug of ours or an answer that makes no sense belongs in the console, not in a box before the reader.
DataTable.ext.errMode = "throw";

export const createTable = (element, source, filters) => {
  const table = new DataTable(element, {
    serverSide: true,
    processing: false,
    ajax: source.load,
    columns: COLUMNS,
    order: [[0, "desc"]],
    pageLength: PAGE_LENGTHS[1],
    lengthMenu: PAGE_LENGTHS,
    searchDelay: 300,
    search: { search: filters.get(SEARCH) ?? "" },
    autoWidth: false,
    deferRender: true,
    layout: {
      topStart: "search",
      topEnd: () => document.getElementById("tools"),
      bottomStart: ["info", "pageLength"],
      bottomEnd: "paging",
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
    createdRow: (row, event) => {
      row.tabIndex = 0;
      row.classList.toggle("is-new", source.fresh.has(event.eventId));
      row.classList.toggle("is-bot", event.bot !== "");
      COLUMNS.forEach(({ data }, index) => {
        const text = fullText(event[data]);
        if (text && text !== "{}") row.cells[index].title = text;
      });
    },
  });
  const search = document.querySelector(".dt-search input");
  search.setAttribute("aria-label", "Search events");
  search.maxLength = 200;
  return table;
};
