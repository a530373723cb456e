/**
 * One life of an agent: the real tree of actors on a simulated machine, from its start to its stop or its sudden end.
 * Whatever its actors do to the machine is a call that is counted, and before or after any of them it may die.
 *
 * @module
 */

import { spawnTree } from "../../../actors/agent/spawn_tree.ts";
import { ActorSystem } from "../../../actors/runtime/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { fetcherDiskOf, storeOf } from "./disk.ts";
import { engineOf } from "./engine.ts";
import type { Machine } from "./machine.ts";
import type { NetworkStream, Party } from "./network.ts";
import { portsOf } from "./ports.ts";
import type { RandomStream } from "./random.ts";
import type { Surroundings } from "./surroundings.ts";
import { ProcessClock } from "./virtual_time.ts";

/** What a call throws whose process has just died; nobody is left to catch it. */
export class ProcessDied extends Error {
  override readonly name = "ProcessDied";
}

/** When a process is to die: at one of its calls. */
export interface CrashPoint {
  /** How many calls from now; the next one is 1. */
  callsLeft: number;
  /** What the calls that count begin with. Default: any. */
  readonly during?: string;
  /** Told when it has died. Default: nobody. */
  readonly atDeath?: () => void;
  /** Whether the call has had its effect by then. */
  readonly isAfter: boolean;
}

/** An actor that can be told to fail: it begins anew then, in the same session and with what is on the disk. */
export type FailingActor = "runner" | "coordinator";

/** A life of an agent. */
export class AgentProcess implements Party {
  readonly machine: Machine;
  readonly world: Surroundings;
  readonly clock: ProcessClock;
  readonly random: RandomStream;
  /** Connections that it has open. */
  readonly streams = new Set<NetworkStream>();
  /** Calls that it has made to its machine. */
  calls = 0;
  /** Its session at the moment, for faults. */
  zookeeper: ZooKeeper | null = null;
  crashPoint: CrashPoint | null = null;
  /** How many calls from now one fails; 0: none does. */
  failsIn = 0;
  /** Which of its actors is to fail, and when it does something for which time; null: none is. */
  actorFailure: { readonly actor: FailingActor; callsLeft: number } | null = null;
  /** When a call has failed last. */
  failedMs = Number.NEGATIVE_INFINITY;
  readonly startedMs: number;
  /** Told when it dies at its crash point. */
  #atDeath: (() => void) | null = null;
  /** The versions of services that it has started or adopted. */
  readonly #ran = new Set<string>();
  /** Whether a call or an actor of it has failed. */
  #hasFailed = false;
  /** When the present coordinator of each service began. */
  readonly #coordinatorsMs = new Map<string, number>();
  readonly #system: ActorSystem;

