// The page of raw events: a table with paging, sorting, filters and groups by the server, and a switch that keeps it current. The address
// bar says all of what it shows.

import { createAddress } from "./view-data/address.js";
import { showBuilder } from "./view-data/builder.js";
import { showChips } from "./view-data/chips.js";
import { closeMenus, showChoice } from "./view-data/choice.js";
import { showDetails } from "./view-data/details.js";
import { showExports } from "./view-data/exports.js";
import { showFields } from "./view-data/fields.js";
import { showGroups } from "./view-data/groups.js";
import { keepCurrent } from "./view-data/live.js";
import { showNotes } from "./view-data/notes.js";
import { showRange } from "./view-data/range.js";
import { createSource } from "./view-data/source.js";
import { createTable } from "./view-data/table.js";

const address = createAddress();
const source = createSource(address);
source.isPaused = address.get("group") !== "";
showNotes(source);
const table = createTable(document.getElementById("events"), source, address);

/** Shows what the address says now. */
const redraw = () => {
  if (groups.isShown()) groups.load();
  else table.draw();
};

const groups = showGroups(source, address, redraw);
showChips(address, redraw);
showRange(address, redraw);
showFields(table, address, redraw);
showBuilder(table, address, redraw);
showChoice(table, address);
showExports(source, address);
showDetails(table, address);
closeMenus();
keepCurrent(table, source);

// The search field and the conditions are the table's: it tells the address of them, and the groups follow.
table.on("draw.dt", () => {
  if (groups.isShown()) groups.load();
});
