/**
 * The hosts of ours, in one process: each with the actors of a real agent, spawned as in production, and with the real
 * ZooKeeper client over a socket. What is simulated is their machines: processes that take their time to start and to
 * stop, disks, and fetches. Answers each line of its input with a line that says how far they are.
 *
 * fleet_process.ts CONNECT_STRING FIRST_HOST HOST_COUNT
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { systemClock } from "../../../base/clock.ts";
import type { Time } from "../../../tests/simulation/fleet/virtual_time.ts";
import { socketDial } from "../../../zookeeper/client/connection/dial.ts";
import { Fleet } from "./fleet.ts";

/** The machine's own time. */
const realTime: Time = {
  get nowMs() {
    return systemClock.nowMs();
  },
  after: (delayMs, callback, owner = null) =>
    systemClock.after(delayMs, () => owner?.isDead === true || callback()),
  nextTurn: (callback) => void setImmediate(callback),
};

const [connectString = "", first = "", count = ""] = Deno.args;
const dial = socketDial(undefined);
const place = {
  time: realTime,
  wallOffsetMs: systemClock.wallTimeMs() - systemClock.nowMs(),
  dialFor: () => dial,
};
const hosts = { first: Number(first), count: Number(count) };
const fleet = new Fleet(place, { connectString, hosts });
const encoder = new TextEncoder();
for await (const _question of createInterface({ input: process.stdin })) {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(fleet.state())}\n`));
}
// Whoever has started it has gone.
Deno.exit();
