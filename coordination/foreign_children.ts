/**
 * Deletes that somebody else's nodes do not stop. Rollcall has no node below a slot, a wave, or the entry of a host; but
 * ZooKeeper deletes no node that has children, so a stranger's single node below a slot would hold up a whole fleet.
 *
 * @module
 */

import {
  type CallOptions,
  hasCode,
  MultiError,
  type MultiOperation,
  type MultiResult,
  type ZooKeeper,
  ZooKeeperError,
} from "../zookeeper/mod.ts";

/** Rounds of clearing; in each of them somebody must have put a new node in the way. */
const ROUNDS_MAX = 5;

/** Most foreign nodes that are removed below one node: enough for an accident; more are an operator's to look at. */
const DESCENDANTS_MAX = 1_000;

/** Executes a transaction; what is below the nodes that it deletes is deleted first. */
export async function multiClearing(
  zk: ZooKeeper,
  operations: readonly MultiOperation[],
  options: CallOptions = {},
): Promise<MultiResult[]> {
  const deleted = operations.filter(({ kind }) => kind === "delete").map(({ path }) => path);
  for (let round = 1;; round++) {
    try {
      return await zk.multi(operations, options);
    } catch (error) {
      if (!(error instanceof MultiError) || error.code !== "NOT_EMPTY" || round === ROUNDS_MAX) {
        throw error;
      }
    }
    for (const path of deleted) await clear(zk, path);
  }
}

/** Deletes everything below a node, the deepest first. */
async function clear(zk: ZooKeeper, top: string): Promise<void> {
  const found: string[] = [];
  for (let open = [top]; open.length > 0;) {
    const next: string[] = [];
    for (const path of open) {
      const stat = await zk.exists(path);
      if (stat === null || stat.numChildren === 0) continue;
      if (found.length + stat.numChildren > DESCENDANTS_MAX) {
        throw new ZooKeeperError({
          code: "NOT_EMPTY",
          operation: "delete",
          path: top,
          detail: `expected at most ${DESCENDANTS_MAX} foreign nodes below it, there are more; ` +
            "delete it (zkCli.sh: deleteall PATH)",
        });
      }
      try {
        for (const name of await zk.childNames(path)) next.push(`${path}/${name}`);
      } catch (error) {
        if (!hasCode(error, "NO_NODE")) throw error;
      }
    }
    found.push(...next);
    open = next;
  }
  for (const path of found.reverse()) {
    try {
      await zk.delete(path);
    } catch (error) {
      if (!hasCode(error, "NO_NODE", "NOT_EMPTY")) throw error;
    }
  }
}
