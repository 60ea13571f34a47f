// What every part of the page is given: the state, a way to change it, and the API.
import type { Api } from "./api";
import { conditionsOf, toggled } from "./filter";
import type { Condition } from "./filter";
import { rangeOf, spanOf } from "./period";
import type { DateRange, Now, Span } from "./period";
import { searchOf } from "./state";
import type { State } from "./state";

export interface Context {
  api: Api;
  /** The site's key. */
  site: string;
  /** The site's time zone. */
  zone: string;
  /** Whether the reader may change what is kept: not on a shared link. */
  mayEdit: boolean;
  state(): State;
  /** Goes to another state: a new entry in the history. */
  go(change: Partial<State>): void;
  /** Changes what needs no entry of its own, such as an open tab. */
  replace(change: Partial<State>): void;
}

/** A part of the page: shows the state, again whenever it has changed or time has passed. */
export interface Part {
  /** What of the state this part does not show: it need not show a change of only that. */
  ignores?: readonly (keyof State)[];
  /** `isQuiet` when the same is looked at again: what is there stays until the new is. */
  show(signal: AbortSignal, isQuiet: boolean): Promise<void>;
}

/** What only the graph and the figures show. */
export const OF_THE_GRAPH: readonly (keyof State)[] = ["metric", "interval", "comparison"];

export function nowOf(context: Context): Now {
  return { instant: new Date(), zone: context.zone };
}

export function currentSpan(context: Context): Span {
  return spanOf(context.state().period, nowOf(context));
}

export function currentRange(context: Context): DateRange {
  return rangeOf(currentSpan(context));
}

export function currentConditions(context: Context): Condition[] {
  return conditionsOf(context.state().filters);
}

/** The address of the page with a value chosen (or no longer). */
export function hrefOf(context: Context, change: Partial<State>): string {
  return location.pathname + searchOf({ ...context.state(), ...change });
}

export function toggledBy(context: Context, dimension: string, value: string): Partial<State> {
  return { filters: toggled(context.state().filters, dimension, value) };
}
