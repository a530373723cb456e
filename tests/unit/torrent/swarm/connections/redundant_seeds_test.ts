/** For how long two seeds stay connected. */

import assert from "node:assert/strict";
import { RedundantSeeds } from "../../../../../torrent/swarm/connections/redundant_seeds.ts";

Deno.test("RedundantSeeds: a seed's connection is closed after five seconds, a leecher's never", () => {
  const redundant = new RedundantSeeds();
  const seed = { isSeed: true };
  const leecher = { isSeed: false };
  const ticks = Array.from({ length: 6 }, () => redundant.onTick(seed));
  assert.deepEqual(ticks, [false, false, false, false, false, true]);
  assert.ok(Array.from({ length: 60 }, () => redundant.onTick(leecher)).every((close) => !close));
  leecher.isSeed = true;
  assert.equal(redundant.onTick(leecher), false, "its seconds begin when it has everything");
});
