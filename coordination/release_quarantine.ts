/**
 * Ending a host's quarantine before it has been well for long enough: what an operator does about it.
 *
 * @module
 */

import { transactions } from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyIfUnchanged } from "./apply.ts";

/**
 * Ends the quarantine of a host's service. The host counts again when it has looked, within some ten seconds.
 *
 * @returns Whether it was in quarantine, as far as its agent has said.
 */
export async function releaseQuarantine(
  zk: ZooKeeper,
  service: string,
  host: string,
): Promise<boolean> {
  return await applyIfUnchanged(zk, transactions.releaseQuarantine(service, host));
}
