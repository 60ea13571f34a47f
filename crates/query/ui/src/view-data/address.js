// The address bar: all of what the page shows, in the words of the server's parameters, so that it can be shared and gone back to.

/** Parameters that say how the events are shown, not which. */
const SHOWING = ["format", "draw", "start", "length", "order", "group", "columns"];
/** What is typed within this time is one step for the back button. */
const TYPING_MS = 4000;

export const createAddress = () => {
  let query = new URLSearchParams(encodedOperators(location.search));
  let typed = -Infinity;
  const listeners = [];

  const written = () => {
    const text = query.toString();
    return location.pathname + (text && `?${text}`);
  };

  const commit = (next, isTyping) => {
    if (next.toString() === query.toString()) return;
    query = next;
    const isSameStep = isTyping && performance.now() - typed < TYPING_MS;
    typed = isTyping ? performance.now() : -Infinity;
    if (isSameStep) history.replaceState(null, "", written());
    else history.pushState(null, "", written());
    for (const listen of listeners) listen();
  };

  // Whoever goes back wants the page as it was then, and the address says how that was.
  addEventListener("popstate", () => location.reload());

  return {
    get: (name) => query.get(name) ?? "",
    /** A copy of everything. */
    all: () => new URLSearchParams(query),
    /** Which events, without how they are shown. */
    filters: () => without(query, (name) => SHOWING.includes(name)),
    /** Changes it in `edit`; `isTyping` where the change is one of many that belong together. */
    change: (edit, isTyping = false) => {
      const next = new URLSearchParams(query);
      edit(next);
      commit(next, isTyping);
    },
    /** Calls `listen` after every change. */
    onChange: (listen) => listeners.push(listen),
    /** The address of this page with other filters. */
    with: (edit) => {
      const next = new URLSearchParams(query);
      edit(next);
      next.delete("start");
      return `${location.pathname}?${next}`;
    },
  };
};

/** People write `column[>=]=value`, in which the first `=` does not end the name. */
const encodedOperators = (search) => search.replace(/(?<=[?&][^=&[]*)\[([^\]&]*)\]=/g, (_, operator) => `[${operator.replaceAll("=", "%3D")}]=`);

/** The parameters but those that `isLeftOut` names. */
export const without = (query, isLeftOut) => new URLSearchParams([...query].filter(([name]) => !isLeftOut(name)));

/** Sets a parameter, or takes it away where there is nothing to say. */
export const put = (query, name, value) => (value === "" || value === undefined ? query.delete(name) : query.set(name, value));

/** A parameter's name and operator: `browser[contains]` is `["browser", "contains"]`. */
export const partsOf = (parameter) => {
  const [, name, operator] = /^([^[]+)(?:\[([^\]]*)\])?$/.exec(parameter) ?? [, parameter];
  return [name, operator];
};
