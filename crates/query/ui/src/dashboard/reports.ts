// Which cards the page has, and what each of their tabs asks.

export interface Report {
  /** In the address, as `tab=<card>.<name>`. */
  name: string;
  label: string;
  dimension: string;
  /** The figure of the column beside the names, and the order. */
  metric: string;
  /** Beside it in the details. */
  details: string[];
  /** Conditions that the rows must meet besides the filters. */
  only?: unknown[];
  /** What to do when there is nothing. */
  hint: string;
  /** Shown as the map of the world instead of rows. */
  isMap?: boolean;
}

/** Tabs of one card; those of a group share a tab and have a picker. */
export interface Card {
  name: string;
  title: string;
  groups: { label: string; reports: [Report, ...Report[]] }[];
}

const ABOUT_VISITS = ["visits", "bounce_rate", "visit_duration"];
const ABOUT_PAGES = ["pageviews", "time_on_page", "scroll_depth"];

const NO_VISITS = "Nobody came in this period, or nobody that the filters let through.";
const NO_CAMPAIGNS = "Links that carry utm_campaign, utm_source or utm_medium show up here: https://…/?utm_campaign=spring.";
const NO_PLACES = "Where visitors are is known with a database of places: set HGPIXEL_GEO__DATABASE to a file in MaxMind's format.";

const visit = (name: string, label: string, dimension: string, hint = NO_VISITS): Report => ({
  name,
  label,
  dimension: `visit:${dimension}`,
  metric: "visitors",
  details: ABOUT_VISITS,
  hint,
});

const page = (name: string, label: string, dimension: string): Report => ({
  name,
  label,
  dimension: `event:${dimension}`,
  metric: "visitors",
  details: ABOUT_PAGES,
  hint: NO_VISITS,
});

/** What the pixel sends on its own: it has cards of its own, or none. */
export const AUTOMATIC = ["pageview", "engagement", "performance_metrics", "error", "favourite_colour"];

export const CARDS: Card[] = [
  {
    name: "pages",
    title: "Pages",
    groups: [
      { label: "Pages", reports: [page("page", "Address", "page"), page("title", "Title", "title"), page("hostname", "Host", "hostname")] },
      { label: "Entry", reports: [visit("entry", "Entry page", "entry_page")] },
      { label: "Exit", reports: [visit("exit", "Exit page", "exit_page")] },
    ],
  },
  {
    name: "sources",
    title: "Sources",
    groups: [
      { label: "Channels", reports: [visit("channel", "Channel", "channel")] },
      { label: "Sources", reports: [visit("source", "Source", "source")] },
      { label: "Referrers", reports: [visit("referrer", "Referrer", "referrer", "Nobody followed a link from another site, or none that said so.")] },
      {
        label: "Campaigns",
        reports: [
          visit("utm_campaign", "Campaign", "utm_campaign", NO_CAMPAIGNS),
          visit("utm_source", "UTM source", "utm_source", NO_CAMPAIGNS),
          visit("utm_medium", "UTM medium", "utm_medium", NO_CAMPAIGNS),
          visit("utm_term", "UTM term", "utm_term", NO_CAMPAIGNS),
          visit("utm_content", "UTM content", "utm_content", NO_CAMPAIGNS),
        ],
      },
    ],
  },
  {
    name: "places",
    title: "Places",
    groups: [
      { label: "Map", reports: [{ ...visit("map", "Country", "country", NO_PLACES), isMap: true }] },
      { label: "Countries", reports: [visit("country", "Country", "country", NO_PLACES)] },
      { label: "Regions", reports: [visit("region", "Region", "region", NO_PLACES)] },
      { label: "Cities", reports: [visit("city", "City", "city", NO_PLACES)] },
      { label: "Languages", reports: [visit("language", "Language", "language")] },
    ],
  },
  {
    name: "devices",
    title: "Devices",
    groups: [
      { label: "Devices", reports: [visit("device", "Device", "device"), visit("screen", "Screen", "screen"), visit("scheme", "Colour scheme", "colour_scheme")] },
      { label: "Browsers", reports: [visit("browser", "Browser", "browser"), visit("browser_version", "Version", "browser_version")] },
      { label: "Systems", reports: [visit("os", "System", "os"), visit("os_version", "Version", "os_version")] },
    ],
  },
  {
    name: "events",
    title: "Events",
    groups: [
      {
        label: "Events",
        reports: [
          {
            name: "event",
            label: "Event",
            dimension: "event:name",
            metric: "events",
            details: ["visitors", "conversion_rate"],
            only: ["is_not", "event:name", AUTOMATIC],
            hint: "Load the pixel as all.js for clicks, forms and downloads, or send your own: hg.trackEvent(\"signup\", { plan: \"pro\" }).",
          },
        ],
      },
    ],
  },
];

CARDS.push(
  {
    name: "errors",
    title: "Errors",
    groups: [
      {
        label: "Errors",
        reports: [
          {
            name: "message",
            label: "Message",
            dimension: "event:props:message",
            metric: "events",
            details: ["visitors"],
            only: ["is", "event:name", ["error"]],
            hint: "No page reported an error. As all.js, or with data-modules=\"errors\", the pixel reports those of your scripts.",
          },
        ],
      },
      {
        label: "Scripts",
        reports: [
          {
            name: "script",
            label: "Script",
            dimension: "event:props:source",
            metric: "events",
            details: ["visitors"],
            only: ["is", "event:name", ["error"]],
            hint: "No page reported an error of a script.",
          },
        ],
      },
    ],
  },
  {
    name: "colours",
    title: "Favourite colours",
    groups: [
      {
        label: "Colours",
        reports: [
          {
            name: "colour",
            label: "Colour",
            dimension: "event:favourite_colour",
            metric: "visitors",
            details: ["events"],
            hint: "Nobody has told. As all.js, or with data-modules=\"colour\", the pixel asks the system, looks at what is clicked, and listens to hg.setFavouriteColour(\"#ff1493\").",
          },
        ],
      },
    ],
  },
);

export function card(name: string): Card {
  const found = CARDS.find((card) => card.name === name);
  if (!found) throw new Error(`there is no card ${name}`);
  return found;
}
