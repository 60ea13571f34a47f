// src/shape/package.js
var hg = {}, options = {};

// src/id.js
var last = 0, newId = (time = [...(last = Math.max(last + 1, Date.now())).toString(16)]) => "0xxxxxxx-xxxx-7xxx-8xxx-xxxxxxxxxxxx".replace(
  /x/g,
  // First the time; then no secrets: 72 bits that no two browsers share in a millisecond.
  () => time.shift() || Math.random().toString(16)[2]
);

// src/batch.js
var GATHER_MS = 500, EVENTS_MAX = 1e3, events = [], timer, track = (type, data, time = Date.now(), url) => {
  events.push(JSON.parse(JSON.stringify({ type, id: newId(), time, data, url }))), timer = timer || setTimeout(flush, GATHER_MS);
}, prepare = () => {
  if (!options.b) {
    options.b = {
      screen: screen.width + "x" + screen.height,
      // The older way takes a hundred times as long.
      timeZone: window.Temporal ? Temporal.Now.timeZoneId() : Intl.DateTimeFormat().resolvedOptions().timeZone,
      viewport: innerWidth + "x" + innerHeight,
      colorScheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light"
    };
    try {
      options.c = localStorage.hgpixel_ignore == "true" || know();
    } catch {
    }
  }
  return options.c;
}, flush = (isClosing) => {
  if (timer = clearTimeout(timer), !hg.a || !events[0] || prepare()) return events.splice(EVENTS_MAX);
  let batch = {
    referrer: hg.d,
    device: options.b,
    sessionId: options.sessionId,
    webdriver: navigator.webdriver,
    events,
    userId: options.userId || hg.e,
    language: navigator.language,
    url: hg.a,
    title: document.title,
    site: options.site
  };
  events = [], deliver(batch, isClosing);
}, post = (batch) => fetch(
  /** @type {string} */
  options.endpoint,
  {
    method: "POST",
    // A text goes as text/plain: no preflight.
    body: body(batch),
    keepalive: !0
  }
).catch((error) => error), body = (batch) => JSON.stringify({ ...batch, sentAt: Date.now() });

