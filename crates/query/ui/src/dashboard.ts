// The dashboard: reads the address, shows what it says, and follows it. Every choice is a change of the state; the state is the address.
import { Api, isAbort } from "./dashboard/api";
import { card } from "./dashboard/card";
import { chips } from "./dashboard/chips";
import { currentSpan, nowOf } from "./dashboard/context";
import type { Context, Part } from "./dashboard/context";
import { byId } from "./dashboard/dom";
import { figures } from "./dashboard/figures";
import { funnels, goals } from "./dashboard/goals";
import { graph } from "./dashboard/graph";
import { Keeper } from "./dashboard/kept";
import { live } from "./dashboard/live";
import { isOpen } from "./dashboard/period";
import { vitals } from "./dashboard/vitals";
import { pickers } from "./dashboard/pickers";
import { properties } from "./dashboard/properties";
import { card as cardNamed } from "./dashboard/reports";
import { openSharing } from "./dashboard/share";
import { parseState, searchOf } from "./dashboard/state";
import type { State } from "./dashboard/state";

/** How often a period that is not over is looked at again, while somebody looks at the page. */
const REFRESH_MS = 30_000;

const main = byId("dashboard");
const site = main.dataset["site"] ?? "";
let state = parseState(location.search, site);
let showing = new AbortController();
let isShowing = false;

const zone = main.dataset["zone"] ?? "UTC";

const context: Context = {
  api: new Api(main.dataset["base"] ?? "", site, zone),
  site,
  zone,
  mayEdit: main.dataset["mayEdit"] === "true",
  state: () => state,
  go(change) {
    state = { ...state, ...change };
    history.pushState(null, "", location.pathname + searchOf(state));
    const changed = Object.keys(change) as (keyof State)[];
    // Whatever is still under way is begun anew with all the rest.
    void show(false, isShowing ? undefined : (part) => changed.some((key) => !part.ignores?.includes(key)));
  },
  replace(change) {
    state = { ...state, ...change };
    history.replaceState(null, "", location.pathname + searchOf(state));
  },
};

const keeper = new Keeper(context);

const parts: Part[] = [
  pickers(context),
  chips(context),
  figures(context),
  graph(context, keeper),
  ...[...document.querySelectorAll<HTMLElement>("[data-card]")].map((place) => cardAt(place, place.dataset["card"] ?? "")),
];

function cardAt(place: HTMLElement, name: string): Part {
  switch (name) {
    case "vitals":
      return vitals(context, place);
    case "properties":
      return properties(context, place);
    case "goals":
      return goals(context, keeper, place);
    case "funnels":
      return funnels(context, keeper, place);
    default:
      return card(context, place, cardNamed(name));
  }
}

async function show(isQuiet = false, isDue: (part: Part) => boolean = () => true): Promise<void> {
  showing.abort();
  showing = new AbortController();
  const { signal } = showing;
  isShowing = true;
  const shown = await Promise.allSettled(parts.filter(isDue).map((part) => part.show(signal, isQuiet)));
  if (signal.aborted) return;
  isShowing = false;
  const failure = shown.find((outcome) => outcome.status === "rejected" && !isAbort(outcome.reason));
  const problem = byId("problem");
  problem.hidden = failure === undefined;
  if (failure?.status === "rejected") problem.textContent = `Not everything could be shown: ${failure.reason?.message ?? failure.reason}`;
}

addEventListener("popstate", () => {
  state = parseState(location.search, site);
  void show();
});
setInterval(() => {
  if (!document.hidden && isOpen(currentSpan(context), nowOf(context))) void show(true);
}, REFRESH_MS);
const share = document.querySelector<HTMLElement>("#share");
if (share) {
  share.hidden = !context.mayEdit;
  share.addEventListener("click", () => openSharing(context));
}
live(context);
void show();
