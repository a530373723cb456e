/**
 * What outlives an agent: the machine, its disk, and the services that run on it. And what does not: the session.
 *
 * @module
 */

import type { Step } from "../../../rollout/mod.ts";
import type { HostModel } from "./host_model.ts";

/** A machine: its agent's parts share its fate. */
export interface Machine {
  readonly name: string;
  /** Whether it has power. */
  isOn: boolean;
}

/** The running service. It outlives its agent, not its machine. */
export interface Process {
  readonly version: string;
  isHealthy: boolean;
}

/** One service on one machine. */
export interface Installation {
  readonly machine: Machine;
  readonly service: string;
  process: Process | null;
  /** What survives anything: the `current` pointer, verified releases, the journal of a switch. */
  readonly disk: { pointer: string; readonly releases: Set<string>; journal: Step | null };
  /** Who looks after it now: for the invariants and the report to look into. Nobody acts on it. */
  agent: HostModel | null;
}

/** An agent's session. Its parts share it, and what it has seen: none ever reads anything older. */
export interface Client {
  session: number | null;
  seenZxid: number;
}

/** A service that runs that version, on a disk that has nothing else. */
export function install(machine: Machine, service: string, version: string): Installation {
  return {
    machine,
    service,
    process: { version, isHealthy: true },
    disk: { pointer: version, releases: new Set([version]), journal: null },
    agent: null,
  };
}