  constructor(machine: Machine, world: Surroundings) {
    this.machine = machine;
    this.world = world;
    this.clock = new ProcessClock(world.time, machine.wall);
    this.startedMs = world.time.nowMs;
    this.random = world.random.fork(`${machine.name} life ${++machine.lives}`);
    const order = this.random.fork("order");
    const actors = this.random.fork("actors");
    this.#system = ActorSystem.create({
      name: machine.name,
      clock: this.clock,
      random: {
        next: () => {
          // Nobody else draws.
          this.failIfTold("coordinator");
          return actors.next();
        },
      },
      runOrder: { pick: (count) => count === 1 ? 0 : Math.floor(order.next() * count) },
      ...(world.log === null ? {} : { log: world.log(machine) }),
    });
    void this.#system.terminated.then(() => {
      if (!this.clock.isDead) this.crash("its actors gave up");
    });
    const { config } = machine;
    spawnTree(this.#system, {
      config,
      agent: machine.agentId,
      stores: new Map(
        Object.keys(config.services).map((service) => [service, storeOf(this, service)]),
      ),
      engine: engineOf(this),
      keeperCommand: ["keeper"],
      machine: { id: machine.place, boot: `${machine.place} ${machine.boots}` },
      ports: portsOf(this),
      disk: fetcherDiskOf(this),
      connect: (servers, options) => {
        this.zookeeper = new ZooKeeper(servers, {
          ...options,
          clock: this.clock,
          random: () => this.random.next(),
          dial: world.dialFor(this),
        });
        return this.zookeeper;
      },
    });
  }

  get place(): string {
    return this.machine.place;
  }

  /** Whether something keeps it from doing what it would, or has: it stood still, or a part of it has failed. */
  get isDisturbed(): boolean {
    return this.clock.hasStoodStill || this.#hasFailed;
  }

  /** Whether it has run a version of a service, or found it running. Left out: any version. */
  hasRun(service: string, version = ""): boolean {
    return this.#ran.has(`${service} ${version}`);
  }

  /** Notes that it has started a service, or found it running. */
  noteRun(service: string, version: string): void {
    this.#ran.add(`${service} `).add(`${service} ${version}`);
  }

  /** When the actor that decides about a service began, in this life or after a failure. */
  coordinatorMs(service: string): number {
    return this.#coordinatorsMs.get(service) ?? this.startedMs;
  }

  /** Notes that the actor that decides about a service begins. */
  noteNewCoordinator(service: string): void {
    this.#coordinatorsMs.set(service, this.world.time.nowMs);
  }

  /** Fails, if it is time for this actor to. */
  failIfTold(actor: FailingActor): void {
    const failure = this.actorFailure;
    if (failure?.actor !== actor || --failure.callsLeft > 0) return;
    this.actorFailure = null;
    this.#hasFailed = true;
    this.world.trace(this.machine, `an actor fails: ${actor}`);
    throw new Error("it was told to fail");
  }

  /** Makes a call that takes a while: nobody else runs on the machine meanwhile but others do. Dies here if it is time. */
  async call<T>(what: string, effect: () => T | Promise<T>, delayMs = 0): Promise<T> {
    try {
      return await this.#call(what, effect, delayMs);
    } catch (error) {
      this.failedMs = this.world.time.nowMs;
      throw error;
    }
  }

  async #call<T>(what: string, effect: () => T | Promise<T>, delayMs: number): Promise<T> {
    const isLast = this.#count(what);
    if (this.clock.isDead) return await new Promise<never>(() => {});
    if (delayMs > 0) {
      await new Promise<void>((resolve) => this.clock.after(delayMs, resolve));
      if (this.clock.isDead) return await new Promise<never>(() => {});
    }
    const result = effect();
    if (isLast) this.crash(`after ${what}`);
    if (this.clock.isDead) return await new Promise<never>(() => {});
    return await (result instanceof Promise ? this.clock.deliver(result) : result);
  }

  /** Makes a call that takes no time. */
  callNow<T>(what: string, effect: () => T): T {
    try {
      return this.#callNow(what, effect);
    } catch (error) {
      this.failedMs = this.world.time.nowMs;
      throw error;
    }
  }

  #callNow<T>(what: string, effect: () => T): T {
    const isLast = this.#count(what);
    if (this.clock.isDead) throw new ProcessDied(what);
    const result = effect();
    if (isLast) this.crash(`after ${what}`);
    if (this.clock.isDead) throw new ProcessDied(what);
    return result;
  }

  #count(what: string): boolean {
    if (this.clock.isDead) return false;
    this.calls++;
    if (this.failsIn > 0 && --this.failsIn === 0) {
      this.#hasFailed = true;
      this.world.trace(this.machine, `${what} fails`);
      throw new Error(`${what}: input/output error`);
    }
    const point = this.crashPoint;
    if (point === null || !what.startsWith(point.during ?? "") || --point.callsLeft > 0) {
      return false;
    }
    this.crashPoint = null;
    this.#atDeath = point.atDeath ?? null;
    if (point.isAfter) return true;
    this.crash(`before ${what}`);
    return false;
  }

  /** The process ends at once. Its machine closes its connections; what it has sent is still on its way. */
  crash(how: string): void {
    if (this.clock.isDead) return;
    this.world.trace(this.machine, `agent dies ${how}`);
    this.clock.kill();
    for (const stream of this.streams) stream.close();
    this.machine.onAgentEnded(this);
    this.#atDeath?.();
  }

  /** The machine has lost its power: nobody is told. */
  vanish(): void {
    this.clock.kill();
    for (const stream of this.streams) stream.vanish();
  }
}
