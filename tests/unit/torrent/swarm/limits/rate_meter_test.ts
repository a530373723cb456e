/** The averaged rate. */

import assert from "node:assert/strict";
import { RateMeter } from "../../../../../torrent/swarm/limits/rate_meter.ts";

Deno.test("RateMeter: comes near a steady rate, and back to nothing", () => {
  const meter = new RateMeter();
  for (let tick = 0; tick < 10; tick++) {
    meter.onBytes(500);
    meter.onTick(0.5);
  }
  assert.ok(Math.abs(meter.bytesPerSecond - 1000) < 20);
  for (let tick = 0; tick < 20; tick++) meter.onTick(1);
  assert.ok(meter.bytesPerSecond <= 1);
});
