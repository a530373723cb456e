/** What a swarm writes to the log, and how often. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import { SwarmLog } from "../../../../torrent/swarm/swarm_log.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

Deno.test("SwarmLog: what strangers cause is a warning once a minute, what ends a line for whoever looks closer", () => {
  const told: string[] = [];
  const note = (level: string) => (message: string, properties: Record<string, unknown> = {}) =>
    void told.push(
      `${level} ${message.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name]))}`,
    );
  const log = new SwarmLog("ab", {
    log: { ...silentLog, debug: note("debug"), warn: note("warn") },
    clock: new ManualClock(),
  });
  log.banned("10.0.0.1:1", "it lied", 600);
  log.banned("10.0.0.2:1", "it lied", 600);
  log.turnedAway("10.0.0.3:1", "there are too many");
  log.starved("rack");
  log.ended("10.0.0.4:1", new Error("reset"));
  log.ended("10.0.0.5:1", "both have everything");
  assert.deepEqual(told, [
    "warn ab: 10.0.0.1:1 is banned for 600 s: it lied",
    "warn ab: connections are turned away, now one with 10.0.0.3:1: there are too many",
    "warn ab: no peer within reach (rack) sends anything: asking all others",
    "debug ab: 10.0.0.4:1 has gone: reset",
    "debug ab: 10.0.0.5:1 has gone: both have everything",
  ]);
});
