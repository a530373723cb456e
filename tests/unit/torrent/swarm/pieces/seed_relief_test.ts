/** When a seed is spared. */

import assert from "node:assert/strict";
import {
  isFedByOthers,
  type RatedTarget,
} from "../../../../../torrent/swarm/pieces/seed_relief.ts";

const target = (of: Partial<RatedTarget>): RatedTarget => ({
  joinedAsSeed: false,
  isStalled: false,
  distance: "rack",
  outstanding: { count: 1 },
  bytesPerSecond: 100,
  bestBytesPerSecond: 100,
  ...of,
});

Deno.test("isFedByOthers: a seed is spared while peers that are not farther away bring enough", () => {
  const seed = target({ joinedAsSeed: true, distance: "site", bestBytesPerSecond: 100 });
  assert.equal(isFedByOthers(seed, [seed], 9), false, "there is nobody else");
  assert.ok(isFedByOthers(seed, [seed, target({})], 9));
  assert.ok(isFedByOthers(seed, [target({ bytesPerSecond: 0 })], 0), "they get a trial");
  assert.equal(isFedByOthers(seed, [target({ bytesPerSecond: 20 })], 9), false, "too slow");
  assert.ok(
    isFedByOthers(seed, Array.from({ length: 3 }, () => target({ bytesPerSecond: 20 })), 9),
  );
  for (
    const useless of [
      { distance: "remote" },
      { isStalled: true },
      { outstanding: { count: 0 } },
      { joinedAsSeed: true },
    ] as const
  ) assert.equal(isFedByOthers(seed, [target(useless)], 9), false, JSON.stringify(useless));
});
