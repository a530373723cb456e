/**
 * How a switch ends in the tree: one transaction changes the host's entry, its place in the staging queue and its
 * slot.
 *
 * Both reports may be repeated after a lost reply: they look first at what is in the tree.
 *
 * @module
 */

import {
  CONTROL,
  type Current,
  currentPath,
  decideFailure,
  encodeEntry,
  isHeld,
  isSameSlot,
  SCHEMA_VERSION,
  type Slot,
  slotsPath,
  stagingPath,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { multiClearing } from "./foreign_children.ts";
import { readService, type ServiceReading } from "./service_view.ts";
import { checkEpoch } from "./registration.ts";
import { changeCounter } from "./slots.ts";

/** Most attempts of a report: an attempt fails if another host's report or admission comes first, and few of them happen at once. */
const ROUNDS_MAX = 10;

/**
 * Reports that the switch has succeeded: the host's entry gets the version that it runs, and the transaction removes the
 * host from the staging queue, its slot, and a record that the same version had failed here. The host's own entry must
 * exist.
 */
export async function reportSwitch(
  zk: ZooKeeper,
  service: string,
  done: { readonly current: Current; readonly slot: Slot; readonly epoch: number },
): Promise<void> {
  const { current, slot, epoch } = done;
  await retryOnConflict(zk, service, (reading) => ({
    operations: [
      checkEpoch(service, { entry: current, epoch }),
      // The host counts as serving from here on; see `registration.ts`.
      changeCounter(service, reading.view),
      op.set(currentPath(service, current.host), encodeEntry(current)),
      ...leaveQueue(reading, service, current.host),
      ...(isOver(reading.view.slots.get(current.host), slot)
        ? [op.delete(slotsPath(service, current.host))]
        : []),
    ],
    result: undefined,
  }));
}

/**
 * Reports that a switch has failed and the old release is back: the slot stays as a record, and the host leaves the queue.
 * If the policy allows no more failures, the rollout is halted. The transaction depends on the admission counter and
 * changes it, so that of two hosts that fail at once each counts the other.
 *
 * @returns Whether this failure has halted the rollout.
 */
export async function reportFailure(
  zk: ZooKeeper,
  service: string,
  failure: FailureReport,
): Promise<boolean> {
  return await retryOnConflict(
    zk,
    service,
    (reading) => failureOperations(reading, service, failure),
  );
}

/**
 * Whether the standing slot belongs to the switch that is reported. The record that another version failed here does not:
 * it keeps the host from trying that version again. Neither does a slot that the host took later.
 */
function isOver(standing: Slot | undefined, slot: Slot): boolean {
  if (standing === undefined || standing.to !== slot.to) return false;
  return !isHeld(standing) || isSameSlot(standing, slot);
}

/** The failure of a switch, as the host reports it. */
export interface FailureReport {
  /** The slot of the switch, with the reason. */
  readonly slot: Slot;
  /** The host's entry from now on. */
  readonly current: Current;
  /** The epoch of the host's registration. */
  readonly epoch: number;
  /** Now, milliseconds since the epoch: for the record of a halt. */
  readonly nowMs: number;
}

/** The operations of a report, by what was read, and its result. */
interface Change<T> {
  readonly operations: readonly MultiOperation[];
  readonly result: T;
}

function failureOperations(
  { view, stagingNodes }: ServiceReading,
  service: string,
  failure: FailureReport,
): Change<boolean> {
  const { slot, current, epoch, nowMs } = failure;
  const inEpoch = checkEpoch(service, { entry: current, epoch });
  const { host } = slot;
  const standing = view.slots.get(host);
  const isHalted = view.control?.state === "halted";
  const entry = op.set(currentPath(service, host), encodeEntry(current));
  const isOurs = standing !== undefined && isSameSlot(standing, slot);
  if (standing !== undefined && (isHeld(standing) ? !isOurs : isOurs)) {
    // The report was made before and its reply was lost: the standing slot is a later one, or the record. Halting again
    // would undo what an operator has decided since.
    return { operations: [inEpoch, entry], result: isHalted };
  }
  const decision = decideFailure(view, { host, service, version: slot.to });
  const isHalting = decision.halt && !isHalted;
  // Halting changes the version of the control node itself.
  const controlVersion = view.controlVersion + (isHalting ? 1 : 0);
  const failed = encodeEntry({ ...slot, step: "failed", controlVersion });
  const operations: MultiOperation[] = [
    inEpoch,
    changeCounter(service, view),
    // An operator may have removed the slot; the failure must be recorded all the same.
    standing === undefined
      ? op.create(slotsPath(service, host), failed)
      : op.set(slotsPath(service, host), failed),
    entry,
    ...leaveQueue({ stagingNodes }, service, host),
  ];
  if (decision.halt && isHalting) {
    const control = {
      ...view.control,
      schema: SCHEMA_VERSION,
      state: "halted",
      by: host,
      reason: `${decision.reason} (${host}: ${slot.reason ?? "no reason given"})`,
      sinceMs: nowMs,
    };
    operations.push(op.set(CONTROL, encodeEntry(control), { version: view.controlVersion }));
  }
  return { operations, result: isHalting };
}

function leaveQueue(
  { stagingNodes }: Pick<ServiceReading, "stagingNodes">,
  service: string,
  host: string,
): MultiOperation[] {
  return stagingNodes.filter((queued) => queued.host === host)
    .map(({ node }) => op.delete(stagingPath(service, node)));
}

/** Reads, decides and writes, again if something changed in between. */
async function retryOnConflict<T>(
  zk: ZooKeeper,
  service: string,
  decide: (reading: ServiceReading) => Change<T>,
): Promise<T> {
  for (let round = 1;; round++) {
    const { operations, result } = decide(await readService(zk, service));
    try {
      await multiClearing(zk, operations);
      return result;
    } catch (error) {
      if (round === ROUNDS_MAX || !hasCode(error, "BAD_VERSION", "NO_NODE", "NODE_EXISTS")) {
        throw error;
      }
    }
  }
}
