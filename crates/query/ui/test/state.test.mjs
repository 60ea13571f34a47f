import { test } from "node:test";
import assert from "node:assert/strict";
import { filterText, parseFilters, toggled } from "../src/dashboard/filter";
import { parseState, searchOf } from "../src/dashboard/state";

const there = (search) => searchOf(parseState(search, "shop.example"));

test("an address that was made is read back as it was", () => {
  for (const search of [
    "?site=shop.example",
    "?site=shop.example&period=day&on=2026-11-02&compare=year&by=hour&metric=pageviews",
    "?site=shop.example&period=custom&from=2026-01-05&to=2026-01-09",
    "?site=shop.example&f=is,visit:country,AT,DE&f=contains,event:page,/blog&tab=sources.campaign",
    "?site=shop.example&f=is,event:props:plan,a%252Cb%20%26%2025%2525",
  ]) assert.equal(there(search), search);
});

test("what an address says wrongly is left out", () => {
  assert.equal(there("?period=fortnight&compare=mood&by=blink&metric=<b>&on=2026-02-30"), "?site=shop.example");
  assert.equal(there("?period=custom&from=2026-01-05"), "?site=shop.example");
  assert.equal(there("?f=is&f=is,visit:country&f=loves,visit:country,AT&f=is,country,AT&tab=a&tab=..&tab=A.b"), "?site=shop.example");
});

test("values may hold what separates them", () => {
  const filter = { operator: "is", dimension: "event:props:a,b", values: ["x,y", "100%", "%2C", ""] };
  assert.deepEqual(parseFilters([filterText(filter)]), [filter]);
});

test("choosing a row adds its value, and choosing it again takes it away", () => {
  const one = toggled([], "visit:country", "AT");
  const two = toggled(one, "visit:country", "DE");
  assert.deepEqual(two, [{ operator: "is", dimension: "visit:country", values: ["AT", "DE"] }]);
  assert.deepEqual(toggled(two, "visit:country", "AT"), [{ operator: "is", dimension: "visit:country", values: ["DE"] }]);
  assert.deepEqual(toggled(one, "visit:country", "AT"), []);
});
