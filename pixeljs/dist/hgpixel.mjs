var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) => function() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: !0 });
};

// src/visit/queue.js
var KEY, store, openQueue, waiting, setWaiting, init_queue = __esm({
  "src/visit/queue.js"() {
    "use strict";
    init_package();
    KEY = "hgpixel_queue", store = {}, openQueue = () => {
      try {
        hg.g.queue || (store = localStorage || store);
      } catch {
      }
    }, waiting = () => {
      try {
        return JSON.parse(store[KEY]);
      } catch {
        return [];
      }
    }, setWaiting = (batches) => {
      try {
        store[KEY] = JSON.stringify(batches), batches[0] || delete store[KEY];
      } catch {
        store = {}, setWaiting(batches);
      }
    };
  }
});

// src/visit/delivery.js
var BATCH_MAX, QUEUE_MAX, QUEUE_EVENTS_MAX, EVENT_MAX, WAIT_MS_MIN, WAIT_MS_MAX, RETRY_AFTER_S_MAX, EXPIRES_MS, flying, lost, wait, isHeld, isClosed, timer, setClosed, giveUp, isTooLarge, deliver, follow, leaveBehind, keep, fails, tryAgain, sendWaiting, startDelivery, init_delivery = __esm({
  "src/visit/delivery.js"() {
    "use strict";
    init_package();
    init_queue();
    BATCH_MAX = 8e3, QUEUE_MAX = 2e5, QUEUE_EVENTS_MAX = 100, EVENT_MAX = 6e4, WAIT_MS_MIN = 1e3, WAIT_MS_MAX = 15e4, RETRY_AFTER_S_MAX = 3600, EXPIRES_MS = 168 * 36e5, flying = /* @__PURE__ */ new Set(), lost = {}, wait = WAIT_MS_MIN, isHeld = !1, isClosed = !1, setClosed = (isClosing) => {
      isClosed = isClosing, isClosing && flying.forEach(leaveBehind);
    }, giveUp = ({ events: events2, lost: before }, why) => {
      let counts = { ...before };
      counts[why] = (counts[why] || 0) + events2.length;
      for (why in counts) lost[why] = (lost[why] || 0) + counts[why];
    }, isTooLarge = ({ events: events2 }) => events2[1] && JSON.stringify(events2).length > BATCH_MAX, deliver = (batch) => {
      if (isTooLarge(batch)) {
        let { events: events2 } = batch;
        deliver({ ...batch, events: events2.splice(0, events2.length / 2) }), deliver(batch);
        return;
      }
      for (let _ in lost) batch.lost = lost;
      lost = {}, isHeld ? keep(batch) : isClosed ? leaveBehind(batch) : follow(batch);
    }, follow = async (batch, answering) => {
      flying.add(batch), await fails(batch, answering) && keep(batch), flying.delete(batch);
    }, leaveBehind = (batch) => {
      try {
        if (navigator.sendBeacon(hg.g.endpoint, hg.i(batch))) return;
      } catch {
      }
      keep(batch);
    }, keep = (batch) => {
      let batches = [...waiting(), batch], text;
      for (; (text = JSON.stringify(batches)).length > QUEUE_MAX || text.split('"time":')[QUEUE_EVENTS_MAX + 1]; )
        giveUp(
          /** @type {Batch} */
          batches.shift(),
          "overflow"
        );
      setWaiting(batches);
    }, fails = async (batch, answering) => {
      if (batch.events[0].time < Date.now() - EXPIRES_MS) return giveUp(batch, "expired");
      let { ok, status, headers } = await (answering || hg.e(batch));
      if (ok) wait = WAIT_MS_MIN;
      else if (/^4(?!08|29)/.test(status) || // Browsers take no such thing, and would not the next time.
      new Blob([hg.i(batch)]).size > EVENT_MAX)
        isTooLarge(batch) ? deliver(batch) : giveUp(batch, "refused");
      else {
        let after = headers && +headers.get("Retry-After") || 0;
        return timer = timer || setTimeout(tryAgain, Math.max(wait * (1 + Math.random()), Math.min(after, RETRY_AFTER_S_MAX) * 1e3)), wait = Math.min(wait * 2, WAIT_MS_MAX), isHeld = !0;
      }
    }, tryAgain = () => {
      timer = clearTimeout(timer), navigator.locks ? navigator.locks.request(KEY, sendWaiting).catch(sendWaiting) : sendWaiting();
    }, sendWaiting = async () => {
      for (let batch; batch = waiting()[0]; ) {
        if (await fails(batch)) return;
        let [{ id }] = batch.events;
        setWaiting(waiting().filter(({ events: events2 }) => events2[0].id !== id));
      }
      isHeld = !1;
    }, startDelivery = () => {
      openQueue(), hg.n("online", tryAgain), waiting()[0] && tryAgain(), hg.b = deliver, hg.d.map((early) => follow(...early));
    };
  }
});

