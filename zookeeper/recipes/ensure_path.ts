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
 * lost reply: a node that exists already is what the caller wants, so the call is repeated after a lost connection or
 * session (at most ten attempts, each within the usual deadline).
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
  // Usually all ancestors exist; so it looks from the leaf upwards, and creates downwards.
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
