import assert from "node:assert/strict";
import test from "node:test";
import { Browser, Locks, Storage, open } from "./browser.js";

const ids = (events) => events.map(({ id }) => id);

test("ids are of version 7, carry the time, and sort in the order of the events", async () => {
  const page = await open();
  for (let n = 0; n < 50; n++) page.window.hgTracking.trackEvent("n", { n });
  await page.wait(1_000);
  const { events } = page;
  events.forEach(({ id, time }) => {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const made = parseInt(id.replace("-", "").slice(0, 12), 16);
    assert.ok(made >= time && made < time + 60, `${made} ${time}`);
  });
  assert.deepEqual(ids(events), ids(events).sort());
  assert.equal(new Set(ids(events)).size, 51);
});

test("events of one moment go together, within a second", async () => {
  const page = await open();
  page.window.hgTracking.trackEvent("a");
  await page.wait(300);
  page.window.hgTracking.trackEvent("b");
  await page.wait(700);
  assert.equal(page.requests.length, 2);
  assert.deepEqual(page.requests[1].batch.events.map(({ type }) => type), ["a", "b"]);
});

test("batches are at most 15 kB and 100 events", async () => {
  const page = await open();
  for (let n = 0; n < 300; n++) page.window.hgTracking.trackEvent("n");
  for (let n = 0; n < 20; n++) page.window.hgTracking.trackEvent("long", { text: "ü".repeat(1_500) });
  await page.wait(1_000);
  assert.equal(page.events.length, 321);
  assert.equal(new Set(ids(page.events)).size, 321);
  page.requests.forEach(({ body, batch }) => {
    assert.ok(body.length <= 15_000, `${body.length}`);
    assert.ok(Buffer.byteLength(body) <= 60_000);
    assert.ok(batch.events.length <= 100);
  });
});

test("however much a page has to say before the script comes, it arrives", async () => {
  const before = (window) => {
    window.hgTracking = Array.from({ length: 150 }, (_, n) => ["early", { n, text: "x".repeat(n > 100 ? 1_500 : 0) }]);
  };
  const page = new Browser({ before });
  page.answer = ({ events }) => ({ status: events.length > 100 || JSON.stringify(events).length > 65_536 ? 413 : 204 });
  await page.wait(5_000);
  page.window.hgTracking.trackEvent("last");
  await page.wait(1_000);
  assert.equal(page.events.length, 152);
  assert.ok(page.batches.every(({ lost }) => !Object.keys(lost ?? {}).length));
});

test("a giant goes alone, and one that no browser takes is refused and counted", async () => {
  const page = await open();
  page.answer = ({ events }) => (JSON.stringify(events).length > 65_536 ? null : { status: 204 });
  page.window.hgTracking.trackEvent("giant", { text: "x".repeat(20_000) });
  page.window.hgTracking.trackEvent("monster", { text: "x".repeat(70_000) });
  await page.wait(5_000);
  page.window.hgTracking.trackEvent("after");
  await page.wait(5_000);
  assert.equal(page.typed("giant").length, 1);
  assert.deepEqual(page.typed("after")[0].lost, { refused: 1 });
  assert.deepEqual(Object.keys(page.storage), []);
});

test("a page in health never touches the device", async () => {
  const page = await open();
  await page.wait(60_000);
  page.close();
  assert.deepEqual(Object.keys(page.storage), []);
  assert.equal(page.document.cookie, "");
});

for (const answer of [null, { status: 408 }, { status: 429 }, { status: 500 }, { status: 503 }])
  test(`what was answered ${answer ? answer.status : "with nothing"} is kept, and goes again with the same ids`, async () => {
    const page = await open();
    page.answer = answer;
    page.window.hgTracking.trackEvent("signup");
    await page.wait(600);
    const [id] = ids(page.kept[0].events);
    assert.equal(page.kept[0].url, "https://shop.example/start?q=1");
    page.answer = { status: 204 };
    await page.wait(3_000);
    assert.deepEqual(ids(page.typed("signup")), [id]);
    assert.deepEqual(Object.keys(page.storage), []);
  });

for (const status of [400, 401, 404, 413, 415])
  test(`what was answered ${status} is dropped, and counted in the next batch`, async () => {
    const page = await open();
    page.answer = { status };
    page.window.hgTracking.trackEvent("a");
    page.window.hgTracking.trackEvent("b");
    await page.wait(60_000);
    assert.equal(page.requests.length, 2);
    page.answer = { status: 204 };
    page.window.hgTracking.trackEvent("c");
    await page.wait(1_000);
    page.window.hgTracking.trackEvent("d");
    await page.wait(1_000);
    assert.deepEqual(page.typed("c")[0].lost, { refused: 2 });
    assert.deepEqual(page.typed("d")[0].lost, {});
    assert.deepEqual(Object.keys(page.storage), []);
  });

