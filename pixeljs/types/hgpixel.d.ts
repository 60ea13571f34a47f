/** What an event may carry: at most 30 texts, numbers and booleans. */
export type Data = Record<string, string | number | boolean | null | undefined>;

export type Module = "clicks" | "forms" | "performance" | "errors" | "colour";

export interface Options {
  /** Where events go, such as `https://stats.example.com/track`. */
  endpoint: string;
  /** What to watch besides page views and engagement: `"all"`, names with spaces between, or a list of names. */
  modules?: "all" | Module[] | (string & {});
  /** The fragment of an address is part of the page: `/#/users` counts as `/users`. */
  hash?: boolean;
  /** `"memory"`: never keep unsent events on the device. */
  queue?: "memory";
  /** `"cookie"`: give visitors an id in a cookie, unless their browser says that they do not want it. */
  identity?: "cookie";
  /** Your own id of the person, if you have one and may use it. */
  userId?: string;
  /** Your own id of the visit. */
  sessionId?: string;
}

/** Starts counting for a site. A second call changes the options and counts nothing again. */
export function init(site: string, options: Options): void;

/** Sends an event of your own. */
export function track(type: string, data?: Data): void;

/** `true` starts an id of the visitor in a cookie, `false` removes it. */
export function consent(isGiven: boolean): void;

/** A colour that the visitor chose, as `#rrggbb`. */
export function setFavouriteColour(colour: string): void;