// src/visit/engagement.js
var IDLE_MS, isActive, last, engaged, bottom, reported, tick, report, init_engagement = __esm({
  "src/visit/engagement.js"() {
    "use strict";
    init_package();
    IDLE_MS = 6e4, last = 0, engaged = 0, bottom = 0, reported = 0, tick = (isLeft) => {
      let now = performance.now() | 0;
      isActive && (engaged += Math.min(now - last, IDLE_MS)), last = now, isActive = !isLeft && document.hasFocus(), bottom = Math.max(bottom, scrollY + innerHeight);
    }, report = (isLast) => {
      let scroll = Math.min(100, Math.round(bottom * 100 / document.documentElement.scrollHeight));
      (engaged > 9 || scroll > reported) && hg.trackEvent("engagement", { engaged, scroll }), reported = scroll, engaged = 0, isLast && (bottom = reported = 0);
    };
  }
});

// src/visit/visit.js
var on, look, navigation, init_visit = __esm({
  "src/visit/visit.js"() {
    "use strict";
    init_package();
    init_delivery();
    init_engagement();
    on = (types, listener) => types.split(" ").map(
      (type) => addEventListener(
        type,
        (event) => {
          let { target } = (
            /** @type {any} */
            event
          );
          (!target.closest || !target.closest("[data-hg-ignore]")) && listener(event);
        },
        // On the way down, so that a page which stops events is seen too.
        !0
      )
    ), look = ({ type, persisted }) => {
      let isClosed2 = type === "pagehide", isLeft = isClosed2 || document.hidden, isNew = !isLeft && (hg.l() !== hg.a || persisted);
      tick(isLeft), hg.a && (isLeft || isNew) && (setClosed(isClosed2), report(isNew), hg.o.map((leave) => leave(isNew, isClosed2)), hg.k()), isNew && hg.m(hg.a || document.referrer);
    };
    hg.n = on;
    hg.o = [];
    startDelivery();
    on("focus blur scroll keydown pointerdown pointermove visibilitychange pagehide pageshow popstate", look);
    ({ navigation } = /** @type {any} */
    window);
    navigation && navigation.currentEntry ? navigation.addEventListener("currententrychange", look) : ["pushState", "replaceState"].map((name) => {
      let original = history[name];
      history[name] = (...change) => {
        original.apply(history, change), look({});
      };
    });
    look({});
  }
});

// src/visit.js
var visit_exports = {};
var init_visit2 = __esm({
  "src/visit.js"() {
    "use strict";
    init_visit();
    init_package();
    new Set(`${hg.g.modules || ""}`.match(/\w+/g)).forEach((name) => hg.h(name));
  }
});

