import { test } from "node:test";
import assert from "node:assert/strict";
import { addDays, addMonths, countDays, dayOf, instantOf, isDay, minutesOf } from "../src/dashboard/days";
import { comparedWith, intervalsOf, soFar, spanOf, step } from "../src/dashboard/period";

const VIENNA = "Europe/Vienna";
const now = { instant: new Date("2026-11-27T14:30:00Z"), zone: VIENNA };
const days = (from, to) => ({ kind: "days", from, to });

test("a day is the one that the site's clocks show", () => {
  assert.equal(dayOf(new Date("2026-11-27T23:30:00Z"), VIENNA), "2026-11-28");
  assert.equal(dayOf(new Date("2026-11-27T23:30:00Z"), "America/New_York"), "2026-11-27");
  assert.equal(minutesOf(now.instant, VIENNA), 15 * 60 + 30);
});

test("days and months are counted on the calendar", () => {
  assert.equal(addDays("2026-02-28", 1), "2026-03-01");
  assert.equal(addMonths("2026-01-31", 1), "2026-02-28");
  assert.equal(addMonths("2024-02-29", -12), "2023-02-28");
  assert.equal(addMonths("2026-12-15", 1), "2027-01-15");
  assert.equal(countDays("2026-10-24", "2026-10-26"), 3);
  assert.ok(isDay("2024-02-29") && !isDay("2026-02-29") && !isDay("2026-2-9") && !isDay("yesterday"));
});

test("an instant follows the changes of the clocks", () => {
  assert.equal(instantOf("2026-11-27", 0, VIENNA).toISOString(), "2026-11-26T23:00:00.000Z");
  assert.equal(instantOf("2026-07-01", 90, VIENNA).toISOString(), "2026-06-30T23:30:00.000Z");
  // 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
  assert.equal(instantOf("2026-03-29", 240, VIENNA).toISOString(), "2026-03-29T02:00:00.000Z");
  assert.equal(instantOf("2026-10-25", 0, VIENNA).toISOString(), "2026-10-24T22:00:00.000Z");
  assert.equal(instantOf("2026-10-26", 0, VIENNA).toISOString(), "2026-10-25T23:00:00.000Z");
});

test("named periods are days", () => {
  const check = (period, from, to) => assert.deepEqual(spanOf(period, now), days(from, to));
  check({ name: "day" }, "2026-11-27", "2026-11-27");
  check({ name: "day", on: "2026-11-02" }, "2026-11-02", "2026-11-02");
  check({ name: "7d" }, "2026-11-21", "2026-11-27");
  check({ name: "28d" }, "2026-10-31", "2026-11-27");
  check({ name: "month" }, "2026-11-01", "2026-11-30");
  check({ name: "month", on: "2026-02-03" }, "2026-02-01", "2026-02-28");
  check({ name: "12mo" }, "2025-12-01", "2026-11-30");
  check({ name: "year", on: "2025-06-01" }, "2025-01-01", "2025-12-31");
  check({ name: "custom", from: "2026-01-05", to: "2026-01-09" }, "2026-01-05", "2026-01-09");
  // What lies ahead is today; what is too long ends where it was to end.
  check({ name: "day", on: "2030-01-01" }, "2026-11-27", "2026-11-27");
  check({ name: "custom", from: "2020-01-01", to: "2026-01-09" }, "2024-12-06", "2026-01-09");
  assert.deepEqual(spanOf({ name: "realtime" }, now), { kind: "realtime" });
});

test("a step goes to the neighbour, and not beyond today", () => {
  assert.deepEqual(step({ name: "day" }, -1, now), { name: "day", on: "2026-11-26" });
  assert.deepEqual(step({ name: "day", on: "2026-11-26" }, 1, now), { name: "day" });
  assert.equal(step({ name: "day" }, 1, now), undefined);
  assert.deepEqual(step({ name: "month" }, -1, now), { name: "month", on: "2026-10-01" });
  assert.deepEqual(step({ name: "7d" }, -1, now), { name: "7d", on: "2026-11-20" });
  assert.deepEqual(spanOf(step({ name: "12mo" }, -1, now), now), days("2024-12-01", "2025-11-30"));
  assert.deepEqual(step({ name: "custom", from: "2026-01-05", to: "2026-01-09" }, -1, now), { name: "custom", from: "2025-12-31", to: "2026-01-04" });
  assert.equal(step({ name: "realtime" }, -1, now), undefined);
});

test("a comparison is as long, and whole months are held against whole months", () => {
  const check = (span, comparison, from, to) => assert.deepEqual(comparedWith(span, comparison), days(from, to));
  check(days("2026-11-21", "2026-11-27"), "previous", "2026-11-14", "2026-11-20");
  check(days("2026-11-01", "2026-11-30"), "previous", "2026-10-01", "2026-10-31");
  check(days("2025-12-01", "2026-11-30"), "previous", "2024-12-01", "2025-11-30");
  check(days("2026-11-21", "2026-11-27"), "year", "2025-11-21", "2025-11-27");
  assert.equal(comparedWith({ kind: "realtime" }, "previous"), undefined);
  assert.equal(comparedWith(days("2026-11-21", "2026-11-27"), "off"), undefined);
});

test("what is not over is compared with as much of what was before", () => {
  const today = days("2026-11-27", "2026-11-27");
  assert.deepEqual(soFar(days("2026-11-26", "2026-11-26"), today, now), ["2026-11-25T23:00:00.000Z", "2026-11-26T14:30:00.000Z"]);
  const month = days("2026-11-01", "2026-11-30");
  assert.deepEqual(soFar(days("2026-10-01", "2026-10-31"), month, now), ["2026-09-30T22:00:00.000Z", "2026-10-27T14:30:00.000Z"]);
  assert.deepEqual(soFar(days("2026-11-01", "2026-11-03"), days("2026-11-04", "2026-11-06"), now), ["2026-11-01", "2026-11-03"]);
});

test("every span can be drawn in steps that suit it", () => {
  const check = (span, intervals) => assert.deepEqual(intervalsOf(span), intervals);
  check({ kind: "realtime" }, ["minute"]);
  check(days("2026-11-27", "2026-11-27"), ["hour", "minute"]);
  check(days("2026-11-21", "2026-11-27"), ["day", "hour"]);
  check(days("2026-10-31", "2026-11-27"), ["day", "week", "month"]);
  check(days("2025-12-01", "2026-11-30"), ["month", "week", "day"]);
});
