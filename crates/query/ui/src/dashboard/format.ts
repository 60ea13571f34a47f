// Figures and times as the reader's language writes them.
import { noonOf } from "./days";
import type { Day } from "./days";
import type { Interval, Span } from "./period";

export type Kind = "count" | "percent" | "decimal" | "seconds" | "milliseconds" | "score";

export const LOCALES: readonly string[] = globalThis.navigator?.languages ?? ["en"];

/** Nothing to say: not a zero. */
export const NOTHING = "–";

export function figure(value: number | null | undefined, kind: Kind): string {
  if (value === null || value === undefined) return NOTHING;
  switch (kind) {
    case "count":
      return value < 10_000 ? whole(value) : short(value);
    case "percent":
      return percent(value);
    case "decimal":
      return decimal(value, 2);
    case "seconds":
      return duration(value);
    case "milliseconds":
      return value < 1_000 ? `${whole(Math.round(value))} ms` : `${decimal(value / 1_000, 2)} s`;
    case "score":
      return decimal(value, 3);
  }
}

/** Every digit, for where there is room. */
export function exact(value: number | null | undefined, kind: Kind): string {
  return kind === "count" && value !== null && value !== undefined ? whole(value) : figure(value, kind);
}

/** By how much a figure changed, in percent of what it was; undefined where there is nothing to hold it against. */
export function change(now: number | null, before: number | null, kind: Kind): number | undefined {
  if (now === null || before === null) return undefined;
  // A rate of 40 % that becomes 50 % has risen by ten points: a percentage of a percentage misleads.
  if (kind === "percent") return Math.round(now - before);
  if (before === 0) return now === 0 ? 0 : undefined;
  return Math.round(((now - before) / before) * 100);
}

export function changeText(value: number, kind: Kind): string {
  if (kind === "percent") return `${whole(Math.abs(value))} pp`;
  // Beyond a thousand percent, how many times as much says it better.
  return value >= 1_000 ? `${whole(Math.round(value / 100) + 1)}×` : percent(Math.abs(value));
}

/** `4m 07s`, `58s`, `1h 02m`. */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  if (hours > 0) return `${hours}h ${two(minutes)}m`;
  return minutes > 0 ? `${minutes}m ${two(rest)}s` : `${rest}s`;
}

export function percent(value: number): string {
  const digits = value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0;
  return formatted(value / 100, { style: "percent", maximumFractionDigits: digits });
}

export function whole(value: number): string {
  return formatted(value, { maximumFractionDigits: 0 });
}

function short(value: number): string {
  return formatted(value, { notation: "compact", maximumFractionDigits: 1 });
}

function decimal(value: number, digits: number): string {
  return formatted(value, { maximumFractionDigits: digits });
}

const formats = new Map<string, Intl.NumberFormat>();

/** Making a format is slow, and there are a handful. */
function formatted(value: number, options: Intl.NumberFormatOptions): string {
  const key = JSON.stringify(options);
  const format = formats.get(key) ?? new Intl.NumberFormat(LOCALES as string[], options);
  formats.set(key, format);
  return format.format(value);
}

function dated(ms: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(LOCALES as string[], { timeZone: "UTC", ...options }).format(ms);
}

/** `27 Nov 2026`, or what the reader's language makes of it. */
export function dayText(day: Day): string {
  return dated(noonOf(day), { day: "numeric", month: "short", year: "numeric" });
}

export function spanText(span: Span): string {
  if (span.kind === "realtime") return "Last 30 minutes";
  if (span.from === span.to) return dated(noonOf(span.from), { weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const format = new Intl.DateTimeFormat(LOCALES as string[], { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
  return format.formatRange(noonOf(span.from), noonOf(span.to));
}

/** A label of the API (`2026-11-27` or `2026-11-27 14:00:00`) as an instant that formats in UTC as the site's clocks showed. */
function labelMs(label: string): number {
  return Date.parse(label.length > 10 ? `${label.slice(0, 10)}T${label.slice(11, 19)}Z` : `${label}T12:00:00Z`);
}

/** At the axis: as short as can be. */
export function tickText(label: string, interval: Interval): string {
  const ms = labelMs(label);
  switch (interval) {
    case "minute":
    case "hour":
      return dated(ms, { hour: "numeric", minute: "2-digit" });
    case "month":
      return dated(ms, { month: "short", year: label.slice(5, 7) === "01" ? "numeric" : undefined });
    default:
      return dated(ms, { day: "numeric", month: "short" });
  }
}

/** Beside the pointer: all of it. */
export function momentText(label: string, interval: Interval): string {
  const ms = labelMs(label);
  switch (interval) {
    case "minute":
    case "hour":
      return dated(ms, { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
    case "week":
      return `Week of ${dated(ms, { day: "numeric", month: "short", year: "numeric" })}`;
    case "month":
      return dated(ms, { month: "long", year: "numeric" });
    default:
      return dated(ms, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
  }
}
