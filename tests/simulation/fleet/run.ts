/**
 * One run: a fleet is installed, a rollout begins, faults strike, then they stop, and the rollout must end.
 *
 * @module
 */

import { type AgentConfig, agentConfigSchema } from "../../../actors/config/agent_config.ts";
import { InvariantViolation } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { Operator } from "./operator.ts";
import type { PlannedHost, Scenario } from "./scenario.ts";
import { planOf } from "./scenario.ts";
import { isHeld } from "./tree_mirror.ts";
import { type LogOf, type TraceLine, World } from "./world.ts";

/** How long the first version may take to be everywhere, in ms. */
const INSTALL_MS = 120_000;

/** How long faults strike, in ms. */
export const FAULTY_MS = 60_000;

/** How long a rollout may take to end once the faults have stopped, in ms. Most need seconds. */
const QUIET_MS = 120_000;

/** How often operators look after the fleet once the faults have stopped, in ms. */
const LOOK_AFTER_MS = 15_000;

/** The wall time at which all runs begin. */
const EPOCH_MS = 1_700_000_000_000;

/** What has become of a run. */
export interface RunResult {
  readonly seed: number;
  readonly violation: InvariantViolation | null;
  readonly lines: readonly TraceLine[];
  /** Things that happened, for figures. */
  readonly events: number;
  readonly virtualMs: number;
  readonly transactions: ReadonlyMap<string, number>;
  readonly verbs: ReadonlyMap<string, number>;
  /** How often each kind of fault struck. */
  readonly faults: ReadonlyMap<string, number>;
}

/** Runs a scenario to its end. */
export async function runScenario(
  scenario: Scenario,
  { log = null }: { readonly log?: LogOf | null } = {},
): Promise<RunResult> {
  const world = new World({ seed: scenario.seed, serverCount: scenario.serverCount, log });
  const run = new Run(world, scenario);
  try {
    await run.install();
    await run.strike();
    await run.end();
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
  }
  for (const { agent } of world.machines) agent?.clock.kill();
  return {
    seed: scenario.seed,
    violation: world.observer.failure,
    lines: world.lines,
    events: world.time.events,
    virtualMs: world.time.nowMs,
    transactions: world.observer.transactions,
    verbs: run.operator.counts,
    faults: new Map(),
  };
}

class Run {
  readonly operator: Operator;
  readonly #world: World;
  readonly #scenario: Scenario;

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#scenario = scenario;
    this.operator = new Operator(world, EPOCH_MS + scenario.adminSkewMs);
    for (const host of scenario.hosts) world.machines.push(this.#machine(host));
  }

