/**
 * One run: a fleet, a rollout, a random schedule of everybody's steps with faults in between, then quiet, in which the
 * rollout has to end. The seed determines all of it.
 *
 * @module
 */

import { CONTROL, type Control, currentPath, isHeld, slotsPath } from "../../rollout/mod.ts";
import type { Environment, Outcome, Sabotage, Transaction } from "./environment.ts";
import { buildFleet, type Fleet } from "./fleet.ts";
import type { HostModel, Machine } from "./host_model.ts";
import { Invariants, InvariantViolation } from "./invariants.ts";
import { setControl, withdrawRollout } from "./operator_model.ts";
import { Random } from "./random.ts";
import { readSlots, readWaves } from "./reading.ts";
import { nodeAt, TreeModel } from "./tree_model.ts";

/** Steps with faults. Enough that a fleet of six gets through a wave or two. */
const FAULTY_STEPS = 600;
/** Steps without faults in which every run has ended by far, or never will. */
const QUIET_STEPS = 12_000;
/** How often the operator lets the failed hosts try again before giving the rollout up. */
const MAX_RESUMES = 2;
/** Events kept for the report of a run that fails. */
const MAX_EVENTS = 40;

/** What a run came to. */
export interface RunResult {
  readonly admissions: number;
  readonly isWithdrawn: boolean;
  readonly haltedCount: number;
  readonly leftBehindCount: number;
}

/** One run of the simulation. */
export class World implements Environment {
  readonly tree = new TreeModel();
  readonly random: Random;
  readonly invariants = new Invariants(this.tree);
  readonly sabotage: Sabotage | null;
  readonly #fleet: Fleet;
  #isQuiet = false;
  #isWithdrawn = false;
  #halts = 0;
  #dyingSessions: number[] = [];
  #inFlight: Transaction[] = [];
  readonly #stalled = new Map<HostModel, number>();
  #sender: HostModel | null = null;
  readonly #events: string[] = [];

  constructor(seed: number, sabotage: Sabotage | null = null) {
    this.random = new Random(seed);
    this.sabotage = sabotage;
    this.#fleet = buildFleet(this);
  }

  /** Runs to the end; throws an {@link InvariantViolation} with the last events when one does not hold. */
  run(): RunResult {
    try {
      for (let step = 0; step < FAULTY_STEPS; step++) {
        if (this.random.chance(0.06)) this.#injectFault();
        this.#stepSomebody();
      }
      this.#calmDown();
      this.#runQuiet();
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      error.message += `\n${this.#events.join("\n")}\n${this.#describe()}`;
      throw error;
    }
    const leftBehind = this.#fleet.hosts.filter((host) => host.memory.slot !== null);
    return {
      admissions: this.invariants.admissions,
      isWithdrawn: this.#isWithdrawn,
      haltedCount: this.#halts,
      leftBehindCount: leftBehind.length,
    };
  }

  hasFaults(): boolean {
    return !this.#isQuiet;
  }

  isHealthy(_service: string, host: string, version: string): boolean {
    const { badVersion, badHost } = this.#fleet;
    if (version === badVersion && (badHost === null || badHost === host)) return false;
    return this.#isQuiet || !this.random.chance(0.12);
  }

  send(transaction: Transaction): Outcome {
    if (this.#isQuiet) return this.#apply(transaction);
    if (this.random.chance(0.02)) {
      // The sender dies with its request on the way: it may happen later, in the old session.
      this.#inFlight.push(transaction);
      if (this.#sender !== null) this.#crash(this.#sender.machine, this.random.chance(0.5));
      return { kind: "unknown" };
    }
    if (this.random.chance(0.04)) {
      if (this.random.chance(0.7)) this.#apply(transaction);
      this.note("reply lost");
      return { kind: "unknown" };
    }
    return this.#apply(transaction);
  }

  note(event: string): void {
    this.#events.push(`${this.tree.zxid}: ${event}`);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
  }

  #apply({ session, operations, purpose }: Transaction): Outcome {
    const before = this.tree.snapshot;
    const result = this.tree.multi(session, operations);
    if (!result.isDone) return { kind: "refused", reason: result.reason };
    if (purpose.kind === "admission") {
      this.note(`${purpose.service}/${purpose.host} admitted for ${purpose.version}`);
    } else if (purpose.kind === "finish") {
      this.note(`${purpose.host} finished ${purpose.reading.view.wave?.node}`);
    }
    this.invariants.checkMulti({ purpose, before, after: this.tree.snapshot });
    const wasHalted = (nodeAt(before, CONTROL).data as Control).state === "halted";
    if (this.#control.state === "halted" && !wasHalted) this.#halts++;
    return { kind: "done", zxid: result.zxid, created: result.created };
  }

  get #control(): Control {
    return nodeAt(this.tree.snapshot, CONTROL).data as Control;
  }

  #stepSomebody(): void {
    const host = this.random.pick(this.#fleet.hosts);
    const stalledSteps = this.#stalled.get(host) ?? 0;
    if (stalledSteps > 0 && !this.#isQuiet) {
      this.#stalled.set(host, stalledSteps - 1);
      return;
    }
    this.#sender = host;
    host.step();
    this.#sender = null;
    // A pause at the worst time: after the reading, before the decision.
    if (host.memory.reading !== null && this.random.chance(0.1)) {
      this.#stalled.set(host, this.random.between(1, 40));
    }
    this.invariants.checkTree(this.#fleet.services);
    this.#checkSlotsSurvive();
  }

  /** A switch that is under way on a host has its slot in the tree, whatever became of the host's session. */
  #checkSlotsSurvive(): void {
    for (const host of this.#fleet.hosts) {
      const { pointer } = host.disk;
      if (host.disk.journal === null || host.memory.mustLook || host.memory.isStepTaken) continue;
      const path = slotsPath(host.service, host.name);
      if (!isHeld(host.memory.slot?.entry) || this.tree.snapshot.has(path)) continue;
      throw new InvariantViolation(
        "I5",
        `${path} is gone in mid-switch, host points at ${pointer}`,
      );
    }
  }

  #injectFault(): void {
    const { machines, hosts } = this.#fleet;
    const machine = this.random.pick(machines);
    const dice = this.random.next();
    if (dice < 0.2) {
      if (machine.isAlive) this.#crash(machine, true);
    } else if (dice < 0.3) {
      if (machine.isAlive) this.#crash(machine, false);
    } else if (dice < 0.6) machine.isAlive = true;
    else if (dice < 0.7) this.#expire(machine);
    else if (dice < 0.78) this.#expireOldSession();
    else if (dice < 0.84) this.#deliverLate();
    else if (dice < 0.9) {
      const { process } = this.random.pick(hosts);
      if (process !== null) process.isHealthy = false;
    } else if (dice < 0.97) {
      const isRunning = this.#control.state === "running";
      setControl(this, { state: isRunning ? "paused" : "running", reason: null });
    } else if (!this.#isWithdrawn && this.random.chance(0.15)) this.#withdraw();
  }

  #crash(machine: Machine, isPowerCut: boolean): void {
    this.note(`${machine.name} ${isPowerCut ? "loses power" : "loses its agent"}`);
    if (machine.session !== null) this.#dyingSessions.push(machine.session);
    machine.session = null;
    machine.isAlive = !isPowerCut;
    // Its next client knows nothing of what the last one has seen.
    machine.seenZxid = 0;
    for (const host of this.#fleet.hosts) {
      if (host.machine !== machine) continue;
      host.crashAgent();
      if (isPowerCut) host.process = null;
    }
  }

