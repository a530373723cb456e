/**
 * Makes sure that a node and its ancestors exist.
 *
 * @module
 */

import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode } from "../errors.ts";
import type { CallOptions } from "../types.ts";
import { retry } from "./retry.ts";

/**
 * Creates `path` and every missing ancestor as empty persistent nodes. Idempotent and safe against a
 * lost reply: a node that is there already is what was wanted, so a lost connection or session is retried
 * (each attempt within the usual deadline, at most ten of them).
 *
 * @throws {ZooKeeperError} whatever `create` throws beyond `NODE_EXISTS`, `CONNECTION_LOSS` and
 * `SESSION_EXPIRED`.
 */
export async function ensurePath(
  zk: ZooKeeper,
  path: string,
  options: CallOptions = {},
): Promise<void> {
  let end = 0;
  const missing: string[] = [];
  // Most often all but the last are there; so look from the leaf upwards and create downwards.
  for (end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const ancestor = path.slice(0, end);
    if (ancestor === "" || await retry(() => zk.exists(ancestor, options)) !== null) break;
    missing.push(ancestor);
  }
  for (const ancestor of missing.reverse()) {
    await retry(async () => {
      try {
        await zk.create(ancestor, undefined, options);
      } catch (error) {
        if (!hasCode(error, "NODE_EXISTS")) throw error;
      }
    });
  }
}
