/**
 * The invariants of the protocol, by number, checked at the moment something happens in the tree or on a host. They are
 * computed here from the nodes, not with the functions under test.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  type Current,
  type Policy,
  servicePath,
  type Slot,
  slotsPath,
} from "../../../rollout/mod.ts";
import type { Purpose } from "./environment.ts";
import type { HostModel } from "./host_model.ts";
import { readCurrent, type Reading, readSlots, readWaves } from "./reading.ts";
import { childrenOf, nodeAt, type Snapshot, type TreeModel } from "./tree_model.ts";

/** An invariant that does not hold. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";

  constructor(readonly invariant: string, what: string) {
    super(`${invariant}: ${what}`);
  }
}

/** A `multi` that happened, with the tree around it. */
export interface Happened {
  readonly purpose: Purpose;
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/** Checks the invariants over one run. */
export class Invariants {
  readonly #tree: TreeModel;
  /** Waves, by node, that had their quorum at some time. */
  readonly #quorate = new Set<string>();
  /** Hosts that served when they took the slot that they hold: those that the upgrade takes down. */
  readonly #takenDown = new Map<string, Set<string>>();
  /** Slots that their owners have reported on, done or failed, by path. */
  readonly #reported = new Set<string>();
  #admissions = 0;

  constructor(tree: TreeModel) {
    this.#tree = tree;
  }

  /** Number of slots that were taken: a run without any shows nothing. */
  get admissions(): number {
    return this.#admissions;
  }

  /** Checks after every change of the tree. */
  checkTree(services: readonly string[]): void {
    const tree = this.#tree.snapshot;
    const [wave] = readWaves(tree);
    for (const service of services) {
      const slots = readSlots(tree, service);
      const policy = policyOf(tree, service);
      const roster = childrenOf(tree, servicePath(service));
      const takenDown = [...this.#takenDown.get(service) ?? []].filter((host) =>
        isDown(slots.get(host))
      );
      this.#takenDown.set(service, new Set(takenDown));
      const budget = countOf(policy.maxUnavailable, roster.length, "down");
      if (takenDown.length > budget) {
        throw new InvariantViolation(
          "I1",
          `${takenDown} are down for an upgrade, budget ${budget}`,
        );
      }
      if (wave === undefined || wave.service !== service) continue;
      const covered = roster.filter((host) => wave.hosts?.includes(host) ?? true);
      const staged = childrenOf(tree, `/dc/staging/${service}`).map((name) => name.slice(0, -11));
      const current = readCurrent(tree, service);
      const ready = covered.filter((host) =>
        staged.includes(host) || current.get(host)?.version === wave.version ||
        slots.get(host)?.to === wave.version
      );
      const needed = Math.max(1, countOf(policy.quorum, covered.length, "up"));
      if (ready.length >= needed) this.#quorate.add(wave.node);
    }
  }

  /** Checks at a `multi` that happened, whether or not its sender learns of it. */
  checkMulti({ purpose, before, after }: Happened): void {
    if (purpose.kind === "admission") this.#checkAdmission(purpose, before);
    if (purpose.kind === "finish") this.#checkFinish(purpose, before);
    if (purpose.kind === "admission" || purpose.kind === "slot") {
      const path = slotsPath(purpose.service, purpose.host);
      if (isDown(after.get(path)?.data as Slot | undefined)) this.#reported.delete(path);
      else this.#reported.add(path);
      return;
    }
    // Only an admission, a step, a report or a failure touches a slot, and only its owner's.
    for (const path of before.keys()) {
      if (/^\/dc\/slots\/[^/]+\/./.test(path) && !after.has(path)) {
        throw new InvariantViolation("I5", `${path} went without its owner's report`);
      }
    }
  }

  /**
   * Whether the only remaining step of a host's switch is a report that has happened already: an earlier life of the host
   * sent it, and it arrived after this life had read the slot. The host runs what it reports, or starts it after a power
   * cut, and takes nothing down any more; its own report will be refused, and then it reads again.
   */
  isReported({ disk: { journal }, service, name }: HostModel): boolean {
    return (journal === "reporting" || journal === "rolling_back") &&
      this.#reported.has(slotsPath(service, name));
  }

  /** A host that is about to take a step of a switch holds a slot for it in the tree. */
  checkSwitching(host: HostModel): void {
    const path = slotsPath(host.service, host.name);
    const slot = this.#tree.snapshot.get(path)?.data as Slot | undefined;
    const journal = host.disk.journal;
    // The slot was reported and the reply was lost, or an earlier life of the host reported it: the host will read again.
    if (host.memory.isStepTaken || this.isReported(host)) return;
    if (!isDown(slot)) throw new InvariantViolation("I5", `${host.name} switches without a slot`);
    const distance = STEP_ORDER.indexOf(journal ?? "") - STEP_ORDER.indexOf(slot?.step ?? "");
    if (journal !== null && journal !== "rolling_back" && Math.abs(distance) > 1) {
      throw new InvariantViolation("I5", `journal is at ${journal}, slot at ${slot?.step}`);
    }
  }

  /** A host points at a release that it has, and does so with its service stopped. */
  checkPointing(host: HostModel, version: string): void {
    if (host.process !== null || !host.disk.releases.has(version)) {
      throw new InvariantViolation("I4", `${host.name} points at ${version} without having it`);
    }
  }

