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
  type Census,
  type CensusReading,
  decodeEntry,
  type FirstWave,
  isSameSlot,
  type Slot,
  slotSchema,
  slotsPath,
  transactions,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply, applyIfUnchanged, isUnknown } from "./apply.ts";

/**
 * Takes a slot if nothing has changed that the decision rests on.
 *
 * @returns Whether the host holds the slot now; `false` means: read again, decide again.
 */
export async function takeSlot(
  zk: ZooKeeper,
  request: {
    readonly service: string;
    readonly slot: Slot;
    readonly census: Census;
    readonly wave: FirstWave | null;
    /** The node by which the wave is marked as opened, if this host opens it. Default: it does not. */
    readonly opening?: string | null;
    /** The place in the staging queue that the host leaves by this; `null`: it keeps its place. */
    readonly place: string | null;
  },
): Promise<boolean> {
  const { service, slot, census } = request;
  try {
    await apply(zk, transactions.takeSlot(census, request));
    return true;
  } catch (error) {
    if (hasCode(error, "BAD_VERSION", "NO_NODE")) return false;
    if (!hasCode(error, "NODE_EXISTS") && !isUnknown(error)) throw error;
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

/**
 * Makes the step from draining to stopping, if everything that `decideFence` has looked at still stands.
 *
 * @param pass `slot` is the slot with its new step, `reading` what the decision was made on.
 * @returns Whether the service may be stopped; `false` means: read again, decide again.
 */
export async function passFence(
  zk: ZooKeeper,
  pass: { readonly service: string; readonly slot: Slot; readonly reading: CensusReading },
): Promise<boolean> {
  const operations = transactions.passFence(pass.reading, pass);
  return operations !== null && await applyIfUnchanged(zk, operations);
}

/**
 * Removes the slot that a host holds, unless it is another one by now.
 *
 * @param held.write What the host writes with it. Default: nothing.
 * @returns Whether it is gone, and that is written; `false` means: read again, decide again.
 */
export async function giveSlotBack(
  zk: ZooKeeper,
  service: string,
  held: {
    readonly slot: Slot;
    readonly reading: Pick<CensusReading, "census" | "service">;
    readonly write?: transactions.HostWrite | null;
  },
): Promise<boolean> {
  const { slot, reading, write = null } = held;
  const operations = transactions.giveSlotBack(reading, { service, slot, write });
  // Where there is nothing to remove, nothing else is written either.
  if (operations === null) return write === null;
  return await applyIfUnchanged(zk, operations);
}
