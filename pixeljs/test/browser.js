// A browser small enough to read: one window with a page, a clock that moves by hand, and a server that answers as told.

import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const dist = (name) => readFileSync(new URL(`../dist/${name}`, import.meta.url), "utf8");
const START = Date.UTC(2026, 8, 21, 14, 13, 20);

/** Something that events happen to. */
class Target {
  listeners = [];
  addEventListener = (type, listener) => this.listeners.push([type, listener]);
  dispatch(type, event = {}) {
    this.listeners.filter(([wanted]) => wanted === type).forEach(([, listener]) => listener({ type, target: this, ...event }));
  }
}

/** `localStorage`: its keys are properties. */
export class Storage {
  constructor({ limit = Infinity } = {}) {
    /** Who is told of each change, such as another tab. @type {Array<(key: string, value?: string) => void>} */
    const told = [];
    /** What another tab has written is seen here. */
    const see = (key, value) => {
      if (value === undefined) delete this[key];
      else this[key] = value;
    };
    Object.defineProperties(this, { told: { value: told }, see: { value: see } });
    return new Proxy(this, {
      get: (_, key) => (key === "length" ? Object.keys(this).length : this[key]),
      set: (_, key, value) => {
        if (String(value).length > limit) throw new Error("QuotaExceededError");
        this[key] = String(value);
        told.forEach((tell) => tell(key, this[key]));
        return true;
      },
      deleteProperty: (_, key) => {
        delete this[key];
        told.forEach((tell) => tell(key));
        return true;
      },
    });
  }
}

/** An element that knows its attributes, parents and children. */
export const element = (tagName, attributes = {}, ...children) => {
  const matches = (node, selector) =>
    selector.split(",").some((one) => {
      const [, tag, conditions] = /^(\w*)(.*)$/.exec(one);
      return (
        (!tag || node.tagName === tag.toUpperCase()) &&
        [...conditions.matchAll(/\[([\w-]+)(?:=([\w-]+))?\]/g)].every(([, name, value]) =>
          value ? node.attributes[name] === value : name in node.attributes,
        )
      );
    });
  const self = {
    tagName: tagName.toUpperCase(),
    attributes,
    children: children.filter((child) => child.tagName),
    textContent: children.map((child) => child.textContent ?? child).join(""),
    style: {},
    id: attributes.id ?? "",
    name: attributes.name ?? "",
    value: attributes.value,
    download: attributes.download ?? "",
    getAttribute: (name) => attributes[name] ?? null,
    remove() {},
    matches: (selector) => matches(self, selector),
    closest(selector) {
      for (let node = self; node; node = node.parentElement) if (matches(node, selector)) return node;
      return null;
    },
    querySelector(selector) {
      for (const child of self.children) {
        const found = matches(child, selector) ? child : child.querySelector(selector);
        if (found) return found;
      }
      return null;
    },
    get firstElementChild() {
      return self.children[0] ?? null;
    },
    ...(attributes.href && (({ href, host, pathname }) => ({ href, host, pathname }))(new URL(attributes.href, "https://shop.example/"))),
  };
  self.children.forEach((child) => (child.parentElement = self));
  return self;
};

/**
 * @param {object} [given] What is different about this page: `tag`, the script's attributes, `null` for a page without; `before`,
 * what the page did before the script came; `storage`, `null` for a browser that blocks it; `hidden`, `cookie`, `locks`, `navigation`, `now`; `blocked`, modules that do not come.
 */
export class Browser {
  timers = [];
  requests = [];
  beacons = [];
  scripts = [];
  /** How the server answers: a status, headers, or `null` for no answer at all; a function to decide by the body. */
  answer = { status: 204 };
  takesBeacons = true;
  observers = [];
  entries = {};

  constructor(given = {}) {
    const { tag = {}, before, hidden = false, cookie = "", blocked = [], now = START } = given;
    this.now = now;
    this.blocked = blocked;
    this.storage = "storage" in given ? given.storage : new Storage();
    const document = new Target();
    Object.assign(document, {
      title: "Shop",
      referrer: "https://search.example/",
      hidden,
      prerendering: given.prerendering,
      hasFocus: () => !document.hidden,
      cookie,
      documentElement: { scrollHeight: 4_000 },
      createElement: (name) => (name === "canvas" ? this.canvas() : element(name)),
      head: { append: (added) => added.src && this.load(added) },
    });
    const window = new Target();
    const browser = this;
    const { locks = true, navigation = true } = given;
    Object.assign(window, {
      document,
      location: new URL("https://shop.example/start?q=1#top"),
      history: { pushState: (_, __, to) => this.go(to), replaceState: (_, __, to) => this.go(to) },
      navigator: {
        language: "de-AT",
        doNotTrack: null,
        locks: locks ? new Locks() : undefined,
        sendBeacon: (url, text) => this.takesBeacons && !!this.beacons.push(JSON.parse(text)),
        ...given.navigator,
      },
      screen: { width: 390, height: 844 },
      innerWidth: 390,
      innerHeight: 1_000,
      scrollY: 0,
      matchMedia: () => ({ matches: true }),
      getSelection: () => "chosen words",
      getComputedStyle: ({ style }) => (style.color === "AccentColor" ? { color: "rgb(0, 99, 206)" } : style),
      performance: {
        now: () => this.now - now,
        getEntriesByType: (type) => this.entries[type] ?? [],
      },
      PerformanceObserver: class {
        constructor(seen) {
          this.seen = seen;
        }
        observe({ type }) {
          browser.observers.push([type, this.seen]);
        }
      },
      setTimeout: (run, delay = 0, ...given) => this.timers.push({ run: () => run(...given), at: this.now + delay, id: ++this.ids }) && this.ids,
      clearTimeout: (id) => void (this.timers = this.timers.filter((timer) => timer.id !== id)),
      Date: class extends Date {
        static now = () => browser.now;
      },
      fetch: (url, request) => this.fetch(url, request),
      isSecureContext: true,
      Blob,
      URL,
      crypto,
      console,
    });
    if (navigation) Object.assign(window, { Navigation: class {}, navigation: new Target() });
    Object.defineProperty(window, "localStorage", {
      get() {
        if (!browser.storage) throw new Error("SecurityError");
        return browser.storage;
      },
    });
    window.window = window;
    this.window = window;
    this.document = document;
    this.context = createContext(window);
    before?.(window);
    if (tag) this.include(tag);
  }