// src/modules/clicks.js
var clicks_exports = {};
var FILE, PRIVATE, textOf, init_clicks = __esm({
  "src/modules/clicks.js"() {
    "use strict";
    init_package();
    FILE = /\.(pdf|zip|gz|exe|dmg|csv|docx?|xlsx?|pptx?|mp[34])$/i, PRIVATE = "[data-hg-mask],[contenteditable],input,textarea,select", textOf = (element) => element && !element.closest(PRIVATE) && !element.querySelector(PRIVATE) ? (
      /** @type {string} */
      element.textContent.trim().slice(0, 200)
    ) : void 0;
    hg.n("click auxclick copy beforeprint", ({ type, target, button }) => {
      if (type === "beforeprint") hg.trackEvent("print");
      else if (type === "copy") hg.trackEvent("copy", { length: `${getSelection()}`.length });
      else if (target.closest && button < 2) {
        let control = target.closest("button,[type=submit],[role=button]"), link = target.closest("a[href]"), { id } = target.closest("[id]") || {}, leaf = target.firstElementChild ? null : target;
        if (hg.trackEvent("click", { element: target.tagName, text: textOf(control || link || leaf), id }), control && hg.trackEvent("button_click", { buttonText: textOf(control), buttonId: control.id }), link && link.host) {
          let [, extension] = FILE.exec(link.pathname) || [];
          extension || link.download ? hg.trackEvent("file_download", { url: link.href, extension }) : link.host !== location.host && hg.trackEvent("outbound_link", { linkText: textOf(link), linkUrl: link.href });
        }
      }
    });
  }
});

// src/modules/forms.js
var forms_exports = {};
var begun, report2, init_forms = __esm({
  "src/modules/forms.js"() {
    "use strict";
    init_package();
    begun = /* @__PURE__ */ new Map(), report2 = (event, form, data) => (
      // The property `id` of a form may be one of its fields.
      hg.trackEvent("form_" + event, { formId: form.getAttribute("id"), ...data })
    );
    hg.n("input submit", ({ target, type }) => {
      let form = target.closest("form");
      if (type > "s")
        report2("submit", form), begun.delete(form);
      else if (form) {
        let field = target.name || target.id;
        begun.has(form) || report2("start", form, { field }), begun.set(form, [...(begun.get(form) || []).filter((name) => name !== field), field]);
      }
    });
    hg.o.push((isNew, isClosed2) => {
      !isNew && !isClosed2 || (begun.forEach((fields, form) => {
        report2("abandon", form, { fields: fields.join(), lastField: fields.pop() });
      }), begun.clear());
    });
  }
});

// src/modules/performance.js
var performance_exports = {};
var interactions, page, lcp, cls, session, first, last2, observer, init_performance = __esm({
  "src/modules/performance.js"() {
    "use strict";
    init_package();
    interactions = {}, page = !document.hidden && hg.a, cls = 0, session = 0, first = 0, last2 = 0, observer = new PerformanceObserver(
      (list) => list.getEntries().map(({ startTime, size, value, hadRecentInput, interactionId, duration }) => {
        size && (lcp = startTime), interactionId && (interactions[interactionId] = Math.max(interactions[interactionId] || 0, duration)), value && !hadRecentInput && ((startTime - last2 >= 1e3 || startTime - first >= 5e3) && (session = 0, first = startTime), last2 = startTime, session += value, cls = Math.max(cls, session));
      })
    );
    ["largest-contentful-paint", "layout-shift", "event"].map(
      (type) => observer.observe(
        /** @type {any} */
        { type, buffered: !0, durationThreshold: 40 }
      )
    );
    hg.o.push((isNew) => {
      if (isNew || !page) return;
      let [load2 = {}] = (
        /** @type {any[]} */
        performance.getEntriesByType("navigation")
      ), [paint = {}] = (
        /** @type {any[]} */
        performance.getEntriesByName("first-contentful-paint")
      ), times = {
        totalTime: load2.loadEventEnd,
        ttfb: load2.responseStart,
        domInteractive: load2.domInteractive,
        fcp: paint.startTime,
        lcp
      };
      for (let key in times) times[key] = Math.max(0, Math.round(times[key] - (load2.activationStart || 0)));
      let durations = Object.values(interactions).sort((a, b) => b - a);
      hg.trackEvent("performance_metrics", { ...times, cls, inp: durations[durations.length / 50 | 0] }).url = page, page = "";
    });
  }
});

