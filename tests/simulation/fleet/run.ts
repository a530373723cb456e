/**
 * One run: a fleet is installed, a rollout begins, faults strike, then they stop, and the rollout must end.
 *
 * @module
 */

import { type AgentConfig, agentConfigSchema } from "../../../actors/config/agent_config.ts";
import type { Fleet } from "../../../coordination/mod.ts";
import { type Fault, kindOf } from "./faults.ts";
import { answerTo } from "./duty.ts";
import { type Check, InvariantViolation } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { Operator } from "./operator.ts";
import { GATE_CHECK } from "./ports.ts";
import type { RandomStream } from "./random.ts";
import type { PlannedHost, Scenario } from "./scenario.ts";
import { EPOCH_MS, planOf } from "./scenario.ts";
import { isHeld, type ServiceEntries } from "./tree_mirror.ts";
import type { LogOf } from "./surroundings.ts";
import { type TraceLine, World } from "./world.ts";

/** How long the first version may take to be everywhere, in ms. */
const INSTALL_MS = 120_000;

/** How long faults strike, in ms. */
export const FAULTY_MS = 60_000;

/** How long a rollout may take to end once the faults have stopped, in ms. Most need seconds. */
const QUIET_MS = 600_000;

/** How long each host may take beside that in its turn, in ms: where one may be down at a time, 200 hosts go one by one. */
const TURN_MS = 5_000;

/** Longest time that some host's clock may show a service as frozen, in ms: clocks differ by ten minutes at most. */
const FROZEN_MS = 1_500_000;

/** How often operators look after the fleet once the faults have stopped, in ms. */
const LOOK_AFTER_MS = 15_000;

/** How long a host may take at the end to register once more, in ms. */
const REGISTERED_MS = 30_000;

/** How long a host may take at the end to be sent work again, in ms: a hook that has failed is tried again after minutes. */
const PUT_BACK_MS = 300_000;

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

/** How a scenario is run. */
export interface RunOptions {
  /** Where the agents log. Default: nowhere. */
  readonly log?: LogOf | null;
  /** What is not checked. Default: everything is. */
  readonly skipped?: readonly Check[];
}

/** Runs a scenario to its end. */
export async function runScenario(
  scenario: Scenario,
  { log = null, skipped = [] }: RunOptions = {},
): Promise<RunResult> {
  const { seed, serverCount } = scenario;
  const world = new World({ seed, serverCount, log, skipped: new Set(skipped) });
  const run = new Run(world, scenario);
  try {
    await run.install();
    await run.strike();
    await run.end();
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
  }
  for (const { agent } of world.machines) agent?.clock.kill();
  run.operator.clock.kill();
  return {
    seed: scenario.seed,
    violation: world.observer.failure,
    lines: world.lines,
    events: world.time.events,
    virtualMs: world.time.nowMs,
    transactions: world.observer.transactions,
    verbs: run.operator.counts,
    faults: run.faults,
  };
}

/** A run under way. */
export class Run {
  readonly world: World;
  readonly operator: Operator;
  readonly random: RandomStream;
  /** What the admin box's wall clock adds to the time of the run. */
  readonly adminWall: { offsetMs: number };
  /** How often each kind of fault struck. */
  readonly faults = new Map<string, number>();
  readonly #scenario: Scenario;
  /** What ends the faults that still last. */
  readonly #lasting = new Set<() => void>();
  /** Dead hosts that an operator has still to forget. */
  readonly #toForget = new Set<string>();

  constructor(world: World, scenario: Scenario) {
    this.world = world;
    this.random = world.random.fork("faults");
    this.#scenario = scenario;
    this.adminWall = { offsetMs: EPOCH_MS + scenario.adminSkewMs };
    this.operator = new Operator(world, this.adminWall);
    world.observer.tree.isParallel = scenario.isParallel;
    for (const { name, frozen } of scenario.services) {
      if (frozen !== null) world.observer.frozen.set(name, frozen);
    }
    for (const host of scenario.hosts) world.machines.push(this.#machine(host, host.name));
  }

  #machine({ name, rack, labels, wallSkewMs }: PlannedHost, place: string): Machine {
    const zookeeper = this.world.ensemble.connectString;
    return new Machine(this.world, {
      name,
      place,
      rack,
      agentId: `agent of ${name}`,
      wallOffsetMs: EPOCH_MS + wallSkewMs,
      config: configOf(this.#scenario, { name, rack, labels, zookeeper }),
    });
  }

  /** The machine of a host; null if there is none. */
  machineOf(host: string): Machine | null {
    return this.world.machines.find(({ place }) => place === host) ?? null;
  }

  /** Adds a machine with the name and the disk of another one; null if there is one already. */
  addClone(host: string): Machine | null {
    const planned = this.#scenario.hosts.find(({ name }) => name === host);
    const original = this.machineOf(host);
    const place = `${host}-clone`;
    if (planned === undefined || original === null || this.machineOf(place) !== null) return null;
    const clone = this.#machine(planned, place);
    clone.cloneDiskOf(original);
    this.world.machines.push(clone);
    return clone;
  }

  /** Adds a new host. */
  addHost(): Machine {
    let number = this.world.machines.length + 1;
    while (this.machineOf(`web-${number}`) !== null) number++;
    const name = `web-${number}`;
    const services = this.#scenario.services.map((service) => service.name);
    const machine = this.#machine({ name, rack: "r1", labels: {}, services, wallSkewMs: 0 }, name);
    this.world.machines.push(machine);
    return machine;
  }

  /** The hosts of a service that go first; none if all go at once. */
  canaryOf(service: string): readonly string[] {
    return this.#scenario.services.find(({ name }) => name === service)?.canary ?? [];
  }

  /** Whether a host is the last living one of those that go first. */
  isLastOfCanary(host: string): boolean {
    const isGone = (name: string) => this.machineOf(name)?.isGone ?? true;
    return this.#scenario.services.some(({ canary }) =>
      canary?.includes(host) === true && canary.every((name) => name === host || isGone(name))
    );
  }