test("a batch that fails before the module is there is taken over by it", async () => {
  const page = new Browser();
  page.answer = { status: 503 };
  page.hide();
  await page.wait(600);
  assert.equal(page.kept[0].events[0].type, "pageview");
  page.answer = { status: 204 };
  await page.wait(5_000);
  assert.equal(page.typed("pageview").length, 1);
});

test("waiting doubles from a second to five minutes, with jitter", async () => {
  const page = await open();
  page.answer = { status: 503 };
  page.window.hgTracking.trackEvent("a");
  await page.wait(3_600_000);
  const times = page.requests.slice(1).map(({ at }) => at);
  const waits = times.slice(1).map((at, n) => at - times[n]);
  // A tab waits a moment more before it looks at what waits.
  const most = (wait) => 2 * wait + 100;
  [1_000, 2_000, 4_000, 8_000].forEach((wait, n) => assert.ok(waits[n] >= wait && waits[n] <= most(wait), `${waits}`));
  assert.ok(Math.max(...waits) <= most(150_000));
  assert.ok(Math.max(...waits) > 150_000);
  assert.notEqual(waits.at(-1), waits.at(-2));
});

test("Retry-After is honoured, and nothing is sent before", async () => {
  const check = async (after, least) => {
    const page = await open();
    page.answer = { status: 429, headers: { "Retry-After": after } };
    page.window.hgTracking.trackEvent("a");
    await page.wait(600);
    page.answer = { status: 204 };
    page.window.hgTracking.trackEvent("b");
    await page.wait(least - 200);
    assert.equal(page.requests.length, 2);
    // Not all that were sent away are to come back in the same moment.
    await page.wait(2 * least + 1_000);
    assert.deepEqual(page.events.map(({ type }) => type), ["pageview", "a", "b"]);
  };
  await check("30", 30_000);
  await check("86400", 3_600_000);
  await check("Wed, 21 Oct 2026 07:28:00 GMT", 1_000);
});

test("coming online tries at once", async () => {
  const page = await open();
  page.answer = null;
  page.window.hgTracking.trackEvent("a");
  await page.wait(30_000);
  page.answer = { status: 204 };
  page.happen("online");
  await page.wait(200);
  assert.equal(page.typed("a").length, 1);
});

test("a tab closed with events waiting leaves them to the next page", async () => {
  const page = await open();
  page.answer = { status: 503 };
  page.window.hgTracking.trackEvent("a");
  await page.wait(700);
  page.window.hgTracking.trackEvent("b");
  page.close();
  assert.equal(page.beacons.length, 0);
  const next = await open({ storage: page.storage });
  assert.deepEqual(next.events.map(({ type }) => type).sort(), ["a", "b", "engagement", "pageview"]);
  assert.deepEqual(Object.keys(next.storage), []);
});

test("on leaving, what was gathered goes by beacon, and what is under way goes on by itself", async () => {
  const page = await open();
  page.answer = "never";
  page.window.hgTracking.trackEvent("under way");
  await page.wait(600);
  page.window.hgTracking.trackEvent("gathered");
  page.close();
  const types = page.beacons.flatMap(({ events }) => events.map(({ type }) => type));
  assert.deepEqual(types, ["gathered", "engagement"]);
  assert.ok(page.requests[1].keepalive);
  assert.deepEqual(Object.keys(page.storage), []);
});

test("a beacon that the browser refuses is kept for the next page", async () => {
  const page = await open();
  page.takesBeacons = false;
  page.window.hgTracking.trackEvent("a");
  page.close();
  assert.deepEqual(page.kept[0].events.map(({ type }) => type), ["a", "engagement"]);
  const next = await open({ storage: page.storage });
  assert.equal(next.typed("a").length, 1);
});

for (const [name, storage] of [
  ["is blocked", () => null],
  ["is full", () => new Storage({ limit: 10 })],
])
  test(`events survive in memory where storage ${name}`, async () => {
    const page = await open({ storage: storage() });
    page.answer = { status: 503 };
    page.window.hgTracking.trackEvent("a");
    await page.wait(700);
    page.window.hgTracking.trackEvent("b");
    await page.wait(700);
    page.answer = { status: 204 };
    await page.wait(10_000);
    assert.deepEqual(page.events.map(({ type }) => type), ["pageview", "a", "b"]);
  });

test("a site may want nothing kept on the device", async () => {
  const page = await open({ tag: { queue: "memory" } });
  page.answer = { status: 503 };
  page.window.hgTracking.trackEvent("a");
  await page.wait(700);
  assert.deepEqual(Object.keys(page.storage), []);
  page.answer = { status: 204 };
  await page.wait(5_000);
  assert.equal(page.typed("a").length, 1);
});

