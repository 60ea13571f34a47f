import assert from "node:assert/strict";
import test from "node:test";
import { Browser, Storage, open } from "./browser.js";

test("the first view is counted once, with what it says about page and device", async () => {
  const page = await open();
  const [view, ...others] = page.events;
  assert.equal(others.length, 0);
  assert.equal(page.requests[0].url, "https://stats.example/track");
  assert.equal(view.type, "pageview");
  assert.deepEqual(
    [view.site, view.url, view.title, view.referrer, view.language],
    ["shop", "https://shop.example/start?q=1", "Shop", "https://search.example/", "de-AT"],
  );
  assert.equal(view.device.screen, "390x844");
  assert.equal(view.device.viewport, "390x1000");
  assert.equal(view.device.colorScheme, "dark");
  assert.ok(view.device.timeZone);
  assert.ok(Math.abs(view.sentAt - view.time - 500) < 2);
});

test("a page that carries the script twice is counted once", async () => {
  const page = new Browser().include();
  await page.wait(1_000);
  page.close();
  assert.equal(page.typed("pageview").length, 1);
  assert.equal(page.typed("engagement").length, 1);
});

test("a second call of initialize counts nothing again, and changes the options", async () => {
  const page = await open();
  page.window.hgTracking.initialize("shop", { userId: "u1" });
  page.window.hgTracking.trackEvent("signup");
  await page.wait(1_000);
  assert.equal(page.typed("pageview").length, 1);
  assert.equal(page.typed("signup")[0].userId, "u1");
});

test("calls made before the script came are answered, and keep their time", async () => {
  const before = (window) => {
    window.hgTracking = [["plain", { a: 1 }], ["early", { b: 2 }, 1_790_000_000_000], ["initialize", ["other"]]];
  };
  const page = await open({ tag: { site: undefined }, before });
  assert.equal(page.typed("early")[0].time, 1_790_000_000_000);
  assert.deepEqual(page.typed("plain")[0].data, { a: 1 });
  assert.ok(page.events.every(({ site }) => site === "other"));
});

test("what a page kept of the queue stays the tracker, under both names", async () => {
  let kept;
  const page = await open({ before: (window) => (kept = window.hgTracking = []) });
  kept.push(["later"]);
  page.window.hg.push(["latest"]);
  await page.wait(1_000);
  assert.equal(page.typed("later").length, 1);
  assert.equal(page.typed("latest").length, 1);
});

for (const navigation of [true, false])
  test(`a new address is a new page ${navigation ? "with" : "without"} the Navigation API`, async () => {
    const page = await open({ navigation });
    page.window.history.pushState({}, "", "/basket");
    page.document.title = "Basket";
    page.happen("pointermove");
    await page.wait(1_000);
    page.window.history.replaceState({}, "", "/paid");
    page.happen("popstate");
    await page.wait(1_000);
    page.window.history.replaceState({}, "", "/paid#thanks");
    page.happen("popstate");
    await page.wait(1_000);
    const views = page.typed("pageview");
    assert.deepEqual(
      views.map(({ url, title, referrer }) => [url, title, referrer]),
      [
        ["https://shop.example/start?q=1", "Shop", "https://search.example/"],
        ["https://shop.example/basket", "Basket", "https://shop.example/start?q=1"],
        ["https://shop.example/paid", "Basket", "https://shop.example/basket"],
      ],
    );
    const [engagement] = page.typed("engagement");
    assert.deepEqual([engagement.url, engagement.title], ["https://shop.example/start?q=1", "Shop"]);
  });

test("with the option hash, a fragment is part of the path", async () => {
  const page = await open({ tag: { hash: "true" } });
  page.go("/#/users");
  await page.wait(1_000);
  assert.deepEqual(
    page.typed("pageview").map(({ url }) => url),
    ["https://shop.example/start/top?q=1", "https://shop.example/users"],
  );
});

