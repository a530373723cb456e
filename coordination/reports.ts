/**
 * How a switch ends in the tree: one transaction for the host's entry, its place in the staging queue and its slot.
 *
 * Both reports may be made again when a reply was lost: they look at what stands first.
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
import { readService, type ServiceReading } from "./service_view.ts";
import { bumpCounter } from "./slots.ts";

/** Each round is lost to another host's report or admission, which are one at a time; a fleet has few of them at once. */
const ROUNDS_MAX = 10;

/**
 * Reports that the switch is over: the host's entry says what it runs, it leaves the staging queue, the slot of that
 * switch is gone, and so is a record that the same version had failed here. The host's own ephemeral entry must stand.
 */
export async function reportSwitch(
  zk: ZooKeeper,
  service: string,
  done: { readonly current: Current; readonly slot: Slot },
): Promise<void> {
  const { current, slot } = done;
  await retryOnConflict(zk, service, (reading) => ({
    operations: [
      // The host counts as serving from here on; see `registration.ts`.
      bumpCounter(service),
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
 * Reports that a switch failed and the old release is back: the slot stays as a record, the host leaves the queue. Where
 * the policy allows no more failures, the rollout is halted. The admission counter is bumped, so that of two hosts that
 * fail at once each counts the other.
 *
 * @returns Whether this failure has halted the rollout.
 */
export async function reportFailure(
  zk: ZooKeeper,
  service: string,
  failure: { readonly slot: Slot; readonly current: Current; readonly nowMs: number },
): Promise<boolean> {
  return await retryOnConflict(
    zk,
    service,
    (reading) => failureOperations(reading, service, failure),
  );
}

/**
 * Whether what stands goes with the switch of that slot. A record that another version failed here stays: it is what
 * keeps the host from trying that one again. So does a slot that the host has been given since.
 */
function isOver(standing: Slot | undefined, slot: Slot): boolean {
  if (standing === undefined || standing.to !== slot.to) return false;
  return !isHeld(standing) || isSameSlot(standing, slot);
}

/** What to change, in view of what stands, and the report's result. */
interface Change<T> {
  readonly operations: readonly MultiOperation[];
  readonly result: T;
}

function failureOperations(
  { view, stagingNodes }: ServiceReading,
  service: string,
  failure: { readonly slot: Slot; readonly current: Current; readonly nowMs: number },
): Change<boolean> {
  const { slot, current, nowMs } = failure;
  const { host } = slot;
  const standing = view.slots.get(host);
  const isHalted = view.control?.state === "halted";
  const entry = op.set(currentPath(service, host), encodeEntry(current));
  const isOurs = standing !== undefined && isSameSlot(standing, slot);
  if (standing !== undefined && (isHeld(standing) ? !isOurs : isOurs)) {
    // Made before, only the reply was lost: what stands is a slot that the host has been given since, or the record. To
    // halt once more would undo an operator's word of meanwhile.
    return { operations: [entry], result: isHalted };
  }
  const decision = decideFailure(view, { host, service, version: slot.to });
  const isHalting = decision.halt && !isHalted;
  // Halting is itself a change of the control node.
  const controlVersion = view.controlVersion + (isHalting ? 1 : 0);
  const failed = encodeEntry({ ...slot, step: "failed", controlVersion });
  const operations: MultiOperation[] = [
    op.set(slotsPath(service), encodeEntry({ schema: SCHEMA_VERSION }), {
      version: view.slotsVersion,
    }),
    // An operator may have removed the slot meanwhile; the record of the failure is wanted all the same.
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

/** Reads and makes the change until nothing has moved in between. */
async function retryOnConflict<T>(
  zk: ZooKeeper,
  service: string,
  decide: (reading: ServiceReading) => Change<T>,
): Promise<T> {
  for (let round = 1;; round++) {
    const { operations, result } = decide(await readService(zk, service));
    try {
      await zk.multi(operations);
      return result;
    } catch (error) {
      if (round === ROUNDS_MAX || !hasCode(error, "BAD_VERSION", "NO_NODE", "NODE_EXISTS")) {
        throw error;
      }
    }
  }
}
