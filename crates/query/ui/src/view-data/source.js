// Asks the server for a page of events.

import { put } from "./address.js";

const PATH = location.pathname;
export const ORDER_DEFAULT = "timestamp desc";
export const LENGTH_DEFAULT = 50;

/** What the table asks for, in as few words as the server needs. */
const queryOf = (request, address) => {
  const query = address.filters();
  query.set("format", "json");
  for (const name of ["draw", "start", "length"]) query.set(name, request[name]);
  query.set("order", orderOf(request));
  return query;
};

const orderOf = ({ order }) => (order?.[0]?.dir ? `${order[0].name} ${order[0].dir}` : ORDER_DEFAULT);

/** Asks for anything of this page as JSON. */
export const ask = async (query) => {
  const answer = await fetch(`${PATH}?${query}`, { headers: { accept: "application/json" } });
  if (answer.status === 401) {
    // The login ended. Come back here after the next one.
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {});
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || body.title);
  return body;
};

/** Says what went wrong, or that nothing did. */
export const complain = (error) => {
  const banner = document.getElementById("problem");
  banner.textContent = error ? `The events could not be loaded: ${error.message}` : "";
  banner.hidden = !error;
};

/**
 * A source of pages. `request` is what was asked last, `last` what came, `ahead` what was found meanwhile, `fresh` the ids of those events
 * that came while somebody looked on, and `took_ms` how long the last answer took, and `isPaused`
 * while no events are shown but groups of them.
 */
export const createSource = (address) => {
  const source = { request: undefined, last: undefined, ahead: undefined, fresh: new Set(), took_ms: 0, isPaused: false };

  const page = async (request) => {
    const started = performance.now();
    const body = await ask(queryOf(request, address));
    source.took_ms = performance.now() - started;
    return body;
  };

  /** What the table was told to show goes to the address bar. */
  const noteSearch = (request) => {
    const search = request.search?.value?.trim() ?? "";
    address.change((query) => put(query, "search", search), true);
  };
  const notePage = (request) => {
    address.change((query) => {
      const order = orderOf(request);
      put(query, "order", order === ORDER_DEFAULT ? "" : order);
      put(query, "start", request.start === 0 ? "" : request.start);
      put(query, "length", request.length === LENGTH_DEFAULT ? "" : request.length);
    });
  };

  /** DataTables' `ajax`. */
  source.load = async (request, show) => {
    noteSearch(request);
    if (source.isPaused) {
      await undefined;
      show({ draw: request.draw, recordsTotal: 0, recordsFiltered: 0, data: [] });
      return;
    }
    const ahead = source.ahead;
    source.ahead = undefined;
    source.request = request;
    source.fresh = new Set(ahead && newIds(request, ahead, source.last));
    notePage(request);
    const frame = document.querySelector(".dt-container");
    frame?.setAttribute("aria-busy", "true");
    try {
      const found = ahead ?? (await page(request));
      if (request !== source.request) return;
      complain();
      source.last = found;
      source.onPage?.(found);
      show({ ...found, draw: request.draw });
    } catch (error) {
      if (request !== source.request) return;
      complain(error);
      const { recordsTotal = 0, recordsFiltered = 0, data = [] } = source.last ?? {};
      show({ draw: request.draw, recordsTotal, recordsFiltered, data });
    } finally {
      if (request === source.request) frame?.removeAttribute("aria-busy");
    }
  };

  /** Whether the page that is shown would look otherwise now; the next load takes what was found. */
  source.hasNews = async () => {
    const request = source.request;
    try {
      const found = await page(request);
      // The table went elsewhere meanwhile.
      if (request !== source.request || source.isPaused) return false;
      complain();
      if (sameEvents(found, source.last)) return false;
      source.ahead = found;
      return true;
    } catch (error) {
      if (request === source.request) complain(error);
      return false;
    }
  };

  return source;
};

/** On the first page a row that was not there before is a new event; on a later one it may just have moved on. */
const newIds = ({ start }, page, before) => {
  if (start > 0) return [];
  const known = new Set(before.data.map(({ eventId }) => eventId));
  return page.data.map(({ eventId }) => eventId).filter((id) => !known.has(id));
};

const sameEvents = (one, other) =>
  other !== undefined &&
  one.recordsTotal === other.recordsTotal &&
  one.recordsFiltered === other.recordsFiltered &&
  one.data.length === other.data.length &&
  one.data.every(({ eventId }, index) => eventId === other.data[index].eventId);
