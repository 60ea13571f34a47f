import assert from "node:assert/strict";
import test from "node:test";
import { element, open } from "./browser.js";

const withModules = (modules) => open({ tag: { modules } });

/** What a click on `target` is told as, apart from the views. */
const clicked = async (target, event = {}) => {
  const page = await withModules("clicks");
  page.happen("click", { target, button: 0, ...event });
  await page.wait(1_000);
  return page.events.slice(1).map(({ type, data }) => [type, data]);
};

test("a click says what was clicked, and the nearest id", async () => {
  const inner = element("span", {}, "Add");
  element("div", { id: "basket" }, inner);
  assert.deepEqual(await clicked(inner), [["click", { element: "SPAN", text: "Add", id: "basket" }]]);
  assert.deepEqual(await clicked(element("div", {}, inner, "much more")), [["click", { element: "DIV" }]], "no text of whole regions");
});

test("buttons are told of by their own name too", async () => {
  const icon = element("i");
  element("button", { id: "buy" }, icon, "Buy now");
  assert.deepEqual(await clicked(icon), [
    ["click", { element: "I", text: "Buy now", id: "buy" }],
    ["button_click", { buttonText: "Buy now", buttonId: "buy" }],
  ]);
});

test("links to other hosts and to files are told, by any button that opens them", async () => {
  const out = () => element("a", { href: "https://elsewhere.example/x?y#z" }, "Else");
  assert.deepEqual((await clicked(out()))[1], ["outbound_link", { linkText: "Else", linkUrl: "https://elsewhere.example/x?y#z" }]);
  assert.equal((await clicked(out(), { type: "auxclick", button: 1 })).length, 2);
  assert.equal((await clicked(out(), { button: 2 })).length, 0);
  assert.deepEqual((await clicked(element("a", { href: "/files/Terms.PDF?v=1" }, "Terms")))[1], [
    "file_download",
    { url: "https://shop.example/files/Terms.PDF?v=1", extension: "PDF" },
  ]);
  assert.equal((await clicked(element("a", { href: "/export", download: "data" }, "Data")))[1][0], "file_download");
  assert.equal((await clicked(element("a", { href: "/next.js" }, "Docs"))).length, 1);
  assert.equal((await clicked(element("a", { href: "mailto:a@b.example" }, "Mail"))).length, 1);
});

test("copying and printing are told without what was copied", async () => {
  const page = await withModules("clicks");
  page.happen("copy", { target: element("p") });
  page.happen("beforeprint");
  await page.wait(1_000);
  assert.equal(page.typed("copy").length, 1);
  assert.equal(page.typed("print").length, 1);
  assert.doesNotMatch(JSON.stringify(page.requests), /chosen words/);
});

test("nothing is read from fields or masked elements, and nothing is told from ignored ones", async () => {
  const secret = "hunter2";
  const masked = element("b", {}, secret);
  element("p", { "data-hg-mask": "" }, masked);
  const written = element("b", {}, secret);
  element("div", { contenteditable: "" }, written);
  const targets = [
    masked,
    written,
    element("textarea", {}, secret),
    element("input", { type: "submit", value: secret }),
    element("button", {}, element("span", { "data-hg-mask": "" }, secret)),
    element("a", { href: "/" }, element("textarea", {}, secret)),
  ];
  for (const target of targets) {
    const events = await clicked(target);
    assert.ok(events.length, "the click itself counts");
    assert.doesNotMatch(JSON.stringify(events), /hunter2/);
  }
  const ignored = element("button", {}, "Shh");
  element("div", { "data-hg-ignore": "" }, ignored);
  assert.deepEqual(await clicked(ignored), []);

  const page = await withModules("all");
  for (const type of ["input", "submit", "change", "copy", "click"]) page.happen(type, { target: ignored, button: 0 });
  await page.wait(1_000);
  assert.deepEqual(page.events.map(({ type }) => type), ["pageview", "favourite_colour"]);
});

const form = () => {
  const email = element("input", { name: "email", value: "ada@example.com" });
  const password = element("input", { name: "password", type: "password", value: "hunter2" });
  const node = element("form", { id: "join" }, email, password);
  return { node, email, password };
};

test("a form that is begun and sent", async () => {
  const page = await withModules("forms");
  const { node, email } = form();
  page.happen("input", { target: email });
  page.happen("input", { target: email });
  page.happen("submit", { target: node });
  page.close();
  await page.wait(1_000);
  assert.deepEqual(
    page.events.filter(({ type }) => /form/.test(type)).map(({ type, data }) => [type, data]),
    [
      ["form_start", { formId: "join", field: "email" }],
      ["form_submit", { formId: "join" }],
    ],
  );
});

test("a form that is left says which fields were touched, never what is in them", async () => {
  const page = await withModules("forms");
  const { email, password } = form();
  for (const target of [email, password, email]) page.happen("input", { target });
  page.hide();
  page.show();
  assert.equal(page.typed("form_abandon").length, 0, "another tab is not the end");
  page.close();
  await page.wait(1_000);
  assert.deepEqual(page.typed("form_abandon").map(({ data }) => data), [
    { formId: "join", fields: "password,email", lastField: "email" },
  ]);
  assert.doesNotMatch(JSON.stringify([page.requests, page.beacons]), /hunter2|ada@/);
});

test("a form is left when an app shows another page", async () => {
  const page = await withModules("forms");
  page.happen("input", { target: form().email });
  page.go("/other");
  await page.wait(1_000);
  assert.equal(page.typed("form_abandon")[0].url, "https://shop.example/start?q=1");
});

