// What dimensions and their values are called.
import { LOCALES } from "./format";

const DIMENSIONS: Record<string, string> = {
  "event:page": "Page",
  "event:title": "Title",
  "event:hostname": "Host",
  "event:name": "Event",
  "event:favourite_colour": "Favourite colour",
  "visit:entry_page": "Entry page",
  "visit:exit_page": "Exit page",
  "visit:channel": "Channel",
  "visit:source": "Source",
  "visit:referrer": "Referrer",
  "visit:utm_campaign": "Campaign",
  "visit:utm_source": "UTM source",
  "visit:utm_medium": "UTM medium",
  "visit:utm_term": "UTM term",
  "visit:utm_content": "UTM content",
  "visit:country": "Country",
  "visit:region": "Region",
  "visit:city": "City",
  "visit:language": "Language",
  "visit:device": "Device",
  "visit:browser": "Browser",
  "visit:browser_version": "Browser version",
  "visit:os": "System",
  "visit:os_version": "System version",
  "visit:screen": "Screen",
  "visit:colour_scheme": "Colour scheme",
};

/** The dimensions that the filter dialog offers, in this order. */
export const FILTERABLE = Object.keys(DIMENSIONS);

export function dimensionName(dimension: string): string {
  const property = dimension.match(/^event:props:(.+)$/)?.[1];
  return property ?? DIMENSIONS[dimension] ?? dimension;
}

export function valueName(dimension: string, value: string): string {
  switch (dimension) {
    case "visit:country":
      return value === "" ? "Unknown" : (displayed("region", value) ?? value);
    case "visit:language":
      return value === "" ? "Unknown" : (displayed("language", value) ?? value);
    case "visit:device":
    case "visit:channel":
    case "visit:colour_scheme":
      return value === "" ? "Unknown" : value.charAt(0).toUpperCase() + value.slice(1);
    case "visit:referrer":
      return value.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
    default:
      return value === "" ? "(none)" : value;
  }
}

const makers = new Map<string, Intl.DisplayNames>();

/** Undefined where the value is no code of the kind. */
function displayed(type: "region" | "language", code: string): string | undefined {
  const maker = makers.get(type) ?? new Intl.DisplayNames(LOCALES as string[], { type });
  makers.set(type, maker);
  try {
    return maker.of(code);
  } catch {
    return undefined;
  }
}
