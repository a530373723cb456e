/** Tests of which release is meant. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  describeOtherContent,
  isOtherContent,
  isSameRelease,
  type ReleaseIdentity,
} from "../../../rollout/mod.ts";
import { HASHES } from "./views.ts";

const [ONE, OTHER] = HASHES;

const identity: fc.Arbitrary<ReleaseIdentity> = fc.record({
  version: fc.constantFrom("1", "2", null),
  infoHash: fc.constantFrom(ONE, OTHER, null, undefined),
});

Deno.test("isSameRelease: version and info hash, where both are known", () => {
  const known = { version: "2", infoHash: ONE };
  assert.equal(isSameRelease(known, { version: "2", infoHash: ONE }), true);
  assert.equal(isSameRelease(known, { version: "2", infoHash: OTHER }), false);
  assert.equal(isSameRelease(known, { version: "2", infoHash: null }), false);
  assert.equal(isSameRelease(known, { version: "1", infoHash: ONE }), false);
  // An entry of an earlier version: hosts must not wait for each other because of it.
  assert.equal(isSameRelease(known, { version: "2" }), true);
  assert.equal(isSameRelease({ version: null }, { version: null }), false);
});

Deno.test("isOtherContent: the same version that is not the same release", () => {
  fc.assert(fc.property(identity, identity, (one, other) => {
    const isSameVersion = one.version !== null && one.version === other.version;
    assert.equal(isSameRelease(one, other) || isOtherContent(one, other), isSameVersion);
    assert.equal(isSameRelease(one, other) && isOtherContent(one, other), false);
    assert.equal(isSameRelease(one, other), isSameRelease(other, one));
    assert.equal(isOtherContent(one, other), isOtherContent(other, one));
  }));
});

Deno.test("describeOtherContent: names both info hashes, where the known one is, and what to do", () => {
  const wanted = { version: "2", infoHash: null };
  assert.equal(
    describeOtherContent({ known: { version: "2", infoHash: ONE }, place: "committed", wanted }),
    `2 is ${ONE} (committed), and a release without a blob is wanted under the same version; ` +
      "publish the new content under another version, and roll that out",
  );
});