// src/page.js
var here = () => {
  let { origin, pathname, search, hash } = location;
  return origin + (options.hash ? pathname + hash : pathname).replace(/\/?#\/?/, "/") + search;
}, view = () => {
  hg.d = hg.a || document.referrer, hg.a = here(), track("pageview");
};

// src/visit/queue.js
var KEY = "hgpixel_event", memory = {}, waiting = (batch, isGone) => {
  try {
    let store = options.queue ? memory : localStorage;
    return isGone ? delete store[KEY + batch.events[0].id] : batch && (store[KEY + batch.events[0].id] = JSON.stringify(batch)), Object.keys(store).filter((key) => key.match(KEY)).sort().map((key) => JSON.parse(store[key]));
  } catch {
    return options.queue = /** @type {any} */
    1, waiting(batch, isGone);
  }
};

// src/visit/delivery.js
var BATCH_MAX = 5e3, QUEUE_MAX = 2e5, QUEUE_EVENTS_MAX = 100, EVENT_MAX = 21e3, WAIT_MS_MIN = 1e3, WAIT_MS_MAX = 15e4, RETRY_AFTER_S_MAX = 3600, EXPIRES_MS = 168 * 36e5, lost = {}, wait = WAIT_MS_MIN, isHeld = !1, timer2, giveUp = ({ events: events2, lost: counts = {} }, why) => {
  counts[why] = (counts[why] || 0) + events2.length;
  for (why in counts) lost[why] = (lost[why] || 0) + counts[why];
}, deliver = (batch, isClosing) => {
  let { events: events2 } = batch, length = body(batch).length;
  events2[1] && length > BATCH_MAX ? (deliver({ ...batch, events: events2.splice(0, events2.length / 2) }, isClosing), deliver(batch, isClosing)) : length > EVENT_MAX ? giveUp(batch, "refused") : (batch.lost = lost, lost = {}, (isHeld ? keep : isClosing ? leaveBehind : follow)(batch));
}, follow = async (batch, answering) => {
  await fails(batch, answering) && keep(batch);
}, leaveBehind = (batch) => {
  try {
    navigator.sendBeacon(
      /** @type {string} */
      options.endpoint,
      body(batch)
    ) || keep(batch);
  } catch {
    keep(batch);
  }
}, keep = (batch) => {
  for (let batches = waiting(batch); JSON.stringify(batches).length > QUEUE_MAX || JSON.stringify(batches).split('"time":')[QUEUE_EVENTS_MAX + 1]; batches = waiting(batches[0], !0))
    giveUp(batches[0], "overflow");
}, fails = async (batch, answering = post(batch)) => {
  let { ok, headers, status } = await answering;
  if (ok) wait = WAIT_MS_MIN;
  else if (/^4(?!08|29)/.test(status)) giveUp(batch, "refused");
  else
    return wait = Math.max(wait, Math.min(headers && headers.get("Retry-After"), RETRY_AFTER_S_MAX) * 1e3 || 0), timer2 = timer2 || setTimeout(tryAgain, wait * (1 + Math.random())), wait = Math.min(wait * 2, WAIT_MS_MAX), isHeld = !0;
}, tryAgain = async () => {
  timer2 = clearTimeout(timer2);
  try {
    await navigator.locks.request(KEY, sendWaiting);
  } catch {
    sendWaiting();
  }
}, sendWaiting = async () => {
  await /** @type {any} */
  { then: (done) => setTimeout(done, 99) };
  for (let [batch] = waiting(); batch; [batch] = waiting(batch, !0))
    if (batch.events[0].time < Date.now() - EXPIRES_MS ? giveUp(batch, "expired") : await fails(batch)) return;
  isHeld = !1;
};

// src/visit/visit.js
var IDLE_MS = 6e4, isActive, last2 = 0, engaged = 0, scrolled = 0, reported = 0, leaving = [], on = (types, listener) => types.split(" ").map(
  (type) => addEventListener(
    type,
    (event) => {
      let { target } = (
        /** @type {any} */
        event
      );
      target.closest && target.closest("[data-hg-ignore]") || listener(event);
    },
    // On the way down, so that a page which stops events is seen too.
    !0
  )
), look = ({ type, persisted }) => {
  let isClosed = type === "pagehide", isLeft = isClosed || document.hidden, isNew = !isLeft && (here() !== hg.a || persisted), now = performance.now() | 0;
  if (isActive && (engaged += Math.min(now - last2, IDLE_MS)), last2 = now, isActive = !isLeft && document.hasFocus(), type === "scroll" && (scrolled = Math.max(scrolled, scrollY)), hg.a && (isLeft || isNew)) {
    let scroll = Math.min(
      100,
      Math.round((scrolled + innerHeight) * 100 / document.documentElement.scrollHeight)
    );
    (engaged > 9 || scroll > reported) && track("engagement", { engaged, scroll }), engaged = 0, reported = isNew ? scrolled = 0 : scroll, leaving.map((leave) => leave(isNew, isClosed)), flush(isClosed), isClosed && options.queue && waiting().map(leaveBehind);
  }
  isNew && view();
}, visit = () => {
  on("visibilitychange pagehide", look), look({});
}, attend = () => {
  tryAgain(), on("online", tryAgain), on("scroll focus pointerdown pointermove pageshow blur keydown popstate", look), window.Navigation ? navigation.addEventListener("currententrychange", look) : ["pushState", "replaceState"].map((name) => {
    let original = history[name];
    history[name] = (...change) => {
      original.apply(history, change), look({});
    };
  }), look({});
};

// src/modules/clicks.js
var FILE = /\.(pdf|zip|gz|exe|dmg|csv|docx?|xlsx?|pptx?|mp[34])$/i, PRIVATE = "[data-hg-mask],[contenteditable],input,textarea,select", clicks = () => {
  on("click auxclick", ({ target, button }) => {
    if (!target.closest || button > 1) return;
    let control = target.closest("[type=submit],button,[role=button]"), link = target.closest("a[href]"), { id } = target.closest("[id]") || {}, named = control || link || !target.firstElementChild && target, text = named && !named.closest(PRIVATE) && !named.querySelector(PRIVATE) ? named.textContent.trim().slice(0, 200) : void 0;
    if (track("click", { text, element: target.tagName, id }), control && track("button_click", { buttonText: text, buttonId: control.id }), link) {
      let [, extension] = link.pathname.split(FILE);
      extension || link.download ? track("file_download", { extension, url: link.href }) : link.host && link.host !== location.host && track("outbound_link", { linkText: text, linkUrl: link.href });
    }
  }), on("copy", () => track("copy")), on("beforeprint", () => track("print"));
};

// src/favourite.js
var favour = (colour2, source = "chosen") => colour2 && track("favourite_colour", { source, colour: colour2 });

// src/modules/colour.js
var clicked = {}, most, sent, hex = (colour2) => /^rgb\(/.test(colour2) && "#" + /** @type {any} */
colour2.match(/\d+/g).map((part) => (256 + +part).toString(16).slice(1)).join(""), colour = () => {
  let probe = document.createElement("i");
  probe.style.color = "AccentColor", document.head.append(probe), probe.style.color && favour(hex(getComputedStyle(probe).color), "system"), probe.remove(), on("change", ({ target }) => target.matches("[data-hg-favourite-colour]") && favour(target.value)), on(
    "click",
    ({ target }) => (
      // Looking up a style takes time, which is not the click's.
      setTimeout(() => {
        let colour2;
        for (; target && !colour2; target = target.parentElement) colour2 = hex(getComputedStyle(target).backgroundColor);
        colour2 && ((clicked[colour2] = -~clicked[colour2]) <= clicked[most] || (most = colour2));
      })
    )
  ), leaving.push(() => {
    most !== sent && favour(sent = most, "clicked");
  });
};

// src/modules/consent.js
var know = (isGiven) => {
  let [, known] = document.cookie.match(/hgpixel_id=([\w-]+)/) || [], isWanted = isGiven || options.identity && !/** @type {any} */
  navigator.globalPrivacyControl && navigator.doNotTrack != /** @type {any} */
  1, id = isGiven === !1 ? void 0 : known || (isWanted ? newId() : void 0);
  id !== known && (document.cookie = `hgpixel_id=${id};path=/;samesite=lax;max-age=${id ? 34164e3 : 0}${isSecureContext ? ";secure" : ""}`), hg.e = id;
};

// src/modules/errors.js
var ERRORS_MAX = 10, seen = /* @__PURE__ */ new Set(), errors = () => {
  on("error unhandledrejection", ({ reason, filename, message, lineno }) => {
    message = message || reason && (reason.message || reason) + "", message && seen.size < ERRORS_MAX && seen.size < seen.add(message + filename + lineno).size && track("error", { source: filename, message, line: lineno });
  });
};

// src/modules/forms.js
var begun = /* @__PURE__ */ new Map(), report = (event, form, data) => (
  // The property `id` of a form may be one of its fields.
  track("form_" + event, { formId: form.getAttribute("id"), ...data })
), forms = () => {
  on("input", ({ target }) => {
    let form = target.closest("form");
    if (!form) return;
    let field = target.name || target.id, fields = begun.get(form);
    fields || report("start", form, { field }), begun.set(form, [...(fields || []).filter((name) => name !== field), field]);
  }), on("submit", ({ target }) => {
    report("submit", target), begun.delete(target);
  }), leaving.push((isNew, isClosed) => {
    !isNew && !isClosed || (begun.forEach((fields, form) => report("abandon", form, { fields: fields.join(), lastField: fields.pop() })), begun.clear());
  });
};

// src/modules/performance.js
var interactions = {}, page, fcp, lcp, cls = 0, session = 0, first = 0, last3 = 0, see = ({ entryType, value, size, hadRecentInput, duration, startTime, interactionId }) => {
  entryType === "paint" && (fcp = startTime), size && (lcp = startTime), interactionId && (interactions[interactionId] = Math.max(duration, interactions[interactionId] || 0)), value && !hadRecentInput && ((startTime - last3 >= 1e3 || startTime - first >= 5e3) && (session = 0, first = startTime), last3 = startTime, session += value, cls = Math.max(cls, session));
}, report2 = (isNew) => {
  if (isNew || !page) return;
  let [load = {}] = (
    /** @type {any[]} */
    performance.getEntriesByType("navigation")
  ), times = {
    ttfb: load.responseStart,
    lcp,
    fcp,
    totalTime: load.loadEventEnd,
    domInteractive: load.domInteractive
  };
  for (let key in times) times[key] = Math.max(0, Math.round(times[key] - (load.activationStart || 0)));
  let durations = Object.values(interactions).sort((a, b) => b - a);
  track("performance_metrics", { ...times, cls, inp: durations[durations.length / 50 | 0] }, void 0, page), page = "";
}, vitals = () => {
  page = /** @type {any} */
  (document.prerendering || !document.hidden) && here(), leaving.push(report2), "paint largest-contentful-paint layout-shift event".split(" ").map(
    (type) => new PerformanceObserver((list) => list.getEntries().map(see)).observe(
      /** @type {any} */
      { type, durationThreshold: 40, buffered: !0 }
    )
  );
};

// src/visit/names.js
var names = (modules2 = "") => new Set((modules2 === "all" ? "clicks forms errors colour performance" : `${modules2}`).match(/\w+/g));

// src/shape/modules.js
var modules = { clicks, forms, errors, colour, performance: vitals }, begin = () => {
  visit(), setTimeout(prepare), setTimeout(() => {
    prepare() || (attend(), names(options.modules).forEach((name) => modules[name] && modules[name]()));
  });
}, consent = (isGiven) => {
  prepare(), flush(), know(isGiven);
};

// src/tracker.js
var starts = 0, calls = {
  f: 1,
  /**
   * Starts counting for a site. A second call changes the options and counts nothing again.
   * @param {string} site The site's key.
   * @param {import("./options.js").Options} [given]
   */
  initialize(site, given) {
    flush(), Object.assign(options, given, { site, b: 0 }), starts++ || begin();
  },
  trackEvent: track,
  /** @param {any[]} item An event and when it was, or the name of a call and its arguments in an array. */
  push([name, data, time]) {
    data && data.map ? hg[name](...data) : track(name, data, time);
  },
  consent,
  setFavouriteColour: favour
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
