// Which span of time is looked at, what it is compared with, and in which steps it can be drawn. Named spans are worked out here, into
// days or instants, so that a page, its comparison and its graph always mean the same ones.
import { addDays, addMonths, countDays, dayOf, endOfMonth, instantOf, isDay, minutesOf, startOfMonth } from "./days";
import type { Day } from "./days";

export const PERIODS = ["realtime", "day", "7d", "28d", "91d", "month", "year", "12mo", "custom"] as const;
export type PeriodName = (typeof PERIODS)[number];

export const COMPARISONS = ["off", "previous", "year"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const INTERVALS = ["minute", "hour", "day", "week", "month"] as const;
export type Interval = (typeof INTERVALS)[number];

/** As the address has it. `on` moves a named period to the one that contains that day; `from` and `to` are of a custom one. */
export interface Period {
  name: PeriodName;
  on?: Day;
  from?: Day;
  to?: Day;
}

/** Where and when the reader's questions are asked. */
export interface Now {
  instant: Date;
  zone: string;
}

/** Days, both included; or the last half hour. */
export type Span = { kind: "days"; from: Day; to: Day } | { kind: "realtime" };

/** As the API takes it. */
export type DateRange = string | [string, string];

/** The longest custom span, as the API has it for raw events. */
const CUSTOM_DAYS_MAX = 400;

export function spanOf(period: Period, now: Now): Span {
  if (period.name === "realtime") return { kind: "realtime" };
  const today = dayOf(now.instant, now.zone);
  const on = period.on !== undefined && period.on < today ? period.on : today;
  return { kind: "days", ...daysOf(period, on, today) };
}

function daysOf(period: Period, on: Day, today: Day): { from: Day; to: Day } {
  switch (period.name) {
    case "7d":
      return { from: addDays(on, -6), to: on };
    case "28d":
      return { from: addDays(on, -27), to: on };
    case "91d":
      return { from: addDays(on, -90), to: on };
    case "month":
      return { from: startOfMonth(on), to: endOfMonth(on) };
    case "year":
      return { from: `${on.slice(0, 4)}-01-01`, to: `${on.slice(0, 4)}-12-31` };
    case "12mo":
      return { from: addMonths(startOfMonth(on), -11), to: endOfMonth(on) };
    case "custom":
      return customDays(period, today);
    default:
      return { from: on, to: on };
  }
}

function customDays({ from = "", to = "" }: Period, today: Day): { from: Day; to: Day } {
  const end = isDay(to) ? to : today;
  const start = isDay(from) && from <= end ? from : end;
  return { from: countDays(start, end) > CUSTOM_DAYS_MAX ? addDays(end, 1 - CUSTOM_DAYS_MAX) : start, to: end };
}

export function rangeOf(span: Span): DateRange {
  return span.kind === "realtime" ? "realtime" : [span.from, span.to];
}

/** Whether the span is not over yet. */
export function isOpen(span: Span, now: Now): boolean {
  return span.kind === "realtime" || span.to >= dayOf(now.instant, now.zone);
}

/** The same span one step back or on; undefined where there is none. */
export function step(period: Period, direction: -1 | 1, now: Now): Period | undefined {
  const span = spanOf(period, now);
  if (span.kind === "realtime" || (direction === 1 && isOpen(span, now))) return undefined;
  const days = countDays(span.from, span.to) * direction;
  if (period.name === "custom") return { name: "custom", from: addDays(span.from, days), to: addDays(span.to, days) };
  const on = anchorOf(period.name, span, direction, days);
  return on >= dayOf(now.instant, now.zone) ? { name: period.name } : { name: period.name, on };
}

function anchorOf(name: PeriodName, span: { from: Day; to: Day }, direction: -1 | 1, days: number): Day {
  switch (name) {
    case "month":
      return addMonths(span.from, direction);
    case "year":
      return addMonths(span.from, 12 * direction);
    case "12mo":
      return addMonths(startOfMonth(span.to), 12 * direction);
    default:
      return addDays(span.to, days);
  }
}

/** The span that this one is compared with: as many days just before, or the same days a year ago. */
export function comparedWith(span: Span, comparison: Comparison): Span | undefined {
  if (span.kind === "realtime" || comparison === "off") return undefined;
  if (comparison === "year") return { kind: "days", from: addMonths(span.from, -12), to: addMonths(span.to, -12) };
  if (isWholeMonths(span)) {
    const months = monthsIn(span);
    return { kind: "days", from: addMonths(span.from, -months), to: endOfMonth(addMonths(startOfMonth(span.to), -months)) };
  }
  const days = countDays(span.from, span.to);
  return { kind: "days", from: addDays(span.from, -days), to: addDays(span.to, -days) };
}

/** The part of `other` that had passed when as much of it had passed as has of `span` now: half a day is not held against a whole one. */
export function soFar(other: Span, span: Span, now: Now): DateRange {
  if (other.kind === "realtime" || span.kind === "realtime" || !isOpen(span, now)) return rangeOf(other);
  const today = dayOf(now.instant, now.zone);
  const last = addDays(other.from, countDays(span.from, today) - 1);
  if (last > other.to) return rangeOf(other);
  const until = instantOf(last, minutesOf(now.instant, now.zone), now.zone);
  const from = instantOf(other.from, 0, now.zone);
  return until > from ? [from.toISOString(), until.toISOString()] : rangeOf(other);
}

/** The steps in which a span can be drawn, each with more than one and at most some hundred points; the first is the one to begin with. */
export function intervalsOf(span: Span): [Interval, ...Interval[]] {
  if (span.kind === "realtime") return ["minute"];
  const days = countDays(span.from, span.to);
  if (days <= 1) return ["hour", "minute"];
  if (days <= 7) return ["day", "hour"];
  if (days <= 27) return ["day", "hour", "week"];
  if (days <= 100) return ["day", "week", "month"];
  return ["month", "week", "day"];
}

function isWholeMonths(span: { from: Day; to: Day }): boolean {
  return span.from === startOfMonth(span.from) && span.to === endOfMonth(span.to);
}

function monthsIn(span: { from: Day; to: Day }): number {
  const index = (day: Day) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
  return index(span.to) - index(span.from) + 1;
}

export function countDaysOf(span: Span): number {
  return span.kind === "realtime" ? 1 : countDays(span.from, span.to);
}
