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
import { Fleet } from "./fleet.ts";

const [connectString = "", first = "", count = ""] = Deno.args;
const fleet = new Fleet(connectString, { first: Number(first), count: Number(count) });
const encoder = new TextEncoder();
for await (const _question of createInterface({ input: process.stdin })) {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(fleet.state())}\n`));
}
// Whoever has started it has gone.
Deno.exit();
