/**
 * How a switch ends in the tree: one transaction changes the host's entry, its place in the staging queue and its
 * slot.
 *
 * Both reports may be repeated after a lost reply: they look first at what is in the tree.
 *
 * @module
 */

import { type Current, type Slot, transactions } from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyDecision } from "./apply.ts";
import { readService } from "./service_view.ts";

/** Reports that the switch has succeeded. The host's own entry must exist. */
export async function reportSwitch(
  zk: ZooKeeper,
  service: string,
  done: { readonly current: Current; readonly slot: Slot; readonly epoch: number },
): Promise<void> {
  await applyDecision(zk, async () => {
    const reading = await readService(zk, service);
    const operations = transactions.reportSwitch(reading, { service, ...done });
    return { operations, result: () => undefined };
  });
}

/**
 * Reports that a switch has failed and the old release is back: the slot stays as a record, and the host leaves the queue.
 * If the policy allows no more failures, the rollout is halted.
 *
 * @returns Whether this failure has halted the rollout.
 */
export async function reportFailure(
  zk: ZooKeeper,
  service: string,
  failure: transactions.FailureReport,
): Promise<boolean> {
  return await applyDecision(zk, async () => {
    const reading = await readService(zk, service);
    const { operations, halts } = transactions.reportFailure(reading, { service, ...failure });
    return { operations, result: () => halts };
  });
}
