// All that a reader chose, and its form in the address: who is given the address sees the same.
import { filterText, parseFilters } from "./filter";
import type { Filter } from "./filter";
import { COMPARISONS, INTERVALS, PERIODS } from "./period";
import type { Comparison, Interval, Period } from "./period";
import { isDay } from "./days";

export interface State {
  site: string;
  period: Period;
  comparison: Comparison;
  /** Undefined: whichever suits the period. */
  interval?: Interval | undefined;
  /** Which figure the graph draws. */
  metric: string;
  filters: Filter[];
  /** The open tab of each card where it is not the first. */
  tabs: Record<string, string>;
}

export const DEFAULT_PERIOD: Period = { name: "28d" };
export const DEFAULT_METRIC = "visitors";
const DEFAULT_COMPARISON: Comparison = "previous";

const NAME = /^[a-z_]{1,32}$/;

/** Reads an address; what it does not understand it leaves out. `site` is the one that the server chose. */
export function parseState(search: string, site: string): State {
  const query = new URLSearchParams(search);
  const metric = query.get("metric") ?? DEFAULT_METRIC;
  return {
    site,
    period: parsePeriod(query),
    comparison: oneOf(COMPARISONS, query.get("compare")) ?? DEFAULT_COMPARISON,
    interval: oneOf(INTERVALS, query.get("by")),
    metric: NAME.test(metric) ? metric : DEFAULT_METRIC,
    filters: parseFilters(query.getAll("f")),
    tabs: parseTabs(query.getAll("tab")),
  };
}

/** The query of the address, `?` included; empty when nothing was chosen. */
export function searchOf(state: State): string {
  const { name, on, from, to } = state.period;
  const pairs: [string, string | undefined][] = [
    ["site", state.site],
    ["period", name === DEFAULT_PERIOD.name ? undefined : name],
    ["on", on],
    ["from", from],
    ["to", to],
    ["compare", state.comparison === DEFAULT_COMPARISON ? undefined : state.comparison],
    ["by", state.interval],
    ["metric", state.metric === DEFAULT_METRIC ? undefined : state.metric],
    ...state.filters.map((filter): [string, string] => ["f", filterText(filter)]),
    ...Object.entries(state.tabs).map(([card, tab]): [string, string] => ["tab", `${card}.${tab}`]),
  ];
  const said = pairs.filter((pair): pair is [string, string] => Boolean(pair[1]));
  return said.length > 0 ? `?${said.map(([key, value]) => `${key}=${readable(value)}`).join("&")}` : "";
}

/** Escapes what would be misread in a query and nothing else: addresses are read by people, too. */
function readable(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|2F)/g, (code) => decodeURIComponent(code));
}

function parsePeriod(query: URLSearchParams): Period {
  const name = oneOf(PERIODS, query.get("period")) ?? DEFAULT_PERIOD.name;
  const day = (key: string) => [query.get(key) ?? ""].filter(isDay)[0];
  if (name === "custom") {
    const from = day("from");
    const to = day("to");
    return from && to ? { name, from, to } : DEFAULT_PERIOD;
  }
  const on = day("on");
  return on && name !== "realtime" ? { name, on } : { name };
}

function parseTabs(texts: string[]): Record<string, string> {
  // The name of a tab may be a key of somebody's data, and have dots itself.
  const pairs = texts.slice(0, 20).map((text) => /^([a-z_]{1,32})\.(.{1,300})$/.exec(text));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1], pair[2]]] : [])));
}

function oneOf<T extends string>(names: readonly T[], text: string | null): T | undefined {
  return names.find((name) => name === text);
}
