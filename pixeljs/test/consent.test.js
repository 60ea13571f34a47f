import assert from "node:assert/strict";
import test from "node:test";
import { open } from "./browser.js";

const COOKIE = /^hgpixel_id=([\w-]{36});path=\/;samesite=lax;max-age=34164000;secure$/;

test("consent starts an id, and what was counted before stays without one", async () => {
  const page = await open();
  page.window.hgTracking.trackEvent("before");
  page.window.hgTracking.consent(true);
  await page.wait();
  page.window.hgTracking.trackEvent("after");
  await page.wait(1_000);
  const [, id] = COOKIE.exec(page.document.cookie);
  assert.equal(page.typed("before")[0].userId, undefined);
  assert.equal(page.typed("after")[0].userId, id);

  const next = await open({ cookie: `a=b; hgpixel_id=${id}` });
  assert.equal(next.typed("pageview")[0].userId, id);
  assert.equal(next.document.cookie, `a=b; hgpixel_id=${id}`, "and is not written again");

  next.window.hgTracking.consent(false);
  await next.wait();
  next.window.hgTracking.trackEvent("later");
  await next.wait(1_000);
  assert.equal(next.document.cookie, "hgpixel_id=undefined;path=/;samesite=lax;max-age=0;secure");
  assert.equal(next.typed("later")[0].userId, undefined);
});

test("identity: cookie gives the first view an id already", async () => {
  const page = await open({ tag: { identity: "cookie" } });
  const [, id] = COOKIE.exec(page.document.cookie);
  assert.equal(page.typed("pageview")[0].userId, id);
  assert.equal(page.typed("pageview").length, 1);
});

test("who does not want to be tracked gets no cookie, unless they consent", async () => {
  for (const navigator of [{ globalPrivacyControl: true }, { doNotTrack: "1" }]) {
    const page = await open({ tag: { identity: "cookie" }, navigator });
    assert.doesNotMatch(page.document.cookie, COOKIE);
    assert.equal(page.typed("pageview")[0].userId, undefined);
    page.window.hgTracking.consent(true);
    await page.wait();
    assert.match(page.document.cookie, COOKIE);
  }
});

test("the first hgpixel's id, given without asking, is not taken up", async () => {
  const page = await open({ cookie: "_hgpixel_user_id=6f1c2d3e-4b5a-4978-8a6b-5c4d3e2f1a0b" });
  assert.equal(page.typed("pageview")[0].userId, undefined);
});

test("a site's own ids go along", async () => {
  const page = await open({ tag: { userId: "u1", sessionId: "s1", identity: "cookie" } });
  assert.deepEqual([page.events[0].userId, page.events[0].sessionId], ["u1", "s1"]);
});

test("a module that does not come does not keep the page from being counted", async () => {
  const page = await open({ tag: { identity: "cookie" }, blocked: ["consent.js"] });
  assert.equal(page.typed("pageview").length, 1);
});
