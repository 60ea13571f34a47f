import { test } from "node:test";
import assert from "node:assert/strict";
import { parted, quantile } from "../src/dashboard/quantile";

test("the 75th percentile is a value that was measured, by the nearest rank", () => {
  assert.equal(quantile([], 0.75), undefined);
  assert.equal(quantile([[7, 1]], 0.75), 7);
  assert.equal(quantile([[4, 1], [1, 1], [3, 1], [2, 1]], 0.75), 3);
  assert.equal(quantile([[1, 3], [9, 1]], 0.75), 1);
  assert.equal(quantile([[1, 2], [9, 2]], 0.75), 9);
});

test("a bound belongs to the better part", () => {
  assert.deepEqual(parted([[100, 2], [200, 3], [300, 4], [301, 1]], [200, 300]), [5, 4, 1]);
});