test("a page made ahead counts when it is shown, and not before", async () => {
  const page = await open({ hidden: true });
  page.window.hgTracking.trackEvent("ready");
  await page.wait(5_000);
  assert.equal(page.requests.length, 0);
  page.show();
  await page.wait(1_000);
  assert.deepEqual(page.events.map(({ type }) => type).sort(), ["pageview", "ready"]);
});

test("a page that comes back from the back-forward cache counts again", async () => {
  const page = await open();
  page.close();
  await page.wait(60_000);
  page.document.hidden = false;
  page.happen("pageshow", { persisted: true });
  await page.wait(1_000);
  assert.equal(page.typed("pageview").length, 2);
  page.happen("pageshow", { persisted: false });
  await page.wait(1_000);
  assert.equal(page.typed("pageview").length, 2);
});

test("a person who opted out on this device is not counted at all", async () => {
  const storage = new Storage();
  storage.hgpixel_ignore = "true";
  const page = await open({ storage, tag: { identity: "cookie", modules: "all" } });
  page.window.hgTracking.trackEvent("signup");
  page.close();
  await page.wait(5_000);
  assert.deepEqual([page.requests.length, page.beacons.length, page.scripts.length, page.document.cookie], [0, 0, 0, ""]);
});

test("a robot's confession is passed on", async () => {
  for (const webdriver of [false, true]) assert.equal((await open({ navigator: { webdriver } })).events[0].webdriver, webdriver);
});

test("modules lie beside the script, also under a pinned address, and get its nonce", async () => {
  const page = await open({ tag: { src: "https://stats.example/static/0a1b/app.js", nonce: "n1", modules: "clicks forms clicks" } });
  assert.deepEqual(
    page.scripts.map(({ src, nonce }) => [String(src), nonce]),
    ["visit", "clicks", "forms"].map((name) => [`https://stats.example/static/0a1b/${name}.js`, "n1"]),
  );
  assert.equal(page.requests[0].url, "https://stats.example/track");
});

test("a module that does not come costs nothing else", async () => {
  const page = await open({ tag: { modules: "clicks errors" }, blocked: ["clicks.js"] });
  page.happen("error", { message: "oops", filename: "a.js", lineno: 1, colno: 2 });
  await page.wait(1_000);
  assert.equal(page.typed("error").length, 1);
  const bare = await open({ blocked: ["visit.js"] });
  bare.window.hgTracking.trackEvent("signup");
  bare.hide();
  assert.deepEqual(bare.events.map(({ type }) => type), ["pageview", "signup"]);
});

test("engagement is time in front of the page, and how deep somebody came", async () => {
  const page = await open();
  await page.wait(9_000);
  page.window.scrollY = 1_000;
  page.happen("scroll");
  page.window.scrollY = 0;
  page.happen("scroll");
  page.hide();
  const [first] = page.typed("engagement");
  assert.ok(Math.abs(first.data.engaged - 10_000) < 5, first.data.engaged);
  assert.equal(first.data.scroll, 50);

  await page.wait(60_000);
  page.show();
  page.hide();
  assert.equal(page.typed("engagement").length, 1, "nothing new, nothing sent");
  page.show();
  await page.wait(2_000);
  page.close();
  assert.deepEqual(page.typed("engagement")[1].data, { engaged: 2_000, scroll: 50 });
  assert.equal(page.typed("engagement").length, 2);
});

test("who has gone away without leaving is not engaged for more than a minute", async () => {
  const page = await open();
  page.happen("keydown");
  await page.wait(3_600_000);
  page.hide();
  assert.ok(page.typed("engagement")[0].data.engaged <= 61_000);
});

test("each page of an app has its own engagement", async () => {
  const page = await open();
  page.window.scrollY = 3_000;
  page.happen("scroll");
  page.go("/two");
  page.window.scrollY = 0;
  page.happen("scroll");
  await page.wait(3_000);
  page.hide();
  assert.deepEqual(
    page.typed("engagement").map(({ url, data }) => [new URL(url).pathname, data.engaged, data.scroll]),
    [
      ["/start", 1_000, 100],
      ["/two", 3_000, 25],
    ],
  );
});
