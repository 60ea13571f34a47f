// The range of time: the last hours or days, or from one time to another.

import { put } from "./address.js";

const OWN = "own";

/** A time of the address as a field takes it: the reader's own, to the minute. */
const localOf = (value) => {
  const time = new Date(value);
  if (value === "" || Number.isNaN(time.getTime())) return "";
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

const addressOf = (local) => (local === "" ? "" : new Date(local).toISOString());

export const showRange = (address, redraw) => {
  const select = document.getElementById("range");
  const own = document.getElementById("own-range");
  const [from, to] = own.querySelectorAll("input");

  const refresh = () => {
    const [since, until] = [address.get("from"), address.get("to")];
    const isLast = until === "" && [...select.options].some(({ value }) => value === since);
    if (isLast && since !== "") select.value = since;
    else if (since || until) select.value = OWN;
    // Who chose to enter times has not done so yet.
    else if (select.value !== OWN) select.value = "";
    own.hidden = select.value !== OWN;
    if (document.activeElement !== from) from.value = localOf(since);
    if (document.activeElement !== to) to.value = localOf(until);
  };

  const apply = (since, until) => {
    address.change((query) => {
      put(query, "from", since);
      put(query, "to", until);
    });
    redraw();
  };

  select.addEventListener("change", () => {
    own.hidden = select.value !== OWN;
    if (select.value === OWN) from.focus();
    else apply(select.value, "");
  });
  for (const input of [from, to]) {
    input.addEventListener("change", () => {
      if (input.validity.badInput) return;
      apply(addressOf(from.value), addressOf(to.value));
    });
  }
  address.onChange(refresh);
  refresh();
};
