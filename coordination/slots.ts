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
  type Current,
  currentPath,
  decideFailure,
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
import { readService } from "./service_view.ts";

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

/**
 * Says in the slot which step its owner is about to take. A slot that an operator has removed stays removed. The write is
 * made at the version that was read, so that a request of a dead agent that arrives late changes nothing.
 */
export async function writeSlot(zk: ZooKeeper, service: string, slot: Slot): Promise<void> {
  const path = slotsPath(service, slot.host);
  try {
    const { stat } = await zk.get(path);
    await zk.set(path, encodeEntry(slot), { version: stat.version });
  } catch (error) {
    if (!hasCode(error, "NO_NODE") && !hasCode(error, "BAD_VERSION")) throw error;
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
 * Reports that a switch failed and the old release is back: the slot stays as a record, the host leaves the queue, and, if
 * `decideFailure` says so, the rollout is halted. The admission counter is bumped at the version that was read, so that of
 * two hosts that fail at once the second one counts the first.
 *
 * @returns Whether the rollout is halted now.
 */
export async function reportFailure(
  zk: ZooKeeper,
  service: string,
  failure: { readonly slot: Slot; readonly current: Current; readonly nowMs: number },
): Promise<boolean> {
  // Each round is lost to another host's report or admission, which are one at a time; a fleet has few of them at once.
  for (let round = 1;; round++) {
    try {
      return await tryReportFailure(zk, service, failure);
    } catch (error) {
      if (round === FAILURE_ROUNDS_MAX || !hasCode(error, "BAD_VERSION")) throw error;
    }
  }
}

const FAILURE_ROUNDS_MAX = 10;

async function tryReportFailure(
  zk: ZooKeeper,
  service: string,
  failure: { readonly slot: Slot; readonly current: Current; readonly nowMs: number },
): Promise<boolean> {
  const { slot, current, nowMs } = failure;
  const { host } = slot;
  const { view } = await readService(zk, service);
  const decision = decideFailure(view, { host, service, version: slot.to });
  const isHalting = decision.halt && view.control?.state !== "halted";
  // Halting is itself a change of the control node.
  const controlVersion = view.controlVersion + (isHalting ? 1 : 0);
  const failed: Slot = { ...slot, step: "failed", controlVersion };
  const slotNode = slotsPath(service, host);
  const operations: MultiOperation[] = [
    op.set(slotsPath(service), encodeEntry({ schema: SCHEMA_VERSION }), {
      version: view.slotsVersion,
    }),
    // An operator may have removed the slot meanwhile; the record of the failure is wanted all the same.
    view.slots.has(host)
      ? op.set(slotNode, encodeEntry(failed))
      : op.create(slotNode, encodeEntry(failed)),
    op.set(currentPath(service, host), encodeEntry(current)),
  ];
  if (isHalting) {
    const reason = `${decision.reason} (${host}: ${slot.reason ?? "no reason given"})`;
    const control = {
      ...view.control,
      schema: SCHEMA_VERSION,
      state: "halted",
      by: host,
      reason,
      sinceMs: nowMs,
    };
    operations.push(op.set(CONTROL, encodeEntry(control), { version: view.controlVersion }));
  }
  await withOwnNodes(zk, { service, host, slot: "keep" }, operations);
  return isHalting;
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
