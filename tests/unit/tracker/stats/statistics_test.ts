/** How often statistics are made. */

import assert from "node:assert/strict";
import { halfWay, SIZE } from "./reported_swarms.ts";

Deno.test("Statistics: are made at most once a second, however often they are asked for", () => {
  const { announce, clock, statistics } = halfWay();
  const first = statistics.get();
  announce("s9", "south/a", [SIZE]);
  clock.now += 900;
  assert.equal(statistics.get(), first);
  clock.now += 200;
  assert.equal(statistics.get().peers, first.peers + 1);
  assert.equal(statistics.get().announcesPerSecond, 0.9);
});
