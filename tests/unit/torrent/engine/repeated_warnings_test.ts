/** What strangers cause again and again is told once, and then counted. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import { RepeatedWarnings } from "../../../../torrent/engine/repeated_warnings.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

Deno.test("RepeatedWarnings: the same message once a minute, with the number of those left out", () => {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const log = {
    ...silentLog,
    warn: (message: string, properties = {}) => void told.push([message, properties]),
  };
  const warnings = new RepeatedWarnings(log, clock);
  for (let count = 0; count < 100; count++) warnings.warn("from {address}", { address: count });
  warnings.warn("another", {});
  assert.deepEqual(told.splice(0), [["from {address}", { address: 0 }], ["another", {}]]);
  clock.jump(60_000);
  warnings.warn("from {address}", { address: 7 });
  assert.deepEqual(told.splice(0), [[
    "from {address} ({leftOut} more since the last such line)",
    { address: 7, leftOut: 99 },
  ]]);
  clock.jump(60_000);
  warnings.warn("from {address}", { address: 8 });
  assert.deepEqual(told, [["from {address}", { address: 8 }]]);
});
