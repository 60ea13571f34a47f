// The properties of events: under which keys they carry data, and which values. Of the event that the page is narrowed to, or of all.
import { answered } from "./api";
import { card } from "./card";
import { OF_THE_GRAPH } from "./context";
import type { Context, Part } from "./context";
import { AUTOMATIC } from "./reports";
import type { Card, Report } from "./reports";

const HINT = "Events carry data of your own: hg.trackEvent(\"signup\", { plan: \"pro\" }). Its keys and values show up here.";

/** A card whose tabs' reports are made anew when the event is another. */
export function properties(context: Context, place: HTMLElement): Part {
  let shown: { event: string; part: Part } | undefined;
  return {
    ignores: OF_THE_GRAPH,
    async show(signal, isQuiet) {
      const event = chosenEvent(context);
      if (shown?.event !== event) {
        const keys = await keysOf(context, event, signal);
        shown = { event, part: card(context, place, cardOf(keys, event)) };
      }
      await shown.part.show(signal, isQuiet);
    },
  };
}

/** Empty for all. */
function chosenEvent(context: Context): string {
  const names = context.state().filters.filter(({ operator, dimension }) => operator === "is" && dimension === "event:name");
  return names.length === 1 && names[0]?.values.length === 1 ? (names[0].values[0] ?? "") : "";
}

async function keysOf(context: Context, event: string, signal: AbortSignal): Promise<string[]> {
  const path = `${context.api.base}/sites/${encodeURIComponent(context.site)}/properties`;
  const query = event === "" ? "" : `?${new URLSearchParams({ event })}`;
  const { keys } = await answered<{ keys: string[] }>(path + query, { signal });
  return keys;
}

function cardOf(keys: string[], event: string): Card {
  const report = (key: string): Report => ({
    name: key,
    label: key,
    dimension: `event:props:${key}`,
    metric: "events",
    details: ["visitors"],
    ...(event === "" && { only: ["is_not", "event:name", AUTOMATIC] }),
    hint: HINT,
  });
  const [first = report("plan"), ...others] = keys.map(report);
  return { name: "properties", title: "Properties", groups: [{ label: "Keys", reports: [first, ...others] }] };
}