test("something else under our key is survived", async () => {
  const storage = new Storage();
  storage.hgpixel_event = "{";
  const page = await open({ storage });
  page.answer = { status: 503 };
  page.window.hgTracking.trackEvent("a");
  await page.wait(700);
  page.answer = { status: 204 };
  await page.wait(5_000);
  assert.equal(page.typed("a").length, 1);
});

test("at most 100 events wait; the oldest are given up and counted", async () => {
  const page = await open();
  page.answer = null;
  for (let n = 0; n < 130; n++) {
    page.window.hgTracking.trackEvent("n", { n });
    await page.wait(600);
  }
  const kept = page.kept.flatMap(({ events }) => events);
  assert.equal(kept.length, 100);
  assert.equal(kept.at(-1).data.n, 129);
  page.answer = { status: 204 };
  page.happen("online");
  await page.wait();
  page.window.hgTracking.trackEvent("last");
  await page.wait(1_000);
  const lost = page.batches.reduce((sum, batch) => sum + (batch.lost?.overflow ?? 0), 0);
  assert.equal(lost, 30);
  assert.equal(page.typed("n").length + lost, 130);
});

test("at most 200 kB wait", async () => {
  const page = await open();
  page.answer = null;
  for (let n = 0; n < 40; n++) {
    page.window.hgTracking.trackEvent("n", { text: "x".repeat(9_000) });
    await page.wait(600);
  }
  assert.ok(JSON.stringify(page.kept).length <= 200_000);
  assert.ok(page.kept.length > 15);
});

test("what waited for more than a week is given up and counted", async () => {
  const page = await open();
  page.answer = { status: 503 };
  page.window.hgTracking.trackEvent("old");
  await page.wait(700);
  const next = await open({ storage: page.storage, now: page.now + 8 * 24 * 3_600_000 });
  next.window.hgTracking.trackEvent("new");
  await next.wait(1_000);
  assert.equal(next.typed("old").length, 0);
  assert.equal(next.batches.find(({ lost }) => lost?.expired).lost.expired, 1);
});

test("two tabs send what waits once", async () => {
  const storage = new Storage();
  const [one, two] = [await open({ storage }), await open({ storage })];
  two.window.navigator.locks = one.window.navigator.locks = new Locks();
  for (const tab of [one, two]) {
    tab.answer = null;
    tab.window.hgTracking.trackEvent("a");
    await tab.wait(600);
  }
  assert.equal(one.kept.length, 2);
  one.answer = two.answer = { status: 204 };
  one.happen("online");
  two.happen("online");
  await one.wait(200);
  await two.wait(200);
  const sent = [...one.typed("a"), ...two.typed("a")];
  assert.equal(new Set(ids(sent)).size, 2);
  assert.equal(sent.length, 2);
  assert.deepEqual(Object.keys(storage), []);
});

test("what a tab sees late of another one is sent once, and lost never", async () => {
  const [one, two] = [await open({ storage: new Storage() }), await open({ storage: new Storage() })];
  two.window.navigator.locks = one.window.navigator.locks = new Locks();
  const seesLate = (tab, other) =>
    other.storage.told.push((key, value) => tab.window.setTimeout(() => tab.storage.see(key, value), 50));
  for (const tab of [one, two]) {
    tab.answer = null;
    tab.window.hgTracking.trackEvent("a");
  }
  seesLate(one, two);
  seesLate(two, one);
  // At the same moment, so that neither has seen the other's.
  await one.wait(510);
  await two.wait(510);
  one.answer = two.answer = { status: 204 };
  await one.wait(60);
  await two.wait(60);
  assert.equal(one.kept.length, 2);
  assert.equal(two.kept.length, 2);
  one.happen("online");
  two.happen("online");
  await one.wait(200);
  await two.wait(200);
  const sent = [...one.typed("a"), ...two.typed("a")];
  assert.equal(new Set(ids(sent)).size, 2);
  assert.equal(sent.length, 2);
  assert.deepEqual([...Object.keys(one.storage), ...Object.keys(two.storage)], []);
});

test("without locks, two tabs lose nothing", async () => {
  const storage = new Storage();
  const [one, two] = [await open({ storage, locks: false }), await open({ storage, locks: false })];
  for (const tab of [one, two]) {
    tab.answer = null;
    tab.window.hgTracking.trackEvent("a");
    await tab.wait(600);
    tab.answer = { status: 204 };
  }
  one.happen("online");
  two.happen("online");
  await one.wait(200);
  await two.wait(200);
  assert.equal(new Set(ids([...one.typed("a"), ...two.typed("a")])).size, 2);
  assert.deepEqual(Object.keys(storage), []);
});