  #expire(machine: Machine): void {
    if (machine.session === null) return;
    this.note(`${machine.name} loses its session`);
    this.tree.expire(machine.session);
    machine.session = null;
    for (const host of this.#fleet.hosts) if (host.machine === machine) host.loseSession();
  }

  #expireOldSession(): void {
    const session = this.#dyingSessions.shift();
    if (session !== undefined) this.tree.expire(session);
  }

  #deliverLate(): void {
    const transaction = this.#inFlight.shift();
    if (transaction === undefined) return;
    const { kind } = this.#apply(transaction);
    this.note(`a late ${transaction.purpose.kind} multi is ${kind}`);
  }

  #withdraw(): void {
    this.note("operator withdraws the rollout");
    withdrawRollout(this, this.#fleet.services);
    this.#isWithdrawn = true;
  }

  #calmDown(): void {
    this.note("quiet");
    this.#isQuiet = true;
    while (this.#inFlight.length > 0) this.#deliverLate();
    while (this.#dyingSessions.length > 0) this.#expireOldSession();
    for (const machine of this.#fleet.machines) {
      const holdsSlot = this.#fleet.services.some((service) =>
        isHeld(readSlots(this.tree.snapshot, service).get(machine.name))
      );
      machine.isAlive = machine !== this.#fleet.deadMachine || holdsSlot;
      if (!machine.isAlive) this.#crash(machine, true);
    }
    while (this.#dyingSessions.length > 0) this.#expireOldSession();
    if (this.#control.state === "paused") setControl(this, { state: "running", reason: null });
  }

  #runQuiet(): void {
    for (let step = 0, resumes = 0; step < QUIET_STEPS; step++) {
      if (this.#isOver()) return;
      this.#stepSomebody();
      if (this.#control.state !== "halted") continue;
      if (!this.#control.reason) throw new InvariantViolation("I7", "halted without a reason");
      if (resumes++ < MAX_RESUMES) setControl(this, { state: "running", reason: null });
      else this.#withdraw();
    }
    throw new InvariantViolation("I7", "the rollout does not end");
  }

  #isOver(): boolean {
    if (readWaves(this.tree.snapshot).length > 0) return false;
    return this.#fleet.hosts.every((host) => {
      if (!host.machine.isAlive) return true;
      const slot = host.memory.slot?.entry;
      const committed = this.#fleet.committed(host.service);
      const entry = this.tree.snapshot.get(currentPath(host.service, host.name));
      if (host.process?.isHealthy !== true || entry === undefined || isHeld(slot)) return false;
      const { version } = host.process;
      // An abort takes nobody down: who has the withdrawn version already keeps it.
      if (version === committed || this.#fleet.isWithdrawn(host.service, version)) return true;
      return slot !== undefined && slot.to === committed && slot.reason !== null;
    });
  }

  #describe(): string {
    const control = `control ${JSON.stringify(this.#control)}`;
    const waves = `waves ${JSON.stringify(readWaves(this.tree.snapshot))}`;
    const hosts = this.#fleet.hosts.map((host) => {
      const slot = host.memory.slot?.entry;
      return `${host.service}/${host.name}: alive ${host.machine.isAlive}, runs ${host.process?.version}, slot ${slot?.step} to ${slot?.to}, waiting for: ${host.memory.waitingFor}`;
    });
    return [control, waves, this.#fleet.description, ...hosts].join("\n");
  }
}
