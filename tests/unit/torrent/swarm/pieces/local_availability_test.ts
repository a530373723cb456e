/** Which pieces local peers have, and how many of ours none of them has. */

import assert from "node:assert/strict";
import { LocalAvailability } from "../../../../../torrent/swarm/pieces/local_availability.ts";

const PIECES = 8;

function setUp(scope: "rack" | "site", ours: readonly number[] = []) {
  const have = new Set(ours);
  const local = new LocalAvailability(PIECES, {
    scope,
    ours: ours.length,
    isOurs: (piece) => have.has(piece),
  });
  return { local, have };
}

Deno.test("LocalAvailability: local is what is within the scope", () => {
  const rack = setUp("rack").local;
  assert.deepEqual([rack.includes("rack"), rack.includes("site")], [true, false]);
  const site = setUp("site").local;
  assert.deepEqual([site.includes("site"), site.includes("remote")], [true, false]);
});

Deno.test("LocalAvailability: a piece is missing locally until a local peer has it, and again when the last has gone", () => {
  const { local, have } = setUp("rack", [1, 2, 3]);
  assert.equal(local.missing, 3);
  local.raise(1);
  local.raise(1);
  local.raise(7);
  assert.equal(local.missing, 2, "7 is not ours");
  assert.ok(local.has(1) && local.has(7) && !local.has(2));
  local.lower(1);
  assert.equal(local.missing, 2, "another peer has it still");
  local.lower(1);
  assert.equal(local.missing, 3);
  assert.ok(!local.has(1));
  have.add(7);
  local.got(7);
  assert.equal(local.missing, 3, "a local peer has 7");
  have.add(4);
  local.got(4);
  assert.equal(local.missing, 4);
  assert.deepEqual([...local.bytes], [0b0000_0001]);
});

Deno.test("LocalAvailability: while a local seed is there nothing is missing", () => {
  const { local } = setUp("rack", [1, 2]);
  local.addSeed(1);
  local.addSeed(1);
  assert.equal(local.missing, 0);
  local.addSeed(-1);
  assert.equal(local.missing, 0);
  local.addSeed(-1);
  assert.equal(local.missing, 2);
});
