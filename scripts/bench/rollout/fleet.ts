/**
 * The hosts of ours: simulated machines with the actors of real agents. Time and network are handed in: real ones, or
 * simulated ones.
 *
 * @module
 */

import { type AgentConfig, agentConfigSchema } from "../../../actors/config/agent_config.ts";
import type { Dial } from "../../../zookeeper/mod.ts";
import type { AgentProcess } from "../../../tests/simulation/fleet/agent_process.ts";
import { Machine } from "../../../tests/simulation/fleet/machine.ts";
import type { Pace } from "../../../tests/simulation/fleet/pace.ts";
import { publish } from "../../../tests/simulation/fleet/releases.ts";
import { RandomStream } from "../../../tests/simulation/fleet/random.ts";
import type {
  MachineObserver,
  Surroundings,
} from "../../../tests/simulation/fleet/surroundings.ts";
import type { Time } from "../../../tests/simulation/fleet/virtual_time.ts";
import { paceOf } from "./pace.ts";
import { SERVICE, SESSION_TIMEOUT_MS, VERSIONS } from "./plan.ts";
import type { HostRange } from "./contender.ts";
import type { HostsState } from "./setting.ts";

/** What the hosts share with whoever else there is. */
export interface FleetPlace {
  readonly time: Time;
  /** What the wall clock adds to the time. */
  readonly wallOffsetMs: number;
  /** How an agent connects to the server. */
  readonly dialFor: (process: AgentProcess) => Dial;
}

/** The hosts, which begin to start at once. */
export class Fleet implements Surroundings, MachineObserver {
  readonly time: Time;
  readonly pace: Pace;
  readonly random = new RandomStream(1);
  readonly observer: MachineObserver = this;
  readonly log = null;
  readonly isBuildMachineAway = false;
  readonly isSwarmStalled = false;
  pids = 0;
  generations = 0;
  readonly #machines: readonly Machine[];
  readonly #place: FleetPlace;
  #stopsMs: number[] = [];

  constructor(
    place: FleetPlace,
    { connectString, hosts: { first, count } }: {
      readonly connectString: string;
      readonly hosts: HostRange;
    },
  ) {
    this.#place = place;
    this.time = place.time;
    this.pace = paceOf(count);
    // The hosts fetch what their build machine has, which is a table in this process.
    for (const { version, hasBlob } of VERSIONS) publish(SERVICE, version, { hasBlob });
    const config = configOf(connectString);
    this.#machines = Array.from({ length: count }, (_, index) => {
      const name = `host-${first + index}`;
      return new Machine(this, {
        name,
        place: name,
        rack: config.rack,
        config: { ...config, host: name },
        agentId: `agent of ${name}`,
        wallOffsetMs: place.wallOffsetMs,
      });
    });
    for (const machine of this.#machines) machine.powerOn();
  }

  /** How many hosts serve which version, and when services were stopped since it was asked before. */
  state(): HostsState {
    const serving: Record<string, number> = {};
    for (const machine of this.#machines) {
      const version = machine.runningOf(SERVICE)?.version;
      if (version === undefined || !machine.isServing(SERVICE)) continue;
      serving[version] = (serving[version] ?? 0) + 1;
    }
    const stopsMs = this.#stopsMs;
    this.#stopsMs = [];
    return { serving, stopsMs };
  }

  stopping(): void {
    this.#stopsMs.push(this.#place.wallOffsetMs + this.time.nowMs);
  }

  machinesNamed(name: string): Machine[] {
    return this.#machines.filter((machine) => machine.name === name);
  }

  starting(): void {}

  crashed(): void {
    throw new Error("expected no service to end by itself");
  }

  holdsSlot(): boolean {
    // Only the invariants of the simulation ask, which are not checked here.
    return true;
  }

  trace(): void {}

  checkGate(): boolean {
    return true;
  }

  isBad(): boolean {
    return false;
  }

  dialFor(process: AgentProcess): Dial {
    return this.#place.dialFor(process);
  }
}

function configOf(zookeeper: string): AgentConfig {
  return agentConfigSchema.parse({
    site: "north",
    rack: "r1",
    zookeeper,
    sessionTimeout: `${SESSION_TIMEOUT_MS}ms`,
    dataDir: "/data",
    services: {
      [SERVICE]: {
        command: [SERVICE],
        health: { type: "exec", argv: ["health", SERVICE, "{version}"] },
        // Outside of a switch it says nothing to the server, and thousands of hosts in one process have other things to do.
        healthInterval: "30s",
      },
    },
  });
}
