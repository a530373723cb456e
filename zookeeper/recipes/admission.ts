/**
 * Admission by a versioned counter: whoever changes the counter at the version that they decided by may go in. One
 * decision at a time wins, however many decide at once.
 *
 * @module
 */

import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode } from "../errors.ts";
import { op } from "../operations.ts";
import { childPath } from "../paths.ts";
import type { CallOptions, NodeData } from "../types.ts";
import { retry } from "./retry.ts";

/** Options of {@linkcode admit}. */
export interface AdmitOptions extends CallOptions {
  /** The name of our entry below the counter; it must belong to one holder alone. */
  name: string;
  /** What the entry says of its holder. Default: empty. */
  data?: NodeData | undefined;
  /** Decides by the names of those who are in. Called again after each lost race. */
  mayEnter: (inside: readonly string[]) => boolean | Promise<boolean>;
}

/** Lost races mean that others get in, so that the answer soon is no; more than this many in a row is no accident. */
const maxRaces = 100;

/**
 * Enters: true if our entry is there when this returns, false if `mayEnter` says no. The entry is a persistent
 * child of `counterPath`, which must exist: it outlives a crash on purpose, until {@linkcode leave}.
 *
 * Safe against a lost reply (an entry of our name is ours), against stale reads (the counter's version
 * decides) and against an expired session (the entry belongs to none).
 *
 * @throws {ZooKeeperError} `NO_NODE` without the counter; `BAD_VERSION` after more races than can be an accident.
 */
export async function admit(
  zk: ZooKeeper,
  counterPath: string,
  options: AdmitOptions,
): Promise<boolean> {
  const { name, data, mayEnter, signal, timeoutMs } = options;
  const call = { signal, timeoutMs };
  for (let race = 1;; race++) {
    try {
      return await retry(async () => {
        await zk.sync(counterPath, call);
        // The counter first: whoever comes in after that has changed it by the time that we write.
        const { stat } = await zk.get(counterPath, call);
        const { children } = await zk.children(counterPath, call);
        if (children.includes(name)) return true;
        if (!await mayEnter(children)) return false;
        await zk.multi([
          op.set(counterPath, "", { version: stat.version }),
          op.create(childPath(counterPath, name), data),
        ], call);
        return true;
      });
    } catch (error) {
      if (race >= maxRaces || !hasCode(error, "BAD_VERSION", "NODE_EXISTS")) throw error;
    }
  }
}

/** Leaves; harmless if we are not in. */
export async function leave(
  zk: ZooKeeper,
  counterPath: string,
  options: CallOptions & { name: string },
): Promise<void> {
  const { name, ...call } = options;
  await retry(async () => {
    try {
      await zk.delete(childPath(counterPath, name), call);
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
    }
  });
}
