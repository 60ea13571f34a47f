// Calendar days, and where they begin in a time zone. A day is a text, `2026-11-27`: days have no zone, only their beginnings do.

export type Day = string;

const DAY_MS = 86_400_000;

/** The day that it is at `instant` in `zone`. */
export function dayOf(instant: Date, zone: string): Day {
  return partsIn(instant, zone).day;
}

export function addDays(day: Day, count: number): Day {
  return textOf(noonOf(day) + count * DAY_MS);
}

/** As many months on; a day that the month does not have is its last. */
export function addMonths(day: Day, count: number): Day {
  const [year, month, date] = numbersOf(day);
  const first = Date.UTC(year, month - 1 + count, 1, 12);
  const last = Date.UTC(year, month + count, 0, 12);
  return textOf(Math.min(first + (date - 1) * DAY_MS, last));
}

/** From the first to the last, both included. */
export function countDays(from: Day, to: Day): number {
  return Math.round((noonOf(to) - noonOf(from)) / DAY_MS) + 1;
}

export function startOfMonth(day: Day): Day {
  return `${day.slice(0, 8)}01`;
}

export function endOfMonth(day: Day): Day {
  return addDays(addMonths(startOfMonth(day), 1), -1);
}

/** Whether a text is a day that exists. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(noonOf(text)) && textOf(noonOf(text)) === text;
}

/** Noon in UTC, to be formatted in UTC: no zone makes another day of it. */
export function noonOf(day: Day): number {
  return Date.parse(`${day}T12:00:00Z`);
}

/** The instant at which clocks in `zone` show `minutes` after the midnight that begins `day`; of an hour that is skipped, its end. */
export function instantOf(day: Day, minutes: number, zone: string): Date {
  const wanted = Date.parse(`${day}T00:00:00Z`) + minutes * 60_000;
  let guess = wanted;
  // The offset at the guess leads to the instant, unless a change of the clocks lies between them: then the second round does.
  for (let round = 0; round < 2; round += 1) guess = wanted - offsetAt(guess, zone);
  return new Date(guess);
}

/** Minutes since midnight that clocks in `zone` show. */
export function minutesOf(instant: Date, zone: string): number {
  return partsIn(instant, zone).minutes;
}

function offsetAt(ms: number, zone: string): number {
  const { day, minutes } = partsIn(new Date(ms), zone);
  return Date.parse(`${day}T00:00:00Z`) + minutes * 60_000 - Math.floor(ms / 60_000) * 60_000;
}

function partsIn(instant: Date, zone: string): { day: Day; minutes: number } {
  const parts = Object.fromEntries(formatFor(zone).formatToParts(instant).map(({ type, value }) => [type, value]));
  return { day: `${parts["year"]}-${parts["month"]}-${parts["day"]}`, minutes: Number(parts["hour"]) * 60 + Number(parts["minute"]) };
}

/** Making one is slow, and a page knows one zone. */
let known: { zone: string; format: Intl.DateTimeFormat } | undefined;

function formatFor(zone: string): Intl.DateTimeFormat {
  if (known?.zone !== zone) {
    const format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    known = { zone, format };
  }
  return known.format;
}

function numbersOf(day: Day): [number, number, number] {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return [year, month, date];
}

function textOf(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10);
}