  /** Has an operator forget a host that is dead for good, until that is done. */
  forgetLater(host: string): void {
    this.#toForget.add(host);
    void this.#forget(host);
  }

  async #forget(host: string): Promise<void> {
    await this.operator.run({ kind: "forget", host });
    const { services } = this.world.observer.tree;
    // Who was told that it is on no roster, has been heard before, and only the reply was lost.
    if ([...services.values()].every(({ roster }) => !roster.has(host))) {
      this.#toForget.delete(host);
    }
  }

  /** Starts a rollout of all services. */
  async rollOut(version: string, { build = 1, isEarlier = false } = {}): Promise<boolean> {
    return await this.operator.run({
      kind: "rollout",
      ...planOf(this.#scenario, version, { build }),
      isEarlier,
      ...(this.#scenario.ignoresFreeze ? { ignoresFreeze: "because" } : {}),
    });
  }

  /** Aborts what is under way, and starts another rollout. */
  async supersede(
    version: string,
    how: { build?: number; isEarlier?: boolean } = {},
  ): Promise<void> {
    await this.operator.run({ kind: "abort" });
    await this.rollOut(version, how);
  }

  async #until(isOver: () => boolean, withinMs: number): Promise<boolean> {
    const { time, observer } = this.world;
    const reached = await time.run({
      untilMs: time.nowMs + withinMs,
      isOver: () => observer.failure !== null || isOver(),
      onMoment: () => this.world.onMoment(),
    });
    this.#stopIfBroken();
    return reached;
  }

  #stopIfBroken(): void {
    const { failure } = this.world.observer;
    if (failure !== null) throw failure;
  }

  /** Puts the first version everywhere, without faults. */
  async install(): Promise<void> {
    const { machines, observer } = this.world;
    for (const machine of machines) machine.powerOn();
    const { services, hosts } = this.#scenario;
    const isRegistered = () =>
      services.every(({ name }) => observer.tree.of(name).roster.size === hosts.length);
    await this.#expect("everybody registers", isRegistered);
    void this.operator.run({
      kind: "rollout",
      ...planOf(this.#scenario, "v1", { isFirst: true }),
    });
    await this.#expect(
      "the first version is committed",
      () =>
        services.every(({ name }) => (observer.tree.of(name).entry?.committed ?? null) !== null),
    );
    await this.#expect("everybody serves", () => this.#isServing());
  }

  async #expect(what: string, isReached: () => boolean): Promise<void> {
    if (await this.#until(isReached, INSTALL_MS)) return;
    this.world.observer.fail("I7 end", `without any fault, ${what}: not within ${INSTALL_MS} ms`);
    this.#stopIfBroken();
  }

  #isServing(): boolean {
    return this.world.machines.every((machine) =>
      machine.isGone || machine.services.every((service) => machine.isServing(service))
    );
  }

  /** Begins the rollout, and lets faults strike. */
  async strike(): Promise<void> {
    const { time, observer } = this.world;
    void this.rollOut("v2");
    await this.#until(() => observer.tree.waves.size > 0, 10_000);
    let left = 0;
    for (const fault of this.#scenario.faults) {
      left++;
      time.after(fault.atMs, () => {
        left--;
        this.#begin(fault);
      });
    }
    await this.#until(() => left === 0 && this.#isOver(), FAULTY_MS);
  }

  #begin(fault: Fault): void {
    const { kind, forMs, host } = fault;
    this.world.trace(null, `fault ${kind} ${host} for ${forMs} ms`);
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    const end = kindOf(kind).strike(this, fault);
    if (typeof end !== "function") return;
    const endOnce = () => {
      if (!this.#lasting.delete(endOnce)) return;
      this.world.trace(null, `fault ${kind} ${host} is over`);
      end();
    };
    this.#lasting.add(endOnce);
    this.world.time.after(forMs, endOnce);
  }

  #calm(): void {
    const { machines, ensemble, observer } = this.world;
    this.world.trace(null, "the faults are over");
    observer.becomeCalm();
    for (const end of [...this.#lasting]) end();
    for (const server of ensemble.servers) ensemble.start(server);
    for (const machine of machines) {
      machine.cure();
      machine.powerOn();
      if (machine.agent !== null) machine.agent.crashPoint = machine.agent.actorFailure = null;
      for (const link of this.world.network.linksOf(machine.place)) {
        link.toClient.breaksNext = link.toServer.breaksNext = false;
      }
    }
  }

  /** The machines get power that were to be away until the rollout was given up. */
  #endAwaiting(): void {
    for (const machine of this.world.machines.filter(({ isAwaited }) => isAwaited)) {
      machine.isAwaited = false;
      machine.powerOn();
    }
  }

  /** Whether the rollout has ended and everybody serves. */
  #isOver(): boolean {
    const { tree } = this.world.observer;
    if (tree.waves.size > 0 || this.#toForget.size > 0) return false;
    for (const { slots, drained } of tree.services.values()) {
      for (const slot of slots.values()) if (isHeld(slot)) return false;
      if (drained.size > 0) return false;
    }
    return this.#isServing();
  }

  /** Stops the faults, and lets operators do what operators do until the rollout has ended. */
  async end(): Promise<void> {
    const { observer, time } = this.world;
    this.#calm();
    // Where the policy is not the scenario's, whose deadlines are shorter than that. Operators resume what was halted once, and
    // abort it when it is halted again; hosts look now and then whether it is time.
    const stallMs = observer.mayStallMs();
    const turnsMs = TURN_MS * this.world.machines.length;
    let untilMs = time.nowMs + QUIET_MS + turnsMs + (stallMs > QUIET_MS ? 3 * stallMs : 0);
    let resumedCount = 0;
    while (time.nowMs < untilMs) {
      if (await this.#until(() => this.#isOver(), LOOK_AFTER_MS)) {
        return await this.#checkAfterwards();
      }
      if (observer.isAnyFrozen()) untilMs += LOOK_AFTER_MS;
      for (const host of this.#toForget) void this.#forget(host);
      // Where nobody is left, nobody can say anything.
      const isAnyOn = this.world.machines.some(({ isOn }) => isOn);
      if (observer.tree.waves.size === 0 || !isAnyOn) this.#endAwaiting();
      // Whoever has committed a bad version, or has a host that cannot run it, mends it.
      if (observer.tree.waves.size === 0) {
        this.world.badVersions = [];
        for (const machine of this.world.machines) {
          machine.obstacle = null;
          machine.lateDeathMs.clear();
        }
      }
      void this.operator.status().then((fleet) => {
        const answer = fleet === null ? null : answerTo(fleet, { resumedCount });
        if (answer === null) return;
        if (fleet?.control?.state === "halted") resumedCount++;
        if (answer.kind === "publish under another version") return this.rollOut("v4");
        return this.operator.run(answer);
      });
    }
    observer.fail("I7 end", `the rollout does not end: ${this.#describe()}`);
    this.#stopIfBroken();
  }

  /** Checks what must hold when all is over: rosters, and that the rollout that was started last is the one shown. */
  async #checkAfterwards(): Promise<void> {
    const started = this.world.observer.tree.newestRollout;
    let shown: string | null | undefined;
    // Who has just served for the first time registers once more.
    const served = ({ newcomers, current }: ServiceEntries) =>
      [...newcomers].filter((host) => current.get(host)?.state === "serving");
    const { services } = this.world.observer.tree;
    await this.#until(
      () => [...services.values()].every((entries) => served(entries).length === 0),
      REGISTERED_MS,
    );
    for (const [service, entries] of services) {
      const { current, roster } = entries;
      // Where nobody can read the tree, nobody is put back, and nobody waits for any host.
      if (served(entries).length > 0 && !this.world.observer.tree.isUnreadable) {
        this.world.observer.fail(
          "I1 newcomers",
          `${served(entries)} serve ${service}, and do not count`,
          served(entries),
        );
        this.#stopIfBroken();
      }
      const strangers = [...current.keys()].filter((host) => !roster.has(host));
      if (strangers.length === 0) continue;
      this.world.observer.fail(
        "I7 roster",
        `${strangers} are online and not on the roster of ${service}`,
        strangers,
      );
      this.#stopIfBroken();
    }
    await this.#checkInWork();
    await this.#checkBack();
    void this.operator.newestRollout().then((id) => shown = id, () => shown = started);
    await this.#until(() => shown !== undefined, 60_000);
    // Another one may have begun just when they asked.
    if (shown === started || shown === this.world.observer.tree.newestRollout) return;
    this.world.observer.fail(
      "I7 newest",
      `${started} was started last, operators are shown ${shown}`,
    );
    this.#stopIfBroken();
  }

  /** Whoever is not drained is sent work again. */
  async #checkInWork(): Promise<void> {
    const out = () =>
      this.world.machines.filter(({ isGone, isOn }) => isOn && !isGone).flatMap((machine) =>
        machine.services.filter((service) => machine.isOut(service))
          .map((service) => ({ place: machine.place, service }))
      );
    const isIn = () => out().length === 0 || this.world.observer.tree.isUnreadable;
    if (await this.#until(isIn, PUT_BACK_MS)) return;
    const [{ place = "", service = "" } = {}] = out();
    this.world.observer.fail("I7 drained", `${place} serves ${service}, and is sent no work`, [
      place,
    ]);
    this.#stopIfBroken();
  }

  /** After a rollback, hosts that have come back later go back as well. */
  async #checkBack(): Promise<void> {
    const { observer } = this.world;
    let fleet: Fleet | null | undefined;
    void this.operator.status().then((found) => fleet = found);
    await this.#until(() => fleet !== undefined, 60_000);
    const { rollout, control } = fleet ?? {};
    if (rollout?.rollsBack === undefined || rollout.state !== "finished") return;
    if (control?.state !== "running") return;
    const behind = () =>
      rollout.waves.flatMap(({ service, version }) =>
        this.world.machines.filter((machine) =>
          !machine.isGone && machine.services.includes(service) &&
          machine.runningOf(service)?.version !== version &&
          !this.world.observer.tree.of(service).slots.has(machine.name)
        ).map(({ place }) => place)
      );
    // Who catches up waits for the end of a freeze.
    await this.#until(() => behind().length === 0 || !observer.isAnyFrozen(), FROZEN_MS);
    if (await this.#until(() => behind().length === 0, 120_000)) return;
    this.world.observer.fail(
      "I8 back",
      `${rollout.id} is finished, and not on ${behind()}`,
      behind(),
    );
    this.#stopIfBroken();
  }

  #describe(): string {
    const { tree } = this.world.observer;
    const waits = [...tree.services].flatMap(([service, { current, slots, drained }]) => [
      ...[...drained.keys()].map((host) => `${host} is drained for ${service}`),
      ...[...current.values()].map((entry) =>
        `${service}/${entry.host} ${entry.version} ${entry.state}: ${entry.waitingFor}`
      ),
      ...[...slots].map(([host, slot]) => `slot of ${host}: ${slot.step} ${slot.to}`),
    ]);
    const down = this.world.machines.filter(({ isGone }) => !isGone).flatMap((machine) =>
      machine.services.filter((service) => !machine.isServing(service))
        .map((service) => `${machine.place} does not serve ${service}`)
    );
    const dead = [...this.#toForget].map((host) => `${host} is dead and not forgotten`);
    return [`${tree.waves.size} waves, control ${tree.control?.state}`, ...down, ...dead, ...waits]
      .join(
        "\n  ",
      );
  }
}

