// The page of raw events: a table with paging, search and filters by the server, and a switch that keeps it current.

import { showDetails } from "./view-data/details.js";
import { readFilters, showFilters } from "./view-data/filters.js";
import { keepCurrent } from "./view-data/live.js";
import { createSource } from "./view-data/source.js";
import { createTable } from "./view-data/table.js";

const filters = readFilters(location.search);
const source = createSource(filters);
const table = createTable(document.getElementById("events"), source, filters);

showFilters(table, filters);
showDetails(table);
keepCurrent(table, source);