// src/modules/errors.js
var errors_exports = {};
var ERRORS_MAX, seen, init_errors = __esm({
  "src/modules/errors.js"() {
    "use strict";
    init_package();
    ERRORS_MAX = 10, seen = /* @__PURE__ */ new Set();
    hg.n("error unhandledrejection", ({ type, message, filename, lineno, colno, reason }) => {
      message = message || reason && reason.message || reason;
      let key = message + filename + lineno + colno;
      message && seen.size < ERRORS_MAX && seen.size < seen.add(key).size && hg.trackEvent("error", { message, source: filename, line: lineno, column: colno, kind: type });
    });
  }
});

// src/modules/colour.js
var colour_exports = {};
var canvas, context, clicks, most, sent, hex, report3, init_colour = __esm({
  "src/modules/colour.js"() {
    "use strict";
    init_package();
    canvas = document.createElement("canvas"), context = /** @type {CanvasRenderingContext2D} */
    canvas.getContext("2d"), clicks = {}, hex = (colour) => (context.fillStyle = "#0001", context.fillStyle = colour, /#/.test(`${context.fillStyle}`) && context.fillStyle), report3 = (colour, source) => colour && hg.trackEvent("favourite_colour", { colour, source });
    canvas.style.color = "AccentColor";
    document.head.append(canvas);
    canvas.style.color && report3(hex(getComputedStyle(canvas).color), "system");
    canvas.remove();
    hg.n(
      "click change",
      ({ target, type }) => type > "cl" ? setTimeout(() => {
        let colour;
        for (let element = target; element && !colour; element = element.parentElement)
          colour = hex(getComputedStyle(element).backgroundColor);
        colour && (clicks[
          /** @type {string} */
          colour
        ] = -~clicks[
          /** @type {string} */
          colour
        ], clicks[
          /** @type {string} */
          colour
        ] <= clicks[most] || (most = colour));
      }) : target.matches("[data-hg-favourite-colour]") && report3(hex(target.value), "chosen")
    );
    hg.o.push(() => {
      most !== sent && report3(sent = most, "clicked");
    });
  }
});

// src/all.js
var all_exports = {};
var init_all = __esm({
  "src/all.js"() {
    "use strict";
    init_visit();
    init_clicks();
    init_forms();
    init_performance();
    init_errors();
    init_colour();
  }
});

// src/modules/consent.js
var consent_exports = {};
__export(consent_exports, {
  consent: () => consent
});
var consent, init_consent = __esm({
  "src/modules/consent.js"() {
    "use strict";
    init_package();
    consent = () => {
      let { g: options_, f: isGiven_ } = hg, { globalPrivacyControl, doNotTrack } = (
        /** @type {any} */
        navigator
      ), isWanted = isGiven_ || options_.identity && !globalPrivacyControl && doNotTrack != 1, [, known] = /_hgpixel_user_id=([\w-]{14}7[\w-]+)/.exec(document.cookie) || [], id = isGiven_ === !1 ? "" : known || (isWanted ? hg.j(Date.now()) : "");
      id !== known && (document.cookie = `_hgpixel_user_id=${id};path=/;samesite=lax;max-age=${id ? 34164e3 : 0}${location.protocol > "http:" ? ";secure" : ""}`), (!options_.userId || options_.userId === known) && (options_.userId = id || void 0);
    };
  }
});

// src/platform/package.js
var hg, options, modules, load, init_package = __esm({
  "src/platform/package.js"() {
    "use strict";
    hg = {}, options = {}, modules = {
      visit: () => Promise.resolve().then(() => (init_visit2(), visit_exports)),
      all: () => Promise.resolve().then(() => (init_all(), all_exports)),
      clicks: () => Promise.resolve().then(() => (init_clicks(), clicks_exports)),
      forms: () => Promise.resolve().then(() => (init_forms(), forms_exports)),
      performance: () => Promise.resolve().then(() => (init_performance(), performance_exports)),
      errors: () => Promise.resolve().then(() => (init_errors(), errors_exports)),
      colour: () => Promise.resolve().then(() => (init_colour(), colour_exports)),
      consent: () => Promise.resolve().then(() => (init_consent(), consent_exports)).then(({ consent: consent3 }) => consent3())
    }, load = (name, next = () => {
    }) => {
      Promise.resolve(modules[name] && modules[name]()).then(next, next);
    };
  }
});

// src/index.js
init_package();

// src/tracker.js
init_package();

// src/batch.js
init_package();

// src/id.js
var last3 = 0, newId = (time) => (2 ** 48 + (last3 = Math.max(last3 + 1, time))).toString(16).replace(/.(.{8})/, "$1-") + // No secrets: 72 bits that no two browsers share in a millisecond.
"-7xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => (Math.random() * 16 | 0).toString(16));

// src/batch.js
var GATHER_MS = 500, events = [], timer2, track = (type, data, time) => {
  let event = { type, data, time: time || Date.now() };
  return events.push(event), timer2 = timer2 || setTimeout(flush, GATHER_MS), event;
}, flush = () => {
  if (timer2 = clearTimeout(timer2), !hg.a || !events[0]) return;
  let { language, webdriver, globalPrivacyControl, doNotTrack } = (
    /** @type {any} */
    navigator
  ), batch = {
    site: options.site,
    userId: options.userId,
    sessionId: options.sessionId,
    url: hg.a,
    title: document.title,
    referrer: hg.c,
    language,
    device: {
      screen: screen.width + "x" + screen.height,
      viewport: innerWidth + "x" + innerHeight,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      colorScheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light"
    },
    webdriver,
    gpc: globalPrivacyControl || doNotTrack == 1,
    events: events.map((event) => ({ id: newId(event.time), ...event }))
  };
  events = [], hg.b ? hg.b(batch) : hg.d.push([batch, post(batch)]);
}, post = (batch) => fetch(
  /** @type {string} */
  options.endpoint,
  {
    method: "POST",
    // A text goes as text/plain: no preflight.
    body: body(batch),
    keepalive: !0,
    credentials: "omit"
  }
).catch((error) => error), body = (batch) => JSON.stringify({ ...batch, sentAt: Date.now() });

// src/page.js
init_package();
var here = () => {
  let { origin, pathname, search, hash } = location;
  return origin + (pathname + (options.hash ? hash : "")).replace(/\/?#\/?/, "/") + search;
}, view = (referrer) => {
  hg.c = referrer, hg.a = here(), track("pageview");
}, look2 = () => {
  hg.b || (document.hidden ? flush() : hg.a || view(document.referrer));
};

// src/tracker.js
var starts = 0, start = () => {
  starts++ || (addEventListener("visibilitychange", look2), look2(), load(options.modules === "all" ? "all" : "visit"));
}, calls = {
  /**
   * Starts counting for a site. A second call changes the options and counts nothing again.
   * @param {string} site The site's key.
   * @param {import("./options.js").Options} [given]
   */
  initialize(site, given) {
    flush(), Object.assign(options, given, { site });
    try {
      if (localStorage.hgpixel_ignore === "true") return;
      if (options.identity || document.cookie.match("_hgpixel_u")) return load("consent", start);
    } catch {
    }
    start();
  },
  trackEvent: track,
  /** @param {boolean} isGiven */
  consent(isGiven) {
    flush(), hg.f = isGiven, load("consent");
  },
  /** @param {string} colour */
  setFavouriteColour(colour) {
    track("favourite_colour", { colour, source: "chosen" });
  },
  g: options,
  h: load,
  e: post,
  i: body,
  j: newId,
  k: flush,
  l: here,
  m: view,
  d: []
};

// src/index.js
Object.assign(hg, calls);
var init = (site, options2) => {
  if (!options2 || !options2.endpoint) throw new TypeError("hgpixel: init needs the endpoint, such as https://stats.example.com/track");
  calls.initialize(site, options2);
}, track2 = (type, data) => {
  calls.trackEvent(type, data);
}, { consent: consent2, setFavouriteColour } = calls;
export {
  consent2 as consent,
  init,
  setFavouriteColour,
  track2 as track
};
