/**
 * What outlives an agent (the machine, its disk, and the services that run on it), and the session, which does not.
 *
 * @module
 */

import type { Step } from "../../../rollout/mod.ts";
import type { HostModel } from "./host_model.ts";

/** A machine. Without power, neither its agent nor its services run. */
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
  /** The model of the present agent, only for the invariants and for reports. */
  agent: HostModel | null;
}

/** An agent's session. Its actors share it and the newest change that it has seen: none of them reads an older state. */
export interface Client {
  session: number | null;
  seenZxid: number;
}

/** Creates a service that runs that version, on a disk with no other release. */
export function install(machine: Machine, service: string, version: string): Installation {
  return {
    machine,
    service,
    process: { version, isHealthy: true },
    disk: { pointer: version, releases: new Set([version]), journal: null },
    agent: null,
  };
}