const vitals = async (see, entries = {}) => {
  const page = await open({ tag: { modules: "performance" } });
  page.entries = {
    navigation: [{ responseStart: 120.4, domInteractive: 480, loadEventEnd: 900 }],
    ...entries,
  };
  see(page);
  page.hide();
  page.show();
  page.close();
  await page.wait(1_000);
  assert.equal(page.typed("performance_metrics").length, 1, "once per load");
  return page.typed("performance_metrics")[0];
};

test("times of the load are told in whole milliseconds, for the page that was loaded", async () => {
  const { data, url } = await vitals((page) => {
    page.see("paint", { entryType: "paint", startTime: 290 });
    page.see("paint", { entryType: "paint", startTime: 300 });
    page.see("largest-contentful-paint", { startTime: 350, size: 10 });
    page.see("largest-contentful-paint", { startTime: 410.6, size: 20 });
    page.go("/two");
  });
  assert.deepEqual(data, { totalTime: 900, ttfb: 120, domInteractive: 480, fcp: 300, lcp: 411, cls: 0 });
  assert.equal(url, "https://shop.example/start?q=1");
});

test("a page made ahead is timed from when it was wanted", async () => {
  const navigation = [{ activationStart: 400, responseStart: 100, domInteractive: 450, loadEventEnd: 900 }];
  const { data } = await vitals(() => {}, { navigation });
  assert.deepEqual([data.ttfb, data.domInteractive, data.totalTime], [0, 50, 500]);
});

test("browsers that know no such timing cost nothing else", async () => {
  const { data } = await vitals(() => {}, { navigation: [] });
  assert.deepEqual(Object.entries(data).filter(([, value]) => value !== null), [["cls", 0]]);
});

test("CLS is the worst window of shifts, with gaps below 1 s and at most 5 s long", async () => {
  const check = async (shifts, expected) => {
    const { data } = await vitals((page) =>
      shifts.forEach(([startTime, value, hadRecentInput]) => page.see("layout-shift", { startTime, value, hadRecentInput })),
    );
    assert.ok(Math.abs(data.cls - expected) < 1e-9, `${data.cls}`);
  };
  await check([[100, 0.1], [900, 0.1]], 0.2);
  await check([[100, 0.1], [1_100, 0.15]], 0.15);
  await check([[5_000, 0.1], [5_500, 0.5, true]], 0.1);
  await check([0, 900, 1_800, 2_700, 3_600, 4_500, 5_400].map((at) => [10_000 + at, 0.1]), 0.6);
});

test("INP is the slowest interaction, one in fifty left out", async () => {
  const check = async (durations, expected) => {
    const { data } = await vitals((page) =>
      durations.forEach((duration, n) => {
        page.see("event", { interactionId: n + 1, duration: duration / 2 });
        page.see("event", { interactionId: n + 1, duration });
        page.see("event", { interactionId: 0, duration: 9_999 });
      }),
    );
    assert.equal(data.inp, expected);
  };
  await check([], undefined);
  await check([40, 200, 80], 200);
  await check([...Array(49).fill(50), 300], 50);
  await check([...Array(48).fill(50), 300], 300);
});

test("an error is told once, and at most ten are", async () => {
  const page = await withModules("errors");
  const oops = { message: "oops", filename: "https://shop.example/a.js", lineno: 3, colno: 7 };
  page.happen("error", oops);
  page.happen("error", oops);
  page.happen("error", { target: element("img") });
  page.happen("unhandledrejection", { reason: new Error("late") });
  page.happen("unhandledrejection", { reason: "plain" });
  for (let line = 0; line < 20; line++) page.happen("error", { ...oops, lineno: 100 + line });
  await page.wait(1_000);
  const errors = page.typed("error").map(({ data }) => data);
  assert.deepEqual(errors[0], { message: "oops", source: "https://shop.example/a.js", line: 3 });
  assert.deepEqual(errors.slice(1, 3), [
    { message: "late" },
    { message: "plain" },
  ]);
  assert.equal(errors.length, 10);
});

test("colours: of the system, the most clicked, the chosen", async () => {
  const page = await withModules("colour");
  const painted = (backgroundColor, ...children) => Object.assign(element("div", {}, ...children), { style: { backgroundColor } });
  const clear = painted("rgba(0, 0, 0, 0)");
  const red = painted("rgb(255, 0, 0)", clear);
  const blue = painted("rgb(0, 0, 255)");
  for (const target of [blue, clear, red]) {
    page.happen("click", { target });
    await page.wait();
  }
  page.happen("change", { target: element("input", { type: "color", "data-hg-favourite-colour": "", value: "#00ff7f" }) });
  page.happen("change", { target: element("input", { type: "color", value: "#123456" }) });
  page.window.hgTracking.setFavouriteColour("#ff1493");
  await page.wait(1_000);
  page.hide();
  await page.wait();
  page.show();
  page.hide();
  await page.wait();
  assert.deepEqual(
    page.typed("favourite_colour").map(({ data }) => [data.colour, data.source]),
    [
      ["#0063ce", "system"],
      ["#00ff7f", "chosen"],
      ["#ff1493", "chosen"],
      ["#ff0000", "clicked"],
    ],
  );
});

test("one word turns every module on", async () => {
  const page = await withModules("all");
  page.happen("click", { target: element("button", {}, "Go"), button: 0 });
  page.happen("input", { target: form().email });
  page.happen("error", { message: "oops" });
  page.close();
  await page.wait(1_000);
  assert.deepEqual(
    [...new Set(page.events.map(({ type }) => type))].sort(),
    ["button_click", "click", "engagement", "error", "favourite_colour", "form_abandon", "form_start", "pageview", "performance_metrics"],
  );
});
