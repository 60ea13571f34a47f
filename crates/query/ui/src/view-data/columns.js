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

const text = (data, ...about) => asText.display(fullText(data), ...about);

const column = (name, className, display = (value) => value) => ({
  data: name,
  name,
  title: name,
  className,
  orderable: name === "timestamp",
  orderSequence: ["desc", "asc"],
  render: (data, type, ...about) => text(type === "display" ? display(data) : data, type, ...about),
});

/** `{}` says nothing and is said on every page view. */
const objectText = (value) => (fullText(value) === "{}" ? "" : value);

export const COLUMNS = [
  column("timestamp", "col-time", localTime),
  column("clientID", "col-short"),
  column("eventType", "col-type"),
  column("url", "col-url"),
  column("eventData", "col-data", objectText),
  column("referrer", "col-long"),
  column("country", "col-short"),
  column("browser", "col-short"),
  column("os", "col-short"),
  column("device", "col-short"),
  column("channel", "col-short"),
  column("source", "col-short"),
  column("campaign", "col-short"),
  column("language", "col-short"),
  column("bot", "col-short"),
  column("userId", "col-id"),
  column("sessionId", "col-id"),
  column("userAgent", "col-long"),
  column("deviceInfo", "col-data", objectText),
  column("title", "col-long"),
  column("eventId", "col-id"),
];
