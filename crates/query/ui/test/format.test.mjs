import { test } from "node:test";
import assert from "node:assert/strict";
import { change, changeText, duration, exact, figure, momentText, spanText, tickText } from "../src/dashboard/format";

test("figures are short, and exact where there is room", () => {
  const check = (value, kind, text) => assert.equal(figure(value, kind), text);
  check(9_999, "count", "9,999");
  check(12_345, "count", "12.3K");
  check(42.4, "percent", "42%");
  check(4.25, "percent", "4.3%");
  check(0, "percent", "0%");
  check(2.5, "decimal", "2.5");
  check(247, "seconds", "4m 07s");
  check(812, "milliseconds", "812 ms");
  check(2_512, "milliseconds", "2.51 s");
  check(0.1234, "score", "0.123");
  check(null, "count", "–");
  assert.equal(exact(12_345, "count"), "12,345");
});

test("durations", () => {
  assert.deepEqual([0, 58, 60, 3_599, 3_720].map(duration), ["0s", "58s", "1m 00s", "59m 59s", "1h 02m"]);
});

test("a rate changes by points, a count by percent", () => {
  assert.equal(change(150, 100, "count"), 50);
  assert.equal(change(5, 0, "count"), undefined);
  assert.equal(change(0, 0, "count"), 0);
  assert.equal(change(50, 40, "percent"), 10);
  assert.equal(change(5, null, "count"), undefined);
  assert.equal(changeText(-12, "count"), "12%");
  assert.equal(changeText(10, "percent"), "10 pp");
  assert.equal(changeText(2_710, "count"), "28×");
});

test("times are the site's, whatever the reader's zone", () => {
  assert.match(tickText("2026-11-27 14:00:00", "hour"), /2:00/);
  assert.match(momentText("2026-11-27", "day"), /Fri.*Nov 27.*2026/);
  assert.match(spanText({ kind: "days", from: "2026-11-21", to: "2026-11-27" }), /Nov 21\s–\s27, 2026/);
});
