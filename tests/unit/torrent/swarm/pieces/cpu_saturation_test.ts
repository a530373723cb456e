/** When a process needs more than one thread. */

import assert from "node:assert/strict";
import { CpuSaturation } from "../../../../../torrent/swarm/pieces/cpu_saturation.ts";

function setUp() {
  const times = { nowMs: 1000, usedMs: 300 };
  const use = new CpuSaturation(() => times.nowMs, () => times.usedMs);
  /** So much time passes, of which the process runs for that share. */
  const pass = (durationMs: number, share: number) => {
    times.nowMs += durationMs;
    times.usedMs += durationMs * share;
    return use.isFull;
  };
  return { use, pass };
}

Deno.test("CpuSaturation: full while the process uses a whole processor or more", () => {
  const { use, pass } = setUp();
  assert.equal(use.isFull, false);
  assert.equal(pass(100, 0.7), false);
  assert.equal(pass(100, 0.97), true);
  assert.equal(pass(100, 1.6), true);
  assert.equal(pass(100, 0.7), false);
});

Deno.test("CpuSaturation: is judged over a while, whatever it is asked in between", () => {
  const { pass } = setUp();
  // Bursts of a millisecond, and as long a wait after each.
  for (let count = 0; count < 500; count++) {
    assert.equal(pass(1, 1), false);
    assert.equal(pass(1, 0), false);
  }
  const answers = Array.from({ length: 100 }, () => pass(1, 1));
  assert.equal(answers[0], false);
  assert.equal(answers.at(-1), true);
});

Deno.test("CpuSaturation: after a rest it begins with what was, and notices the rest", () => {
  const { use, pass } = setUp();
  assert.equal(pass(100, 1), true);
  assert.equal(pass(60_000, 0), true);
  assert.equal(pass(60, 1), false);
  assert.equal(pass(60, 1), true);
  assert.equal(use.isFull, true);
});

Deno.test("CpuSaturation: counts what this process uses", () => {
  let nowMs = 0;
  const use = new CpuSaturation(() => nowMs);
  // The clock stands still, so whatever is used is more than a processor's.
  while (!use.isFull) crypto.getRandomValues(new Uint8Array(65_536));
  // And stands out from it by far once it goes.
  nowMs += 1e9;
  while (use.isFull) crypto.getRandomValues(new Uint8Array(65_536));
});
