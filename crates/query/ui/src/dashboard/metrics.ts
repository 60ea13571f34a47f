// The figures that a site has, and how each is written.
import type { Kind } from "./format";

export interface Metric {
  name: string;
  label: string;
  /** In the head of a table's column. */
  short: string;
  kind: Kind;
  /** Whether more of it is worse: its rise is no good news. */
  isBad?: boolean;
}

const ALL: Metric[] = [
  { name: "visitors", label: "Visitors", short: "Visitors", kind: "count" },
  { name: "visits", label: "Visits", short: "Visits", kind: "count" },
  { name: "pageviews", label: "Page views", short: "Views", kind: "count" },
  { name: "events", label: "Events", short: "Events", kind: "count" },
  { name: "views_per_visit", label: "Views per visit", short: "Views/visit", kind: "decimal" },
  { name: "bounce_rate", label: "Bounce rate", short: "Bounces", kind: "percent", isBad: true },
  { name: "visit_duration", label: "Visit duration", short: "Duration", kind: "seconds" },
  { name: "time_on_page", label: "Time on page", short: "Time", kind: "seconds" },
  { name: "scroll_depth", label: "Scroll depth", short: "Scroll", kind: "percent" },
  { name: "conversion_rate", label: "Conversion rate", short: "Rate", kind: "percent" },
  { name: "percentage", label: "Share of visitors", short: "Share", kind: "percent" },
];

/** Those at the head of the page, in this order. */
export const HEADLINE: Metric[] = ["visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"].map(metric);

export function metric(name: string): Metric {
  return ALL.find((metric) => metric.name === name) ?? { name, label: name, short: name, kind: "count" };
}
