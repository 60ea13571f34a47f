import assert from "node:assert/strict";
import test from "node:test";

test("the package can be imported where there is no page, and wants an endpoint", async () => {
  const { init, track, consent, setFavouriteColour } = await import("../dist/hgpixel.mjs");
  assert.throws(() => init("shop", {}), /endpoint/);
  for (const call of [track, consent, setFavouriteColour]) assert.equal(typeof call, "function");
});
