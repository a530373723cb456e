/**
 * Taking, keeping and giving back the right to be down: the transactions that enforce what `rollout/` decides.
 *
 * Each is safe against a lost reply: the slot is a node of a fixed name that says who took it and when, so the owner looks
 * whether it stands before it tries anything again (invariant I5).
 *
 * @module
 */

import {
  CONTROL,
  decodeEntry,
  encodeEntry,
  type FirstWave,
  isSameSlot,
  SCHEMA_VERSION,
  type ServiceView,
  type Slot,
  slotSchema,
  slotsPath,
  wavePath,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";

/**
 * Takes a slot, if everything that the decision rests on still stands: the control node, the wave, and the service's
 * admission counter at the versions of the view.
 *
 * @returns Whether the host holds the slot now; `false` means: read again, decide again.
 */
export async function takeSlot(
  zk: ZooKeeper,
  request: {
    readonly service: string;
    readonly slot: Slot;
    readonly view: ServiceView;
    readonly wave: FirstWave | null;
  },
): Promise<boolean> {
  const { service, slot, view, wave } = request;
  const operations: MultiOperation[] = [op.check(CONTROL, view.controlVersion)];
  if (wave !== null) operations.push(op.check(wavePath(wave.node), wave.znodeVersion));
  operations.push(
    op.set(slotsPath(service), encodeEntry({ schema: SCHEMA_VERSION }), {
      version: view.slotsVersion,
    }),
    op.create(slotsPath(service, slot.host), encodeEntry(slot)),
  );
  try {
    await zk.multi(operations);
    return true;
  } catch (error) {
    if (hasCode(error, "BAD_VERSION") || hasCode(error, "NO_NODE")) return false;
    if (!hasCode(error, "NODE_EXISTS") && !isUnknownOutcome(error)) throw error;
    const standing = await readSlot(zk, service, slot.host);
    return standing !== null && isSameSlot(standing, slot);
  }
}

/** The slot that a host holds; `null` when it holds none. */
export async function readSlot(zk: ZooKeeper, service: string, host: string): Promise<Slot | null> {
  const path = slotsPath(service, host);
  try {
    return decodeEntry(slotSchema, (await zk.get(path)).data, path);
  } catch (error) {
    if (hasCode(error, "NO_NODE")) return null;
    throw error;
  }
}

/** Of each request. A step waits for it, and the service may be down meanwhile: a second is a slow ensemble, more is none. */
const WRITE_TIMEOUT_MS = 1_000;

/** A round is lost to somebody else's admission or report in between, of which there are few; the step is shown a little later then. */
const WRITE_ROUNDS_MAX = 3;

/**
 * Says in the slot which step its owner is about to take. A slot that an operator has removed stays removed, and one that
 * is another by now stays as it is.
 *
 * A request of a dead agent may arrive when the host has its next slot. The node's own version does not tell them apart,
 * since it begins anew with each slot; the service's admission counter does, which every slot that is given moves on.
 */
export async function writeSlot(zk: ZooKeeper, service: string, slot: Slot): Promise<void> {
  const path = slotsPath(service, slot.host);
  const options = { timeoutMs: WRITE_TIMEOUT_MS };
  for (let round = 1; round <= WRITE_ROUNDS_MAX; round++) {
    try {
      // In this order: whatever is given after the counter was read is refused by it.
      const { stat: counter } = await zk.get(slotsPath(service), options);
      const { data, stat } = await zk.get(path, options);
      if (!isSameSlot(decodeEntry(slotSchema, data, path), slot)) return;
      await zk.multi([
        op.check(slotsPath(service), counter.version),
        op.set(path, encodeEntry(slot), { version: stat.version }),
      ], options);
      return;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return;
      if (!hasCode(error, "BAD_VERSION")) throw error;
    }
  }
}

/**
 * Has whoever decided on an earlier reading read again: of a service's admissions, failures and finished waves each is
 * made at the counter's version that was read.
 */
export function bumpCounter(service: string): MultiOperation {
  return op.set(slotsPath(service), encodeEntry({ schema: SCHEMA_VERSION }));
}

/**
 * Removes a slot; one that is gone already is fine. The counter is bumped with it: the record of a failure told others
 * to end the wave without this host, which may be about to try again.
 */
export async function removeSlot(zk: ZooKeeper, service: string, host: string): Promise<void> {
  try {
    await zk.multi([bumpCounter(service), op.delete(slotsPath(service, host))]);
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}

function isUnknownOutcome(error: unknown): boolean {
  return hasCode(error, "CONNECTION_LOSS") || hasCode(error, "OPERATION_TIMEOUT");
}
