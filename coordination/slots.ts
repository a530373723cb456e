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
  controlSchema,
  type Current,
  currentPath,
  decodeEntry,
  encodeEntry,
  type FirstWave,
  SCHEMA_VERSION,
  type ServiceView,
  type Slot,
  slotSchema,
  slotsPath,
  sortSequential,
  stagingPath,
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
    return standing !== null && standing.to === slot.to && standing.sinceMs === slot.sinceMs;
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

/** Says in the slot which step its owner is about to take. A slot that an operator has removed stays removed. */
export async function writeSlot(zk: ZooKeeper, service: string, slot: Slot): Promise<void> {
  try {
    await zk.set(slotsPath(service, slot.host), encodeEntry(slot));
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}

/**
 * Reports that a switch is over, in one transaction: the host's entry says what it runs, it leaves the staging queue, its
 * slot is gone. The host's own ephemeral entry must stand.
 */
export async function reportSwitch(
  zk: ZooKeeper,
  service: string,
  current: Current,
): Promise<void> {
  await withOwnNodes(zk, { service, host: current.host, slot: "delete" }, [
    op.set(currentPath(service, current.host), encodeEntry(current)),
  ]);
}

/**
 * Reports that a switch failed and the old release is back: the slot stays as a record, the host leaves the queue. One
 * failure more than the policy allows halts the rollout.
 *
 * @returns Whether the rollout is halted now.
 */
export async function reportFailure(
  zk: ZooKeeper,
  service: string,
  failure: {
    readonly slot: Slot;
    readonly current: Current;
    readonly maxFailures: number;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { slot, current, maxFailures, nowMs } = failure;
  const { children } = await zk.children(slotsPath(service));
  const others = await Promise.all(
    children.filter((host) => host !== slot.host).map((host) => readSlot(zk, service, host)),
  );
  const failedCount = 1 +
    others.filter((other) => other?.step === "failed" && other.to === slot.to).length;
  const isHalted = failedCount > maxFailures;
  const control = await zk.get(CONTROL);
  // Halting is itself a change of the control node.
  const controlVersion = control.stat.version + (isHalted ? 1 : 0);
  const failed: Slot = { ...slot, step: "failed", controlVersion };
  const slotNode = slotsPath(service, slot.host);
  // An operator may have removed the slot meanwhile; the record of the failure is wanted all the same.
  const isStanding = children.includes(slot.host);
  const operations: MultiOperation[] = [
    isStanding ? op.set(slotNode, encodeEntry(failed)) : op.create(slotNode, encodeEntry(failed)),
    op.set(currentPath(service, slot.host), encodeEntry(current)),
  ];
  if (isHalted) {
    const standing = decodeEntry(controlSchema, control.data, CONTROL);
    operations.push(op.set(
      CONTROL,
      encodeEntry({
        ...standing,
        state: "halted",
        by: slot.host,
        reason: `${service} ${slot.to} failed on ${slot.host}: ${slot.reason ?? "no reason given"}`,
        sinceMs: nowMs,
      }),
      { version: control.stat.version },
    ));
  }
  await withOwnNodes(zk, { service, host: slot.host, slot: "keep" }, operations);
  return isHalted;
}

/** Removes a slot; one that is gone already is fine. */
export async function removeSlot(zk: ZooKeeper, service: string, host: string): Promise<void> {
  try {
    await zk.delete(slotsPath(service, host));
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}

/**
 * Runs a transaction that also takes the host out of the staging queue and, if asked, frees its slot. Which of these nodes
 * stand is read just before; they are the host's own, so only its own expired session can remove one in between.
 */
async function withOwnNodes(
  zk: ZooKeeper,
  own: { service: string; host: string; slot: "keep" | "delete" },
  operations: readonly MultiOperation[],
): Promise<void> {
  const { service, host } = own;
  // Two rounds: the second one after a node that stood in the first one is gone.
  for (let round = 1;; round++) {
    const { children } = await zk.children(stagingPath(service));
    const queued = sortSequential(children).filter(({ prefix }) => prefix === host);
    const hasSlot = own.slot === "delete" && await zk.exists(slotsPath(service, host)) !== null;
    try {
      await zk.multi([
        ...operations,
        ...queued.map(({ node }) => op.delete(stagingPath(service, node))),
        ...(hasSlot ? [op.delete(slotsPath(service, host))] : []),
      ]);
      return;
    } catch (error) {
      if (round === 2 || !hasCode(error, "NO_NODE")) throw error;
    }
  }
}

function isUnknownOutcome(error: unknown): boolean {
  return hasCode(error, "CONNECTION_LOSS") || hasCode(error, "OPERATION_TIMEOUT");
}