  ids = 0;

  /** The page includes the pixel. */
  include(attributes = {}) {
    const { nonce, src = "https://stats.example/static/app.js", ...dataset } = { site: "shop", ...attributes };
    this.document.currentScript = { src, nonce, dataset };
    runInContext(dist(src.split("/").pop()), this.context);
    this.document.currentScript = null;
    return this;
  }

  load(script) {
    this.scripts.push(script);
    const name = new URL(script.src).pathname.split("/").pop();
    queueMicrotask(() => {
      if (this.blocked.includes(name)) return script.onerror?.({});
      runInContext(dist(name), this.context);
      script.onload?.({});
    });
  }

  async fetch(url, { body, keepalive }) {
    const batch = JSON.parse(body);
    const answer = typeof this.answer === "function" ? this.answer(batch) : this.answer;
    this.requests.push({ url: String(url), batch, body, keepalive, at: this.now, answer });
    if (answer === "never") return new Promise(() => {});
    if (!answer) throw new TypeError("Failed to fetch");
    const { status, headers = {} } = answer;
    return { ok: status < 300, status, headers: { get: (name) => headers[name] ?? null } };
  }

  canvas() {
    const context = {
      set fillStyle(colour) {
        const [, r, g, b, a] = /^rgba?\((\d+), (\d+), (\d+)(?:, (\d.*))?\)$/.exec(colour) ?? [];
        if (colour === "#0001" || a) this.style = "rgba(0, 0, 0, 0.067)";
        else if (r) this.style = "#" + [r, g, b].map((part) => (+part + 256).toString(16).slice(1)).join("");
        else if (/^#[0-9a-f]{6}$/.test(colour)) this.style = colour;
      },
      get fillStyle() {
        return this.style;
      },
    };
    return { ...element("canvas"), getContext: () => context };
  }

  /** Lets time pass, and what waits for it happen. */
  async wait(ms = 0) {
    await settle();
    for (const end = this.now + ms; ; ) {
      const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      this.now = next ? Math.max(next.at, this.now) : end;
      if (!next) return;
      this.timers = this.timers.filter((timer) => timer !== next);
      next.run();
      await settle();
    }
  }

  /** The page changes its own address. */
  go(to) {
    this.window.location = new URL(to, this.window.location);
    this.window.navigation?.dispatch("currententrychange");
  }

  happen(type, event) {
    this.window.dispatch(type, event);
  }

  hide() {
    this.document.hidden = true;
    this.happen("visibilitychange", { target: this.document });
  }

  show() {
    this.document.hidden = false;
    this.happen("visibilitychange", { target: this.document });
  }

  /** The tab is closed: first this, then that. */
  close() {
    this.happen("pagehide", { persisted: false });
    this.hide();
  }

  see(type, entry) {
    this.observers.filter(([wanted]) => wanted === type).forEach(([, seen]) => seen({ getEntries: () => [entry] }));
  }

  /** Every batch that the server took, or the browser took for it. */
  get batches() {
    const taken = this.requests.filter(({ answer }) => answer?.status < 300).map(({ batch }) => batch);
    return [...taken, ...this.beacons];
  }

  /** Each event once, as the server stores it. */
  get events() {
    const all = this.batches.flatMap(({ events, ...batch }) => events.map((event) => ({ ...batch, ...event })));
    return [...new Map(all.map((event) => [event.id, event])).values()];
  }

  typed(type) {
    return this.events.filter((event) => event.type === type);
  }

  get kept() {
    return Object.keys(this.storage ?? {})
      .filter((key) => key.startsWith("hgpixel_event"))
      .sort()
      .map((key) => JSON.parse(this.storage[key]));
  }
}

/** `navigator.locks`, in one tab or, handed on, in several. */
export class Locks {
  last = Promise.resolve();
  request(_, run) {
    this.last = this.last.then(run);
    return this.last;
  }
}

/** Lets promises run out. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A page after its first second. */
export const open = async (given) => {
  const browser = new Browser(given);
  await browser.wait(1_000);
  return browser;
};
