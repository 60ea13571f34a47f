// What the address bar says is shown, as chips that can be taken away; and the address bar says what is searched for.

export const SEARCH = "search";

/** Parameters that filter exactly, and what they are called. */
const EXACT = new Map([
  ["clientID", "site"],
  ["url", "page"],
  ["userId", "user"],
]);

/** @returns {Map<string, string>} */
export const readFilters = (query) => {
  const all = new URLSearchParams(query);
  const filters = new Map();
  for (const name of [...EXACT.keys(), SEARCH]) {
    const value = all.get(name);
    if (value) filters.set(name, value);
  }
  return filters;
};

const addressOf = (filters) => {
  const query = new URLSearchParams([...filters]).toString();
  return location.pathname + (query && `?${query}`);
};

/** The address of the same page with one filter more. */
export const addressWith = (name, value) => {
  const filters = readFilters(location.search);
  filters.set(name, value);
  return addressOf(filters);
};

export const showFilters = (table, filters) => {
  const chips = document.getElementById("chips");

  const refresh = () => {
    history.replaceState(null, "", addressOf(filters));
    for (const link of document.querySelectorAll("a[data-export]")) {
      const query = new URLSearchParams([...filters]);
      query.set("format", link.dataset.export);
      link.href = `${location.pathname}?${query}`;
    }
    const exact = [...filters].filter(([name]) => EXACT.has(name));
    chips.replaceChildren(...exact.map(([name, value]) => chip(name, value)));
  };

  const chip = (name, value) => {
    const label = Object.assign(document.createElement("span"), { className: "chip-name", textContent: EXACT.get(name) });
    const text = Object.assign(document.createElement("span"), { className: "chip-value", textContent: value, title: value });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "chip-remove", textContent: "×" });
    remove.setAttribute("aria-label", `Remove the filter by ${EXACT.get(name)}`);
    remove.addEventListener("click", () => {
      filters.delete(name);
      refresh();
      table.draw();
    });
    const chip = Object.assign(document.createElement("li"), { className: "chip" });
    chip.append(label, text, remove);
    return chip;
  };

  table.on("search.dt", () => {
    const search = table.search().trim();
    if (search === (filters.get(SEARCH) ?? "")) return;
    if (search) filters.set(SEARCH, search);
    else filters.delete(SEARCH);
    refresh();
  });
  refresh();
};
