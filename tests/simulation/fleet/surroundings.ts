/**
 * What a simulated machine and its agent need of what is around them: time, a way to the ensemble, chance, and somebody who
 * watches. The world of a run is that ({@link World} in `world.ts`); the benchmark of a rollout has another one, with real
 * time and real sockets.
 *
 * @module
 */

import type { ActorLogger } from "../../../actors/runtime/mod.ts";
import type { Dial } from "../../../zookeeper/mod.ts";
import type { AgentProcess } from "./agent_process.ts";
import type { Machine, RunningService } from "./machine.ts";
import type { Pace } from "./pace.ts";
import type { RandomStream } from "./random.ts";
import type { Time } from "./virtual_time.ts";

/** Makes a logger for the agents of a machine. */
export type LogOf = (machine: Machine) => ActorLogger;

/** Sees what happens on machines. */
export interface MachineObserver {
  /** An agent is about to start a service. */
  starting(
    machine: Machine,
    what: { readonly service: string; readonly version: string; readonly by: AgentProcess },
  ): void;
  /** An agent is about to stop a service. */
  stopping(machine: Machine, running: RunningService): void;
  /** A service has ended by itself. */
  crashed(machine: Machine, running: RunningService): void;
  /** Whether a host holds a slot of a service. */
  holdsSlot(service: string, host: string): boolean;
}

/** What is around the machines. */
export interface Surroundings {
  readonly time: Time;
  readonly pace: Pace;
  readonly random: RandomStream;
  readonly observer: MachineObserver;
  /** Null: nothing is logged. */
  readonly log: LogOf | null;
  /** Whether nobody answers who is asked for a .torrent. */
  readonly isBuildMachineAway: boolean;
  /** Whether no fetch makes progress. */
  readonly isSwarmStalled: boolean;
  /** The process that was started last, and the change of a file that was the last one: both are counted over all machines. */
  pids: number;
  generations: number;
  /** Notes something that happened, for whoever wants to read it. */
  trace(machine: Machine | null, what: string): void;
  /** Whether a version does not pass its health checks on a host. */
  isBad(service: string, version: string, host: string): boolean;
  /** The machines of a name: more than one where one is a clone. */
  machinesNamed(name: string): Machine[];
  /** Makes the check of a gate on a machine. Returns whether all is as it should be. */
  checkGate(machine: Machine): boolean;
  /** How an agent connects to the ensemble. */
  dialFor(process: AgentProcess): Dial;
}
