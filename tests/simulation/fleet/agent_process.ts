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
  /** Whether the call has had its effect by then. */
  readonly isAfter: boolean;
}

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
  readonly startedMs: number;
  /** Services that it has started or adopted. */
  readonly #ran = new Set<string>();
  readonly #system: ActorSystem;

  constructor(machine: Machine, world: Surroundings) {
    this.machine = machine;
    this.world = world;
    this.clock = new ProcessClock(world.time, machine.wall);
    this.startedMs = world.time.nowMs;
    this.random = world.random.fork(`${machine.name} life ${++machine.lives}`);
    const order = this.random.fork("order");
    this.#system = ActorSystem.create({
      name: machine.name,
      clock: this.clock,
      random: this.random.fork("actors"),
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

  /** Whether it has run a service, or found it running. */
  hasRun(service: string): boolean {
    return this.#ran.has(service);
  }

  /** Notes that it has started a service, or found it running. */
  noteRun(service: string): void {
    this.#ran.add(service);
  }

  /** Makes a call that takes a while: nobody else runs on the machine meanwhile but others do. Dies here if it is time. */
  async call<T>(what: string, effect: () => T | Promise<T>, delayMs = 0): Promise<T> {
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
      this.world.trace(this.machine, `${what} fails`);
      throw new Error(`${what}: input/output error`);
    }
    const point = this.crashPoint;
    if (point === null || --point.callsLeft > 0) return false;
    this.crashPoint = null;
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
  }

  /** The machine has lost its power: nobody is told. */
  vanish(): void {
    this.clock.kill();
    for (const stream of this.streams) stream.vanish();
  }
}