const configs = new Map<string, AgentConfig>();

function configOf(
  { services }: Scenario,
  { name, rack, labels, zookeeper }: Pick<PlannedHost, "name" | "rack" | "labels"> & {
    readonly zookeeper: string;
  },
): AgentConfig {
  const key = JSON.stringify(
    services.map(({ name, isPinned, hasDrain, health }) => [name, isPinned, hasDrain, health]),
  );
  let config = configs.get(key);
  if (config === undefined) {
    config = agentConfigSchema.parse({
      host: "host",
      site: "north",
      rack: "rack",
      zookeeper: "zk:1",
      dataDir: "/data",
      checks: { errors: { type: "exec", argv: [GATE_CHECK, "{service}"] } },
      services: Object.fromEntries(
        services.map(({ name: service, isPinned, hasDrain, health }) => [service, {
          command: [service],
          health: { type: "exec", argv: ["health", service, "{version}"] },
          healthInterval: "1s",
          ...health,
          // So few that some hosts get there, and so soon over that they come back.
          quarantine: { restarts: 2, within: "1m", wellFor: "8s" },
          minHealthyTime: `${health.minHealthyTime}ms`,
          stopGrace: "2s",
          drainTimeout: "3s",
          startAloneAfter: "8s",
          ...(hasDrain ? { drain: ["drain", service], undrain: ["undrain", service] } : {}),
          pin: { mode: isPinned ? "required" : "off" },
        }]),
      ),
    });
    configs.set(key, config);
  }
  return { ...config, host: name, rack, labels: { ...labels }, zookeeper, sessionTimeout: 6_000 };
}
