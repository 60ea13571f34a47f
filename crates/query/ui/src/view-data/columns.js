// The columns of the table: the old script's names as they always were, and what was found out about each event.

import DataTable from "datatables.net";

// Everything in a row was sent by somebody: it is shown as text, never as markup.
const asText = DataTable.render.text();

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

/** An instant in the reader's own time zone, to the second. */
export const localTime = (iso) => {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const date = [time.getFullYear(), pad(time.getMonth() + 1), pad(time.getDate())].join("-");
  return `${date} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
};

/** What a cell says, in full. */
export const fullText = (value) => {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value);
};

/** What can be asked of a column; the names are SearchBuilder's types here. */
export const TEXT = "string";
export const INSTANT = "instant";
export const WHOLE = "whole";
export const ID = "id";

const text = (data, ...about) => asText.display(fullText(data), ...about);

const column = (name, className, { kind = TEXT, display = (value) => value, visible = true } = {}) => ({
  data: name,
  name,
  title: name,
  className,
  visible,
  // The server sorts and searches; a type of DataTables' own would only guess.
  type: "string",
  searchBuilderType: kind,
  orderSequence: name === "timestamp" ? ["desc", "asc"] : ["asc", "desc"],
  render: (data, type, ...about) => text(type === "display" ? display(data) : data, type, ...about),
});

/** `{}` says nothing and is said on every page view. */
const objectText = (value) => (fullText(value) === "{}" ? "" : value);

const hidden = { visible: false };

export const COLUMNS = [
  column("timestamp", "col-time", { kind: INSTANT, display: localTime }),
  column("clientID", "col-short"),
  column("eventType", "col-type"),
  column("url", "col-url"),
  column("path", "col-url", hidden),
  column("eventData", "col-data", { display: objectText }),
  column("referrer", "col-long"),
  column("country", "col-short"),
  column("region", "col-short", hidden),
  column("city", "col-short", hidden),
  column("browser", "col-short"),
  column("browserVersion", "col-short", hidden),
  column("os", "col-short"),
  column("osVersion", "col-short", hidden),
  column("device", "col-short"),
  column("channel", "col-short"),
  column("source", "col-short"),
  column("campaign", "col-short"),
  column("language", "col-short"),
  column("bot", "col-short"),
  column("botName", "col-short", hidden),
  column("userId", "col-id"),
  column("sessionId", "col-id"),
  column("session", "col-id", { kind: WHOLE, ...hidden }),
  column("userAgent", "col-long"),
  column("deviceInfo", "col-data", { display: objectText }),
  column("title", "col-long"),
  column("marks", "col-short", hidden),
  column("receivedAt", "col-time", { kind: INSTANT, display: localTime, ...hidden }),
  column("eventId", "col-id", { kind: ID }),
];

export const kindOf = (name) => COLUMNS.find((column) => column.name === name)?.searchBuilderType;

const INSTANT_PATTERN = "\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+\\-]\\d\\d:\\d\\d)?)?|-\\d+[mhd]";
const WHOLE_PATTERN = "-?\\d+";

/** What may stand in a field for a column's value, as a pattern; nothing where anything may. */
export const patternOf = (kind) => ({ [INSTANT]: INSTANT_PATTERN, [WHOLE]: WHOLE_PATTERN })[kind];

/** The parameter that filters for exactly this value of a column. */
export const exactly = (name, value) => (value === "" ? [`${name}[empty]`, "1"] : [name, value]);
