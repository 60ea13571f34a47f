// Exports of what is filtered: links that always work, and for sizes that a page can hold, a note of how far they are.

import { element } from "./element.js";

/** More events than this are left to the browser's own download, which needs no memory for them. */
const HELD_MAX = 200_000;

const number = new Intl.NumberFormat("en");

export const showExports = (source, address) => {
  const links = document.querySelectorAll("a[data-export]");
  const note = document.getElementById("export-note");
  const text = note.querySelector("span");
  const cancel = note.querySelector("button");
  let running;

  const refresh = () => {
    for (const link of links) {
      const query = address.filters();
      for (const name of ["group", "order"]) if (address.get(name)) query.set(name, address.get(name));
      query.set("format", link.dataset.export);
      link.href = `${location.pathname}?${query}`;
    }
  };

  const say = (message, isRunning = false) => {
    text.textContent = message;
    cancel.hidden = !isRunning;
    note.hidden = false;
  };

  const expected = () => (address.get("group") || !source.last ? undefined : source.last.recordsFiltered);

  const download = async (link) => {
    running?.abort();
    const mine = (running = new AbortController());
    const total = expected();
    const what = address.get("group") ? "groups" : "events";
    let written = 0;
    try {
      const answer = await fetch(link.href, { signal: mine.signal });
      if (!answer.ok) throw new Error((await answer.json()).detail);
      const lines = counter((count) => {
        // The header of a CSV is a line too.
        written = Math.max(0, link.dataset.export === "csv" ? count - 1 : count);
        const of = total === undefined || written > total ? "" : ` of ${number.format(total)}`;
        say(`${number.format(written)}${of} ${what} written …`, true);
      });
      const blob = await new Response(answer.body.pipeThrough(lines)).blob();
      const name = `view-data.${link.dataset.export}`;
      save(blob, name);
      say(`${number.format(written)} ${what} are in ${name}.`);
    } catch (error) {
      say(mine.signal.aborted ? "The export was stopped." : `The export broke off, and nothing was kept: ${error.message}`);
    }
  };

  for (const link of links) {
    link.addEventListener("click", (event) => {
      link.closest("details").open = false;
      const total = expected();
      const isLarge = total !== undefined && (total > HELD_MAX || source.last.recordsFilteredCapped);
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (isLarge) {
        say("The download has begun. Your browser shows how far it is.");
        return;
      }
      event.preventDefault();
      download(link);
    });
  }
  cancel.addEventListener("click", () => running?.abort());
  address.onChange(refresh);
  refresh();
};

/** Lets bytes through, and tells of the lines now and then. */
const counter = (tell) => {
  let lines = 0;
  let told = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      for (const byte of chunk) if (byte === 10) lines += 1;
      if (performance.now() - told > 100) {
        told = performance.now();
        tell(lines);
      }
      controller.enqueue(chunk);
    },
    flush: () => tell(lines),
  });
};

const save = (blob, name) => {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
};