  /** A host that came back has chosen a version. */
  checkRejoin(host: HostModel, reading: Reading, version: string): void {
    const { withdrawn, committed } = reading.entry;
    if (withdrawn.includes(version)) {
      throw new InvariantViolation("I8", `${host.name} rejoins on withdrawn ${version}`);
    }
    const votes = (candidate: string) =>
      [...reading.view.current.values()].filter((entry) =>
        entry.host !== host.name && entry.state === "serving" && entry.version === candidate
      ).length;
    const { control, roster } = reading.view;
    const isRunning = control === null || control.state === "running";
    const isMajority = (candidate: string) => isRunning && 2 * votes(candidate) > roster.length;
    if (version !== committed?.version && !isMajority(version)) {
      throw new InvariantViolation("I8", `${host.name} rejoins on ${version}, which few serve`);
    }
    const others = [...reading.view.current.values()].flatMap(({ version }) => version ?? []);
    const outvoted = others.find((other) =>
      other !== version && !withdrawn.includes(other) && isMajority(other)
    );
    if (outvoted !== undefined) {
      throw new InvariantViolation(
        "I8",
        `${host.name} rejoins on ${version}, most serve ${outvoted}`,
      );
    }
  }

  #checkAdmission(purpose: Purpose & { kind: "admission" }, tree: Snapshot): void {
    const { service, host, reading, isCatchUp } = purpose;
    this.#admissions++;
    const { state } = nodeAt(tree, CONTROL).data as Control;
    if (state !== "running") {
      throw new InvariantViolation("I6", `${host} was admitted while control is ${state}`);
    }
    if (!isCatchUp) this.#checkOrder(purpose, tree);

    const current = readCurrent(tree, service);
    if (current.get(host)?.state !== "serving") return;
    const taken = this.#takenDown.get(service) ?? new Set();
    this.#takenDown.set(service, taken.add(host));
    // A host that went down after the reading does not count: it changed nothing that a `multi` could check.
    const then = this.#tree.at(reading.restZxid);
    const wereServing = readCurrent(then, service);
    const roster = childrenOf(tree, servicePath(service));
    const slots = readSlots(tree, service);
    const away = roster.filter((other) => {
      const wasDown = wereServing.get(other)?.state !== "serving";
      return other === host || isDown(slots.get(other)) || (wasDown && !isServing(current, other));
    });
    const policy = policyOf(tree, service);
    const budget = countOf(policy.maxUnavailable, roster.length, "down");
    if (away.length > budget) {
      throw new InvariantViolation(
        "I1",
        `${host} was admitted, ${away} are away, budget ${budget}`,
      );
    }
    const holders = roster.filter((other) => isDown(slots.get(other)));
    if (holders.length >= policy.maxConcurrent) {
      throw new InvariantViolation("I1", `${host} was admitted while ${holders} switch`);
    }
  }

  #checkOrder(
    { service, host, version, reading }: Purpose & { kind: "admission" },
    tree: Snapshot,
  ) {
    const [first] = readWaves(tree);
    const node = reading.view.wave?.node;
    if (first === undefined || first.node !== node || first.service !== service) {
      throw new InvariantViolation(
        "I2",
        `${host} was admitted for ${node}, first is ${first?.node}`,
      );
    }
    if (first.version !== version || (first.hosts !== null && !first.hosts.includes(host))) {
      throw new InvariantViolation("I2", `${host} was admitted for a wave that is not its own`);
    }
    if (!this.#quorate.has(first.node)) {
      throw new InvariantViolation("I3", `${host} was admitted before the quorum of ${first.node}`);
    }
  }

  #checkFinish({ service, reading }: Purpose & { kind: "finish" }, tree: Snapshot): void {
    const wave = reading.view.wave;
    const slots = readSlots(tree, service);
    const holders = [...slots].filter(([, slot]) => isDown(slot)).map(([host]) => host);
    if (wave === null || holders.length > 0) {
      throw new InvariantViolation("I2", `${wave?.node} was finished while ${holders} switch`);
    }
    if ((nodeAt(tree, CONTROL).data as Control).state === "halted") {
      throw new InvariantViolation("I7", `${wave.node} was finished while control is halted`);
    }
    const isOver = [...slots.values()].filter((slot) => slot.to === wave.version).length >
      policyOf(tree, service).maxFailures;
    for (const [host, entry] of readCurrent(tree, service)) {
      const node = nodeAt(tree, `/dc/current/${service}/${host}`);
      const isNew = node.modifiedZxid > reading.restZxid || (slots.has(host) && !isOver);
      if (isNew || (wave.hosts !== null && !wave.hosts.includes(host))) continue;
      if (entry.version !== wave.version || entry.state !== "serving") {
        throw new InvariantViolation("I2", `${wave.node} was finished without ${host}`);
      }
    }
  }
}

const STEP_ORDER: readonly string[] = [
  "draining",
  "stopping",
  "pointing",
  "starting",
  "checking",
  "baking",
  "reporting",
];

function isDown(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.step !== "failed";
}

function isServing(current: ReadonlyMap<string, Current>, host: string): boolean {
  return current.get(host)?.state === "serving";
}

function policyOf(tree: Snapshot, service: string): Policy {
  return (nodeAt(tree, servicePath(service)).data as { policy: Policy }).policy;
}

function countOf(count: number | `${number}%`, hosts: number, direction: "up" | "down"): number {
  if (typeof count === "number") return count;
  const exact = (Number.parseInt(count, 10) / 100) * hosts;
  return direction === "up" ? Math.ceil(exact - 1e-9) : Math.max(1, Math.floor(exact + 1e-9));
}
