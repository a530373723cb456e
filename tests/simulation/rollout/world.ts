/**
 * One run: a fleet of agents, a rollout, an adversary, then quiet, in which the rollout has to end. All of them are
 * actors on the runtime's test kit, which says when and in which order they run; its seed determines the run.
 *
 * @module
 */

import {
  type InterleavingWorld,
  stopCleanly,
  watchDeadLetters,
} from "../../../actors/runtime/testing/mod.ts";
import { CONTROL, type Control, isHeld, slotsPath } from "../../../rollout/mod.ts";
import { adversary } from "./adversary.ts";
import { recovery } from "./recovery.ts";
import { dataCenter } from "./data_center.ts";
import {
  AgentDied,
  type Environment,
  type Outcome,
  type Sabotage,
  type Transaction,
} from "./environment.ts";
import { buildFleet, type Fleet } from "./fleet.ts";
import { Invariants, InvariantViolation } from "./invariants.ts";
import { Network } from "./network.ts";
import { withdrawRollout } from "./operator_model.ts";
import { Random } from "./random.ts";
import { describe, isOver } from "./run_status.ts";
import { readSlots } from "./reading.ts";
import { nodeAt, TreeModel } from "./tree_model.ts";

/** Time with faults, in ms: some sixty faults, and enough steps for a fleet of six to finish a wave or two. */
const FAULTY_MS = 600;
/** Time without faults, in ms: far longer than any run takes to end, so that one that has not ended never will. */
const QUIET_MS = 10_000;
/** Events kept for the report of a run that fails. */
const MAX_EVENTS = 40;

/** The result of a run. */
export interface RunResult {
  readonly admissions: number;
  readonly isWithdrawn: boolean;
  readonly haltedCount: number;
  readonly leftBehindCount: number;
  /** A summary by which two runs of a seed are compared: changes, messages, virtual time, last events. */
  readonly course: readonly [
    zxid: number,
    handled: number,
    elapsedMs: number,
    events: readonly string[],
  ];
}

/** Runs the scenario of one seed to its end; throws an {@link InvariantViolation} with the last events when one does not hold. */
export async function simulate(
  { system, clock, random }: InterleavingWorld,
  sabotage: Sabotage | null = null,
): Promise<RunResult> {
  const letters = watchDeadLetters(system);
  const world = new World(new Random(random), sabotage);
  const center = system.spawn("data_center", dataCenter(world, world.fleet));
  const enemy = system.spawn("adversary", adversary(world, center));
  await clock.advanceUntil(() => world.hasFailed, { withinMs: FAULTY_MS });
  world.throwFailure();
  system.stopActor(enemy);
  await clock.settle();
  world.calmDown();
  system.spawn("recovery", recovery(world, center));
  await clock.advanceUntil(() => world.hasFailed || isOver(world), { withinMs: QUIET_MS });
  if (!isOver(world)) world.fail(new InvariantViolation("I7", "the rollout does not end"));
  world.throwFailure();

  const course = [
    world.tree.zxid,
    system.counters.handled,
    clock.nowMs(),
    world.events,
  ] as const;
  // An agent that dies loses the message that it handles; no other message is lost.
  for (let failure = 0; failure < system.counters.failures; failure++) letters.expect("failed");
  // A fault for an agent whose machine has just lost power.
  for (const type of letters.letters.map(({ message }) => (message as { type: string }).type)) {
    if (type === "crash" || type === "expire") letters.expect("stopped", type);
  }
  letters.expectNoOthers();
  await stopCleanly({ system, clock });
  letters.expectNoOthers();
  return {
    admissions: world.invariants.admissions,
    isWithdrawn: world.isWithdrawn,
    haltedCount: world.network.halts,
    leftBehindCount: world.fleet.services.flatMap((service) => [
      ...readSlots(world.tree.snapshot, service).keys(),
    ]).length,
    course,
  };
}

/** What the actors of one run share: their environment and the invariants. */
export class World implements Environment {
  readonly tree = new TreeModel();
  readonly invariants = new Invariants(this.tree);
  readonly network = new Network(this);
  readonly random: Random;
  readonly sabotage: Sabotage | null;
  readonly fleet: Fleet;
  readonly paceMs: number;
  readonly events: string[] = [];
  #isQuiet = false;
  #isWithdrawn = false;
  #checkedZxid = -1;
  #failure: unknown = null;

  constructor(random: Random, sabotage: Sabotage | null) {
    this.random = random;
    this.sabotage = sabotage;
    this.fleet = buildFleet(this);
    // The more hosts, the longer each waits: with any fleet, one or two steps happen per millisecond.
    this.paceMs = this.fleet.installations.length + 1;
  }

  get control(): Control {
    return nodeAt(this.tree.snapshot, CONTROL).data as Control;
  }

  get isWithdrawn(): boolean {
    return this.#isWithdrawn;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  hasFaults(): boolean {
    return !this.#isQuiet;
  }

  /** Ends the faults. */
  calmDown(): void {
    this.note("quiet");
    this.#isQuiet = true;
  }

  isHealthy(_service: string, host: string, version: string): boolean {
    const { badVersion, badHost } = this.fleet;
    if (version === badVersion && (badHost === null || badHost === host)) return false;
    return this.#isQuiet || !this.random.chance(0.12);
  }

  send(transaction: Transaction): Outcome {
    return this.network.send(transaction);
  }

  orphan(session: number): void {
    this.network.orphan(session);
  }

  /** The operator aborts the rollout. */
  withdraw(): void {
    this.note("operator withdraws the rollout");
    withdrawRollout(this, this.fleet.services);
    this.#isWithdrawn = true;
  }

  note(event: string): void {
    this.events.push(`${this.tree.zxid}: ${event}`);
    if (this.events.length > MAX_EVENTS) this.events.shift();
  }

  turn<T>(act: () => T): T {
    try {
      const result = act();
      this.#check();
      return result;
    } catch (error) {
      if (!(error instanceof AgentDied)) this.fail(error);
      throw error;
    }
  }

  /** Records that the run has failed; the first reason counts. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** Throws the reason if the run has failed. */
  throwFailure(): void {
    const error = this.#failure;
    if (error === null) return;
    if (error instanceof InvariantViolation) {
      error.message += `\n${this.events.join("\n")}\n${describe(this)}`;
    }
    throw error;
  }

  #check(): void {
    if (this.tree.zxid !== this.#checkedZxid) this.invariants.checkTree(this.fleet.services);
    this.#checkedZxid = this.tree.zxid;
    this.#checkSlotsSurvive();
  }

  /** Checks that every switch under way on a host has its slot in the tree, whatever the state of the host's session. */
  #checkSlotsSurvive(): void {
    for (const { agent: host, disk } of this.fleet.installations) {
      if (host === null || disk.journal === null) continue;
      if (host.memory.mustLook || host.memory.isStepTaken) continue;
      const path = slotsPath(host.service, host.name);
      if (!isHeld(host.memory.slot?.entry) || this.tree.snapshot.has(path)) continue;
      if (this.invariants.isReported(host)) continue;
      throw new InvariantViolation(
        "I5",
        `${path} is gone in mid-switch, host points at ${disk.pointer}`,
      );
    }
  }
}