  #machine({ name, rack, wallSkewMs }: PlannedHost): Machine {
    return new Machine(this.#world, {
      name,
      place: name,
      rack,
      agentId: `agent of ${name}`,
      wallOffsetMs: EPOCH_MS + wallSkewMs,
      config: configOf(this.#scenario, {
        name,
        rack,
        zookeeper: this.#world.ensemble.connectString,
      }),
    });
  }

  async #until(isOver: () => boolean, withinMs: number): Promise<boolean> {
    const { time, observer } = this.#world;
    const reached = await time.run({
      untilMs: time.nowMs + withinMs,
      isOver: () => observer.failure !== null || isOver(),
      onMoment: () => this.#world.onMoment(),
    });
    if (observer.failure !== null) throw observer.failure;
    return reached;
  }

  /** Puts the first version everywhere, without faults. */
  async install(): Promise<void> {
    const { machines, observer } = this.#world;
    for (const machine of machines) machine.powerOn();
    const { services, hosts } = this.#scenario;
    const isRegistered = () =>
      services.every(({ name }) => observer.tree.of(name).roster.size === hosts.length);
    await this.#expect("everybody registers", isRegistered);
    void this.operator.run({ kind: "rollout", ...planOf(this.#scenario, "v1", { isFirst: true }) });
    await this.#expect(
      "the first version is committed",
      () =>
        services.every(({ name }) => (observer.tree.of(name).entry?.committed ?? null) !== null),
    );
    await this.#expect("everybody serves", () => this.#isServing());
  }

  async #expect(what: string, isReached: () => boolean): Promise<void> {
    if (await this.#until(isReached, INSTALL_MS)) return;
    this.#world.observer.fail("I7", `without any fault, ${what}: not within ${INSTALL_MS} ms`);
    throw this.#world.observer.failure;
  }

  #isServing(): boolean {
    return this.#world.machines.every((machine) =>
      machine.isGone || machine.services.every((service) => machine.isServing(service))
    );
  }

  /** Begins the rollout, and lets faults strike. */
  async strike(): Promise<void> {
    void this.operator.run({ kind: "rollout", ...planOf(this.#scenario, "v2") });
    await this.#until(() => this.#world.observer.tree.waves.size > 0, 10_000);
    await this.#until(() => this.#isOver(), FAULTY_MS);
  }

  /** Whether the rollout has ended and everybody serves. */
  #isOver(): boolean {
    const { tree } = this.#world.observer;
    if (tree.waves.size > 0) return false;
    for (const { slots } of tree.services.values()) {
      for (const slot of slots.values()) if (isHeld(slot)) return false;
    }
    return this.#isServing();
  }

  /** Stops the faults, and lets operators do what operators do until the rollout has ended. */
  async end(): Promise<void> {
    const { observer, time } = this.#world;
    for (let aborts = 0; time.nowMs < QUIET_MS;) {
      if (await this.#until(() => this.#isOver(), LOOK_AFTER_MS)) return;
      const state = observer.tree.control?.state;
      if (state === "paused") void this.operator.run({ kind: "resume" });
      else if (state === "halted") {
        void this.operator.run({ kind: aborts++ < 1 ? "resume" : "abort" });
      }
    }
    observer.fail("I7", `the rollout does not end: ${this.#describe()}`);
    throw observer.failure;
  }

  #describe(): string {
    const { tree } = this.#world.observer;
    const waits = [...tree.services].flatMap(([service, { current, slots }]) => [
      ...[...current.values()].map((entry) =>
        `${service}/${entry.host} ${entry.version} ${entry.state}: ${entry.waitingFor}`
      ),
      ...[...slots].map(([host, slot]) => `slot of ${host}: ${slot.step} ${slot.to}`),
    ]);
    const down = this.#world.machines.flatMap((machine) =>
      machine.services.filter((service) => !machine.isServing(service))
        .map((service) => `${machine.place} does not serve ${service}`)
    );
    return [`${tree.waves.size} waves, control ${tree.control?.state}`, ...down, ...waits].join(
      "\n  ",
    );
  }
}

const configs = new Map<string, AgentConfig>();

function configOf(
  { services }: Scenario,
  { name, rack, zookeeper }: { name: string; rack: string; zookeeper: string },
): AgentConfig {
  const key = JSON.stringify(
    services.map(({ name, isPinned, hasDrain }) => [name, isPinned, hasDrain]),
  );
  let config = configs.get(key);
  if (config === undefined) {
    config = agentConfigSchema.parse({
      host: "host",
      site: "north",
      rack: "rack",
      zookeeper: "zk:1",
      dataDir: "/data",
      services: Object.fromEntries(
        services.map(({ name: service, isPinned, hasDrain }) => [service, {
          command: [service],
          health: { type: "exec", argv: ["health", service, "{version}"] },
          healthInterval: "1s",
          stopGrace: "2s",
          drainTimeout: "3s",
          ...(hasDrain ? { drain: ["drain", service] } : {}),
          pin: { mode: isPinned ? "required" : "off" },
        }]),
      ),
    });
    configs.set(key, config);
  }
  return { ...config, host: name, rack, zookeeper, sessionTimeout: 6_000 };
}
