/**
 * What one run consists of: its time, its network, its ensemble, its machines, and what is wrong with all of them.
 *
 * @module
 */

import type { Dial } from "../../../zookeeper/mod.ts";
import type { AgentProcess } from "./agent_process.ts";
import { Ensemble } from "./ensemble.ts";
import { type Check, Invariants } from "./invariants.ts";
import type { Machine } from "./machine.ts";
import { Network } from "./network.ts";
import { ANY_PACE } from "./pace.ts";
import { RandomStream } from "./random.ts";
import type { LogOf, Surroundings } from "./surroundings.ts";
import { VirtualTime } from "./virtual_time.ts";

/** How often the staging queues are looked at, in ms. */
const QUEUES_MS = 1_000;

/** Something that happened. */
export interface TraceLine {
  readonly atMs: number;
  /** The machine that it happened on; empty if on none. */
  readonly place: string;
  readonly what: string;
}

/** A version that does not pass its health checks: everywhere, or on some hosts. */
export interface BadVersion {
  readonly service: string;
  readonly version: string;
  readonly hosts: readonly string[] | null;
}

/** One run's world. */
export class World implements Surroundings {
  readonly time = new VirtualTime();
  readonly pace = ANY_PACE;
  readonly random: RandomStream;
  readonly network: Network;
  readonly observer: Invariants;
  readonly ensemble: Ensemble;
  readonly machines: Machine[] = [];
  readonly lines: TraceLine[] = [];
  readonly log: LogOf | null;
  badVersions: BadVersion[] = [];
  /** What is not checked. */
  readonly skipped: ReadonlySet<Check>;
  isBuildMachineAway = false;
  isSwarmStalled = false;
  /** How many faults make the check of a gate fail. */
  gateFaults = 0;
  pids = 0;
  generations = 0;
  readonly #cutOffSinceMs = new Map<string, number>();
  #queuesDueMs = 0;

  constructor(
    { seed, serverCount, log, skipped }: {
      readonly seed: number;
      readonly serverCount: number;
      readonly log: LogOf | null;
      readonly skipped: ReadonlySet<Check>;
    },
  ) {
    this.random = new RandomStream(seed);
    this.log = log;
    this.skipped = skipped;
    this.network = new Network(this.time, this.random.fork("network"));
    this.observer = new Invariants(this);
    this.ensemble = new Ensemble({
      time: this.time,
      network: this.network,
      random: this.random.fork("ensemble"),
      serverCount,
      observer: this.observer,
    });
  }

  /** Notes something for the report of a run that fails, and for comparing runs. */
  trace(machine: Machine | null, what: string): void {
    this.lines.push({ atMs: this.time.nowMs, place: machine?.place ?? "", what });
  }

  dialFor(process: AgentProcess): Dial {
    return this.ensemble.dialFor(process, process.streams);
  }

  /** The machines of a name: more than one if it was cloned. */
  machinesNamed(name: string): Machine[] {
    return this.machines.filter((machine) => machine.name === name);
  }

  /** Whether a version does not pass its health checks on a host. */
  isBad(service: string, version: string, host: string): boolean {
    return this.badVersions.some((bad) =>
      bad.service === service && bad.version === version && (bad.hosts?.includes(host) ?? true)
    );
  }

  checkGate({ place }: Machine): boolean {
    const isGood = this.gateFaults === 0;
    this.observer.gates.noteCheck(place, { atMs: this.time.nowMs, isGood });
    return isGood;
  }

  /** Whether a machine can reach a server that serves. */
  isConnected(machine: Machine): boolean {
    return this.ensemble.leader !== null &&
      this.ensemble.servers.some((server) =>
        server.isUp && this.network.isReachable(machine.place, server.place)
      );
  }

  /** Whether what a machine's agent asks and says does not get through, or takes much longer than usual. */
  isHindered(machine: Machine): boolean {
    if (!this.isConnected(machine)) return true;
    for (const { link } of machine.agent?.streams ?? []) {
      if (link.isLate || this.ensemble.isLate(link)) return true;
    }
    return false;
  }

  /** How long a machine has been cut off from the whole ensemble, in ms. */
  cutOffMs(machine: Machine): number {
    const sinceMs = this.#cutOffSinceMs.get(machine.place);
    return sinceMs === undefined ? 0 : this.time.nowMs - sinceMs;
  }

  /** Called when something has happened. */
  onMoment(): void {
    const { leader } = this.ensemble;
    const isWhole = this.network.isWhole && leader !== null && leader.isUp;
    if (isWhole) this.#cutOffSinceMs.clear();
    else this.#noteWhoIsCutOff();
    this.observer.check();
    if (this.time.nowMs < this.#queuesDueMs) return;
    this.#queuesDueMs = this.time.nowMs + QUEUES_MS;
    this.observer.checkQueues();
  }

  #noteWhoIsCutOff(): void {
    for (const machine of this.machines) {
      if (this.isConnected(machine)) this.#cutOffSinceMs.delete(machine.place);
      else {
        const sinceMs = this.#cutOffSinceMs.get(machine.place) ?? this.time.nowMs;
        this.#cutOffSinceMs.set(machine.place, sinceMs);
        this.observer.checkCutOff(machine, sinceMs);
      }
    }
  }
}
