/**
 * How a switch ends in the tree: one transaction changes the host's entry and markers, its place in the staging queue and its
 * slot.
 *
 * Both reports may be repeated after a lost reply: they look first at what is in the tree.
 *
 * @module
 */

import {
  countsForPlan,
  decodeSlot,
  historyPath,
  ROOT,
  type Slot,
  slotsPath,
  slotTarget,
  stagingPath,
  transactions,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyDecision } from "./apply.ts";
import { NodesRead } from "./nodes_read.ts";
import { readService } from "./service_view.ts";
import { readFailureCounter, readFailuresElsewhere } from "./rollout_failures.ts";
import { readPlaces } from "./staging_queue.ts";

/** A switch that has succeeded. */
export interface SwitchReport extends transactions.HostWrite {
  /** The slot of the switch. */
  readonly slot: Slot;
  /** Whether the host was given it. If nothing ran, it has switched without one. */
  readonly holdsSlot: boolean;
  /** The host's nodes in the staging queue; `null` if they are not known. */
  readonly places: readonly string[] | null;
  /** What is told in the record of the rollout. Default: nothing. */
  readonly record?: transactions.SwitchRecord | null;
}

/**
 * Reports that the switch has succeeded. The host's own entry must exist.
 *
 * It begins with what the host knows: that it holds the slot, and which place it has. If that is not so, since a reply was lost
 * or somebody has removed something by hand, it reads.
 */
export async function reportSwitch(
  zk: ZooKeeper,
  service: string,
  done: SwitchReport,
): Promise<void> {
  await applyDecision(zk, async (isAgain) => {
    const { slot, places, holdsSlot } = done;
    const view = !isAgain && holdsSlot && places !== null
      ? { slot, places }
      : await readReportView(zk, service, done);
    const operations = transactions.reportSwitch(view, { service, ...done });
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
    // Before the slots: a failure that comes later moves it on.
    const counterVersion = await readFailureCounter(zk);
    const reading = await readService(zk, service);
    const { control } = reading.view;
    const elsewhere = countsForPlan({ control, offer: reading.offer }, slotTarget(failure.slot))
      ? {
        counterVersion,
        failed: await readFailuresElsewhere(zk, { service, rollout: control?.rollout }),
      }
      : null;
    // Somebody may have removed the record; the failure is reported all the same.
    const { record: told = null } = failure;
    const hasRecord = told !== null && await zk.exists(historyPath(told.rollout)) !== null;
    const record = hasRecord ? told : null;
    const { operations, halts } = transactions.reportFailure(reading, {
      service,
      ...failure,
      record,
      elsewhere,
    });
    return { operations, result: () => halts };
  });
}

async function readReportView(
  zk: ZooKeeper,
  service: string,
  { entry: { host }, places, record = null }: Pick<SwitchReport, "entry" | "places" | "record">,
): Promise<transactions.ReportView> {
  await zk.sync(ROOT);
  const tree = new NodesRead(zk);
  const known = places ?? await readPlaces(zk, service, host);
  const slotPath = slotsPath(service, host);
  const placePaths = known.map((node) => stagingPath(service, node));
  const recordPaths = record === null ? [] : [historyPath(record.rollout)];
  await tree.readOnce([slotPath, ...placePaths, ...recordPaths]);
  const slot = tree.node(slotPath);
  return {
    slot: decodeSlot(service, host, slot) ?? undefined,
    slotZnodeVersion: slot !== null && "version" in slot ? slot.version : undefined,
    places: known.filter((node) => tree.node(stagingPath(service, node)) !== null),
    hasRecord: recordPaths.some((path) => tree.node(path) !== null),
  };
}
