// How many are on the site now, pushed by the server. A hidden tab hangs up: browsers have few connections to spare.
import type { Context } from "./context";
import { byId } from "./dom";
import { whole } from "./format";

export function live(context: Context): void {
  const place = byId("live");
  const count = byId("live-count");
  let source: EventSource | undefined;

  const listen = () => {
    source ??= new EventSource(context.api.base + context.api.path("/live"));
    source.onmessage = ({ data }) => {
      const visitors = Number(data);
      count.textContent = visitors === 1 ? "1 visitor now" : `${whole(visitors)} visitors now`;
      place.dataset["state"] = visitors > 0 ? "busy" : "quiet";
    };
    source.onerror = () => {
      place.dataset["state"] = "away";
    };
  };
  const hangUp = () => {
    source?.close();
    source = undefined;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? hangUp() : listen()));
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", listen);
  place.addEventListener("click", (event) => {
    event.preventDefault();
    context.go({ period: { name: "realtime" }, interval: undefined });
  });
  if (!document.hidden) listen();
}
