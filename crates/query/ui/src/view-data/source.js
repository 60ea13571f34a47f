// Asks the server for a page of events.

import { SEARCH } from "./filters.js";

const PATH = location.pathname;

/** What the table asks for, in as few words as the server needs. */
export const queryOf = (request, filters) => {
  const query = new URLSearchParams({ format: "json", draw: request.draw, start: request.start, length: request.length });
  const search = request.search?.value?.trim();
  if (search) query.set("search[value]", search);
  const order = request.order?.[0]?.dir;
  if (order) query.set("order[0][dir]", order);
  for (const [name, value] of filters) if (name !== SEARCH) query.set(name, value);
  return query;
};

/**
 * A source of pages. `request` is what was asked last, `last` what came, `ahead` what was found meanwhile, and `fresh` the ids of
 * those events that came while somebody looked on.
 * @param {Map<string, string>} filters
 */
export const createSource = (filters) => {
  const banner = document.getElementById("problem");
  const source = { request: undefined, last: undefined, ahead: undefined, fresh: new Set() };

  const ask = async (request) => {
    const answer = await fetch(`${PATH}?${queryOf(request, filters)}`, { headers: { accept: "application/json" } });
    if (answer.status === 401) {
      // The login ended. Come back here after the next one.
      location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
      return new Promise(() => {});
    }
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || body.title);
    return body;
  };

  const complain = (error) => {
    banner.textContent = error ? `The events could not be loaded: ${error.message}` : "";
    banner.hidden = !error;
  };

  /** DataTables' `ajax`. */
  source.load = async (request, show) => {
    const ahead = source.ahead;
    source.ahead = undefined;
    source.request = request;
    source.fresh = new Set(ahead && newIds(request, ahead, source.last));
    try {
      const page = ahead ?? (await ask(request));
      complain();
      source.last = page;
      show({ ...page, draw: request.draw });
    } catch (error) {
      complain(error);
      const { recordsTotal = 0, recordsFiltered = 0, data = [] } = source.last ?? {};
      show({ draw: request.draw, recordsTotal, recordsFiltered, data });
    }
  };

  /** Whether the page that is shown would look otherwise now; the next load takes what was found. */
  source.hasNews = async () => {
    const request = source.request;
    try {
      const page = await ask(request);
      complain();
      // The table went elsewhere meanwhile.
      if (request !== source.request || sameEvents(page, source.last)) return false;
      source.ahead = page;
      return true;
    } catch (error) {
      complain(error);
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
