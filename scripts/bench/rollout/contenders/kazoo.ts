/**
 * The plain recipe, with kazoo: a watch on the parent node and a lock around each restart. It has no quorum, no budget, no
 * health gate that halts, and nothing that outlives a crash: it is what remains when all of that is left out.
 *
 * @module
 */

import type { Contender } from "../contender.ts";
import { RESTART } from "../pace.ts";
import { FIRST_VERSION, NEW_VERSION, SESSION_TIMEOUT_MS } from "../plan.ts";

const HOSTS = new URL("../kazoo_hosts.py", import.meta.url).pathname;

/** Debian's own Python, which has kazoo. */
const PYTHON = "/usr/bin/python3";

const PARENT = "/service";

/** Kazoo's Lock. */
export const kazoo: Contender = {
  name: "kazoo",
  command: (connectString, { first, count }) => {
    const { stopMs, spawnMs, readyMs, healthIntervalMs } = RESTART;
    const seconds = [SESSION_TIMEOUT_MS, stopMs, spawnMs, readyMs, healthIntervalMs]
      .map((durationMs) => `${durationMs / 1_000}`);
    return [PYTHON, HOSTS, connectString, `${first}`, `${count}`, ...seconds];
  },
  prepare: async (zk) => void await zk.create(PARENT, FIRST_VERSION),
  isRegistered: () => Promise.resolve(true),
  install: () => Promise.resolve(),
  rollOut: async (zk) => void await zk.set(PARENT, NEW_VERSION),
  isSettled: () => Promise.resolve(true),
};

/** Whether it can be run here; if not, what is missing. */
export async function findKazoo(): Promise<string | null> {
  try {
    const { success } = await new Deno.Command(PYTHON, {
      args: ["-c", "import kazoo"],
      stdout: "null",
      stderr: "null",
    }).output();
    if (success) return null;
  } catch {
    // There is no Python either.
  }
  return "kazoo: expected Debian's python3-kazoo, it is not there. Run: deno task setup:zookeeper_clients";
}
