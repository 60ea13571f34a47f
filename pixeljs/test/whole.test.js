import assert from "node:assert/strict";
import test from "node:test";
import { Browser, Storage, element, open } from "./browser.js";

/** A page with the one script that has everything. */
const whole = (given = {}) => open({ ...given, tag: { src: "https://stats.example/static/all.js", ...given.tag } });
const count = (page, type) => page.typed(type).length;

test("one script has every module, and loads nothing else", async () => {
  const page = await whole();
  page.happen("click", { target: element("button", {}, "Go"), button: 0 });
  page.happen("error", { message: "oops" });
  page.window.hgTracking.consent(true);
  page.close();
  await page.wait(1_000);
  assert.deepEqual(
    [...new Set(page.events.map(({ type }) => type))].sort(),
    ["button_click", "click", "engagement", "error", "favourite_colour", "pageview", "performance_metrics"],
  );
  assert.deepEqual(page.scripts, []);
  assert.match(page.document.cookie, /^hgpixel_id=[\w-]{36};/);
  assert.deepEqual(Object.keys(page.storage), []);
});

test("who is known is known from the first view on", async () => {
  const page = await whole({ cookie: "hgpixel_id=01a0c450-6c00-7c3e-8d35-5f0c1d2e3f40" });
  assert.equal(page.typed("pageview")[0].userId, "01a0c450-6c00-7c3e-8d35-5f0c1d2e3f40");
  const asked = await whole({ tag: { identity: "cookie" } });
  assert.match(asked.typed("pageview")[0].userId, /^[\w-]{36}$/);
  const optedOut = await whole({ tag: { identity: "cookie" }, navigator: { globalPrivacyControl: true } });
  assert.equal(optedOut.typed("pageview")[0].userId, undefined);
});

test("a page that is left in the moment in which the script came is counted, and is that of who is known", () => {
  const tag = { src: "https://stats.example/static/all.js" };
  const page = new Browser({ tag, cookie: "hgpixel_id=01a0c450-6c00-7c3e-8d35-5f0c1d2e3f40" });
  page.close();
  assert.equal(count(page, "pageview"), 1);
  assert.equal(page.typed("pageview")[0].userId, "01a0c450-6c00-7c3e-8d35-5f0c1d2e3f40");
  const storage = new Storage();
  storage.hgpixel_ignore = "true";
  const ignored = new Browser({ tag, storage });
  ignored.close();
  assert.deepEqual([ignored.requests, ignored.beacons], [[], []]);
});

test("an app that goes on in that moment has both of its pages counted", async () => {
  const page = new Browser({ tag: { src: "https://stats.example/static/all.js" } });
  page.go("/two");
  await page.wait(1_000);
  assert.deepEqual(page.typed("pageview").map(({ url }) => new URL(url).pathname), ["/start", "/two"]);
});

test("who takes consent back at once has no id, though the site asks for one", async () => {
  const page = new Browser({ hidden: true, tag: { src: "https://stats.example/static/all.js", identity: "cookie" } });
  page.window.hgTracking.consent(false);
  await page.wait(1_000);
  assert.doesNotMatch(page.document.cookie, /hgpixel_id=[\da-f]/);
  page.show();
  await page.wait(1_000);
  assert.equal(page.typed("pageview")[0].userId, undefined);
});

test("calls made before it came are answered; twice included, it counts once", async () => {
  const before = (window) => {
    window.hgTracking = [["early", { a: 1 }, 1_790_000_000_000], ["initialize", ["other"]]];
  };
  const page = new Browser({ before, tag: { site: undefined, src: "https://stats.example/static/all.js" } });
  page.include({ site: undefined, src: "https://stats.example/static/app.js" });
  await page.wait(1_000);
  page.close();
  assert.equal(page.typed("early")[0].time, 1_790_000_000_000);
  assert.ok(page.events.every(({ site }) => site === "other"));
  assert.deepEqual([count(page, "pageview"), count(page, "engagement")], [1, 1]);
});

test("however much there is to say, it goes in pieces that the server takes, also when the page is left", async () => {
  const page = await whole();
  for (let n = 0; n < 300; n++) page.window.hgTracking.trackEvent("n");
  await page.wait(1_000);
  for (let n = 0; n < 20; n++) page.window.hgTracking.trackEvent("long", { text: "ü".repeat(1_500) });
  page.close();
  assert.deepEqual([count(page, "n"), count(page, "long")], [300, 20]);
  for (const batch of page.batches) {
    assert.ok(batch.events.length <= 100);
    assert.ok(Buffer.byteLength(JSON.stringify(batch)) <= 15_000);
  }
});

test("what fails goes again with the same ids; what waits in memory goes by beacon when the page is closed", async () => {
  const page = await whole({ tag: { queue: "memory" } });
  page.answer = { status: 503 };
  page.window.hgTracking.trackEvent("a");
  await page.wait(700);
  const { id } = page.requests.at(-1).batch.events.find(({ type }) => type === "a");
  page.window.hgTracking.trackEvent("b");
  page.close();
  assert.deepEqual([count(page, "a"), count(page, "b")], [1, 1]);
  assert.equal(page.typed("a")[0].id, id);
  assert.deepEqual(Object.keys(page.storage), []);
});

test("data is taken as it is now; what no text can say is an error of the caller alone", async () => {
  const page = await whole();
  const data = { step: 1 };
  page.window.hgTracking.trackEvent("a", data);
  data.step = 2;
  data.itself = data;
  assert.throws(() => page.window.hgTracking.trackEvent("b", data), /circular/);
  await page.wait(1_000);
  assert.deepEqual(page.typed("a")[0].data, { step: 1 });
  assert.equal(count(page, "b"), 0);
});

test("a page that nobody sees does not gather without end", async () => {
  const page = await whole({ hidden: true });
  for (let n = 0; n < 3_000; n++) page.window.hgTracking.trackEvent("n", { n });
  await page.wait(1_000);
  page.show();
  await page.wait(1_000);
  assert.equal(page.typed("n").at(-1).data.n, 998);
});

test("a page made ahead has its times told, though nobody saw it load", async () => {
  const page = await whole({ hidden: true, prerendering: true });
  page.entries = { navigation: [{ activationStart: 400, responseStart: 100, domInteractive: 450, loadEventEnd: 900 }] };
  page.show();
  page.close();
  assert.deepEqual([page.typed("performance_metrics")[0].data.ttfb, page.typed("performance_metrics")[0].data.totalTime], [0, 500]);
});
