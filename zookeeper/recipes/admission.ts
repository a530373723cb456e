/**
 * Admission by a versioned counter: of all clients that decide at once, only the one that changes the counter at the
 * version by which it decided gets in. For users of the library; Rollcall's own admission (`coordination/slots.ts`)
 * checks the control node and the wave in the same transaction.
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
  /** Name of the entry below the counter. Every holder must have a name of its own. */
  name: string;
  /** Data of the entry. Default: empty. */
  data?: NodeData | undefined;
  /** Decides by the names of the present holders. Called again after each lost race. */
  mayEnter: (inside: readonly string[]) => boolean | Promise<boolean>;
}

/** Each lost race means that somebody else got in, so that the answer soon is no; more lost races in a row are an error. */
const maxRaces = 100;

/**
 * Asks for admission. Resolves to true once the entry of this name stands, to false if `mayEnter` says no. The entry is a
 * persistent child of `counterPath`, which must exist: it outlives a crash on purpose, until {@linkcode leave}.
 *
 * Safe against a lost reply (an entry of this name is the caller's), against stale reads (the counter's version decides)
 * and against an expired session (the entry belongs to no session).
 *
 * @throws {ZooKeeperError} `NO_NODE` if there is no counter; `BAD_VERSION` after 100 lost races.
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
        // The counter first: whoever gets in after this read has changed it by the time of our write.
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

/** Removes the entry. Harmless if there is none. */
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
