/** Which limits hold at a time of day. */

import assert from "node:assert/strict";
import {
  type BandwidthLimits,
  limitsAt,
} from "../../../../../torrent/swarm/limits/rate_schedule.ts";

Deno.test("limitsAt: the first entry that covers the time takes the place of what it names", () => {
  const limits: BandwidthLimits = {
    up: { total: 100, remote: 10 },
    down: { total: 200 },
    schedule: [
      { from: 12 * 60, to: 13 * 60, days: [6, 0], up: { total: 1 } },
      { from: 9 * 60, to: 17 * 60, up: { total: 50 }, down: { site: 5 } },
      { from: 0, to: 24 * 60, days: [0], down: { total: 7 } },
    ],
  };
  // 2026-01-07 is a Wednesday, the 10th a Saturday, the 11th a Sunday.
  const at = (day: number, hour: number, minute = 0) =>
    limitsAt(limits, new Date(2026, 0, day, hour, minute));
  const standing = { up: { total: 100, remote: 10 }, down: { total: 200 } };
  assert.deepEqual(at(7, 8, 59), standing);
  const working = { up: { total: 50, remote: 10 }, down: { total: 200, site: 5 } };
  assert.deepEqual(at(7, 9), working);
  assert.deepEqual(at(7, 12, 30), working);
  assert.deepEqual(at(7, 17), standing);
  assert.deepEqual(at(10, 12, 30), { up: { total: 1, remote: 10 }, down: { total: 200 } });
  assert.deepEqual(at(11, 23, 59), { up: standing.up, down: { total: 7 } });
});

Deno.test("limitsAt: an entry over midnight belongs to the day on which it begins", () => {
  const limits: BandwidthLimits = {
    schedule: [{ from: 22 * 60, to: 6 * 60, days: [5], up: { total: 1 } }],
  };
  // 2026-01-09 is a Friday.
  const totals = [[9, 5], [9, 22], [9, 23], [10, 0], [10, 5], [10, 6], [10, 22]].map(
    ([day, hour]) => limitsAt(limits, new Date(2026, 0, day, hour)).up.total,
  );
  assert.deepEqual(totals, [undefined, 1, 1, 1, 1, undefined, undefined]);
});
