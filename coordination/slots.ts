/**
 * Slots, the right to be down: taking, updating and removing one, in transactions that enforce what `rollout/`
 * decides.
 *
 * Each is safe against a lost reply: a slot is a node of a fixed name that says who took it and when, so its owner
 * looks whether it stands before it tries again (invariant I5).
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
  servicePath,
  type ServiceView,
  type Slot,
  slotSchema,
  slotsPath,
  wavePath,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { multiClearing } from "./foreign_children.ts";
import type { ServiceReading } from "./service_view.ts";

/**
 * Takes a slot if nothing has changed that the decision rests on: the control node, the wave, and the service's admission
 * counter must have the versions of the view.
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
    changeCounter(service, view),
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

/** Reads the slot of a host; `null` when there is none. */
export async function readSlot(zk: ZooKeeper, service: string, host: string): Promise<Slot | null> {
  const path = slotsPath(service, host);
  try {
    return decodeEntry(slotSchema, (await zk.get(path)).data, path);
  } catch (error) {
    if (hasCode(error, "NO_NODE")) return null;
    throw error;
  }
}

/** Time-out of each request of {@link writeSlot}, in ms. A step of the switch waits for it while the service may be down, and a healthy ensemble answers within a second. */
const WRITE_TIMEOUT_MS = 1_000;

/** Most attempts of {@link writeSlot}. An attempt fails if another host's admission or report comes first, which is rare; then the step shows a little later. */
const WRITE_ROUNDS_MAX = 3;

/**
 * Writes into the slot which step its owner is about to take. A slot that an operator has removed is not created again, and
 * a later slot of the host is not changed.
 *
 * A request of a dead agent may arrive when the host has its next slot. The node's own version does not tell the two slots
 * apart, since it begins at 0 with each; the service's admission counter does, because taking a slot changes it.
 */
export async function writeSlot(zk: ZooKeeper, service: string, slot: Slot): Promise<void> {
  const path = slotsPath(service, slot.host);
  const options = { timeoutMs: WRITE_TIMEOUT_MS };
  for (let round = 1; round <= WRITE_ROUNDS_MAX; round++) {
    try {
      // In this order: a slot that is taken after the counter was read has changed the counter.
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
 * Returns the operation that changes a service's admission counter. Admissions, failures and finished waves depend on the
 * version of the counter that was read; so every host that decided on an earlier reading has to read again.
 */
export function bumpCounter(service: string): MultiOperation {
  return op.set(slotsPath(service), encodeEntry({ schema: SCHEMA_VERSION }));
}

/**
 * Makes the step from draining to stopping, if everything that `decideFence` has looked at still stands: control, the wave
 * or (outside of waves) the committed version, and the admission counter, which every change of a slot and of the roster
 * moves on.
 *
 * @param pass `slot` is the slot with its new step, `reading` what the decision was made on.
 * @returns Whether the service may be stopped; `false` means: read again, decide again.
 */
export async function passFence(
  zk: ZooKeeper,
  pass: { readonly service: string; readonly slot: Slot; readonly reading: ServiceReading },
): Promise<boolean> {
  const { service, slot, reading } = pass;
  const { view, waves } = reading;
  const wave = waves.find(({ node }) => node === slot.wave);
  if (slot.wave !== null && wave === undefined) return false;
  try {
    await zk.multi([
      op.check(CONTROL, view.controlVersion),
      wave === undefined
        ? op.check(servicePath(service), reading.service?.znodeVersion ?? 0)
        : op.check(wavePath(wave.node), wave.znodeVersion),
      changeCounter(service, view),
      op.set(slotsPath(service, slot.host), encodeEntry(slot)),
    ]);
    return true;
  } catch (error) {
    if (hasCode(error, "BAD_VERSION", "NO_NODE")) return false;
    throw error;
  }
}

/** Changes the admission counter at the version that was read, so that nothing was admitted, freed or ended since. */
export function changeCounter(service: string, view: ServiceView): MultiOperation {
  return op.set(slotsPath(service), encodeEntry({ schema: SCHEMA_VERSION }), {
    version: view.slotsVersion,
  });
}

/**
 * Removes the slot that a host holds, unless it is another one by now. A late request finds the counter changed.
 *
 * @returns Whether it is gone; `false` means: read again, decide again.
 */
export async function giveSlotBack(
  zk: ZooKeeper,
  service: string,
  held: { readonly slot: Slot; readonly view: ServiceView },
): Promise<boolean> {
  const { slot, view } = held;
  const standing = view.slots.get(slot.host);
  if (standing === undefined || !isSameSlot(standing, slot)) return true;
  try {
    await multiClearing(zk, [
      changeCounter(service, view),
      op.delete(slotsPath(service, slot.host)),
    ]);
    return true;
  } catch (error) {
    if (hasCode(error, "BAD_VERSION", "NO_NODE")) return false;
    throw error;
  }
}

function isUnknownOutcome(error: unknown): boolean {
  return hasCode(error, "CONNECTION_LOSS") || hasCode(error, "OPERATION_TIMEOUT");
}
