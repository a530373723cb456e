/**
 * Ours: the actors of real agents. A rollout is started, and has ended, as for an operator at the command line.
 *
 * @module
 */

import { systemClock } from "../../../../base/clock.ts";
import { readChildren } from "../../../../coordination/mod.ts";
import { DEPLOY, servicePath } from "../../../../rollout/mod.ts";
import { rollOut } from "../../../../tests/simulation/fleet/operator.ts";
import { hasCode, type ZooKeeper } from "../../../../zookeeper/mod.ts";
import type { Contender } from "../contender.ts";
import { INSTALLATION, ROLLOUT, SERVICE } from "../plan.ts";

const HOSTS = new URL("../fleet_process.ts", import.meta.url).pathname;

/** Our agents. */
export const ours: Contender = {
  name: "ours",
  command: (connectString, { first, count }) => [
    ...[Deno.execPath(), "run", "-A", "--no-check", HOSTS],
    ...[connectString, `${first}`, `${count}`],
  ],
  prepare: () => Promise.resolve(),
  isRegistered: async (zk) => (await countChildren(zk, servicePath(SERVICE))) > 0,
  install: (zk) => start(zk, INSTALLATION),
  rollOut: (zk) => start(zk, ROLLOUT),
  isSettled: async (zk) => (await countChildren(zk, DEPLOY)) === 0,
};

async function start(zk: ZooKeeper, planned: typeof ROLLOUT): Promise<void> {
  const by = "benchmark";
  await rollOut(zk, planned, { by, nowMs: systemClock.wallTimeMs(), random: Math.random });
}

async function countChildren(zk: ZooKeeper, path: string): Promise<number> {
  try {
    const [names = []] = await readChildren(zk, [path]);
    return names.length;
  } catch (error) {
    if (hasCode(error, "NO_NODE")) return 0;
    throw error;
  }
}
