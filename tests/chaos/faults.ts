/**
 * Makes the faults of a schedule and undoes them, each at its time, and gives the operator's orders.
 *
 * @module
 */

import type { RealEnsemble } from "../real_zookeeper.ts";
import type { Deed } from "./judge.ts";
import type { Machine } from "./machine.ts";
import type { Operator } from "./operator.ts";
import type { PlannedEvent } from "./schedule.ts";

/** What faults are made on. */
export interface FaultTargets {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly ensemble: RealEnsemble;
  readonly operator: Operator;
  /** The hosts that hold a slot now. */
  readonly switching: () => Promise<readonly string[]>;
  readonly say: (text: string) => void;
}

/** How long to look for a leader: after the last one was killed, another one is elected first. */
const LEADER_MS = 10_000;

/** How long to look for a host that is switching. */
const AIM_MS = 3_000;
const AIM_LOOK_MS = 50;

/** Undoes a fault. */
type Undo = () => void | Promise<void>;

/** What a fault has done. */
interface Done {
  readonly undo: Undo;
  readonly killed?: readonly number[];
}

/**
 * Makes all of them. When the signal is aborted nothing new begins, and everything is undone.
 *
 * @returns What was done, once all is undone.
 */
export async function makeFaults(
  events: readonly PlannedEvent[],
  targets: FaultTargets,
  signal: AbortSignal,
): Promise<Deed[]> {
  const deeds: Deed[] = [];
  /** Hosts that have a fault. */
  const sick = new Set<string>();
  await Promise.all(events.map(async (planned) => {
    await untilOver(planned.atMs, signal);
    const host = await chooseHost(planned, { sick, targets, signal });
    if (signal.aborted || sick.has(host ?? "")) return;
    const event = { ...planned, host };
    const { kind, forMs } = event;
    const where = host ?? "";
    if (host !== null) sick.add(host);
    const fromMs = Date.now();
    // It counts from before it begins, so that whatever it leads to comes after.
    const killed: number[] = [];
    const deed: Deed = { kind, host, fromMs, untilMs: null, killed };
    deeds.push(deed);
    targets.say(`${kind} ${where}${forMs === 0 ? "" : ` for ${forMs} ms`}`);
    const done = await begin(event, targets);
    if (done === null) {
      deeds.splice(deeds.indexOf(deed), 1);
      sick.delete(where);
      return;
    }
    killed.push(...done.killed ?? []);
    await untilOver(forMs, signal);
    await done.undo();
    deed.untilMs = Date.now();
    sick.delete(where);
    if (forMs > 0) targets.say(`${kind} ${where} is over`);
  }));
  return deeds.sort((one, other) => one.fromMs - other.fromMs);
}

/** The host that the fault is drawn for, or one that is switching. */
async function chooseHost(
  { host, isAimed }: PlannedEvent,
  { sick, targets, signal }: {
    readonly sick: ReadonlySet<string>;
    readonly targets: FaultTargets;
    readonly signal: AbortSignal;
  },
): Promise<string | null> {
  if (!isAimed) return host;
  for (let waitedMs = 0; waitedMs < AIM_MS && !signal.aborted; waitedMs += AIM_LOOK_MS) {
    const found = (await targets.switching()).find((one) => !sick.has(one));
    if (found !== undefined) return found;
    await untilOver(AIM_LOOK_MS, signal);
  }
  return host;
}

async function begin({ kind, host }: PlannedEvent, targets: FaultTargets): Promise<Done | null> {
  const { machines, ensemble, operator } = targets;
  const nothing = { undo: () => {} };
  switch (kind) {
    case "leader_kill": {
      const leader = await Promise.race([
        ensemble.leader(),
        new Promise<null>((resolve) => setTimeout(resolve, LEADER_MS, null)),
      ]);
      if (leader === null) return null;
      await leader.halt("SIGKILL");
      return { undo: () => leader.launch() };
    }
    case "pause":
      await operator.pause();
      return { undo: () => operator.resume() };
    case "abort":
      await operator.abort();
      return nothing;
    case "start_beside":
      await operator.startBeside();
      return nothing;
  }
  const machine = machines.get(host ?? "");
  if (machine === undefined) throw new Error(`${kind}: expected a host, was ${host}`);
  switch (kind) {
    case "agent_kill":
      await machine.killAgent();
      return { undo: () => machine.startAgent() };
    case "agent_freeze":
      machine.freezeAgent();
      return { undo: () => machine.thawAgent() };
    case "power_cut":
      return { killed: await machine.cutPower(), undo: () => machine.startAgent() };
    case "disk_full":
      machine.fillDisk();
      return { undo: () => machine.freeDisk() };
    case "unhealthy":
      machine.setWell(false);
      return { undo: () => machine.setWell(true) };
    case "network_cut":
      await machine.cutNetwork();
      return { undo: () => machine.mendNetwork() };
  }
}

/** Waits that long, or until the signal is aborted. */
async function untilOver(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || delayMs === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
