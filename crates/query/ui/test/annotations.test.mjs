import { test } from "node:test";
import assert from "node:assert/strict";
import { annotationsIn, pointOf } from "../src/dashboard/annotations";

test("an annotation is at the point that its day begins with, or lies in", () => {
  const days = ["2026-11-26", "2026-11-27", "2026-11-28"];
  assert.equal(pointOf("2026-11-27", days, "day"), 1);
  const hours = ["2026-11-27 23:00:00", "2026-11-28 00:00:00", "2026-11-28 01:00:00"];
  assert.equal(pointOf("2026-11-28", hours, "hour"), 1);
  const weeks = ["2026-11-16", "2026-11-23", "2026-11-30"];
  assert.equal(pointOf("2026-11-27", weeks, "week"), 1);
  assert.equal(pointOf("2026-11-01", weeks, "week"), -1);
});

test("only annotations of the span are shown, in the order of their days", () => {
  const on = (day) => ({ id: 1, kind: "annotation", name: day, body: { day } });
  const span = { kind: "days", from: "2026-11-21", to: "2026-11-27" };
  const found = annotationsIn(span, [on("2026-11-27"), on("2026-11-20"), on("2026-11-21"), on("2026-11-28")]);
  assert.deepEqual(found.map(({ name }) => name), ["2026-11-21", "2026-11-27"]);
  assert.deepEqual(annotationsIn({ kind: "realtime" }, [on("2026-11-27")]), []);
});
