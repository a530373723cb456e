/**
 * The hosts of ours: simulated machines with the actors of real agents, in real time, whose ZooKeeper clients connect over
 * real sockets.
 *
 * @module
 */

import { type AgentConfig, agentConfigSchema } from "../../../actors/config/agent_config.ts";
import { systemClock } from "../../../base/clock.ts";
import { socketDial } from "../../../zookeeper/client/connection/dial.ts";
import type { Dial } from "../../../zookeeper/mod.ts";
import { Machine, type RunningService } from "../../../tests/simulation/fleet/machine.ts";
import type { Pace } from "../../../tests/simulation/fleet/pace.ts";
import { publish } from "../../../tests/simulation/fleet/releases.ts";
import { RandomStream } from "../../../tests/simulation/fleet/random.ts";
import type {
  MachineObserver,
  Surroundings,
} from "../../../tests/simulation/fleet/surroundings.ts";
import type { ProcessClock, Time } from "../../../tests/simulation/fleet/virtual_time.ts";
import { paceOf, RESTART } from "./pace.ts";
import { SERVICE, SESSION_TIMEOUT_MS, VERSIONS } from "./plan.ts";
import type { HostRange } from "./contender.ts";
import type { HostsState, Restart } from "./setting.ts";

/** The machine's own time. */
const realTime: Time = {
  get nowMs() {
    return systemClock.nowMs();
  },
  after(delayMs, callback, owner: ProcessClock | null = null) {
    return systemClock.after(delayMs, () => owner?.isDead === true || callback());
  },
  nextTurn: (callback) => void setImmediate(callback),
};

/** What the wall clock adds to that time. */
const WALL_OFFSET_MS = systemClock.wallTimeMs() - systemClock.nowMs();

/** The hosts, which begin to start at once. */
export class Fleet implements Surroundings, MachineObserver {
  readonly time = realTime;
  readonly pace: Pace;
  readonly random = new RandomStream(1);
  readonly observer: MachineObserver = this;
  readonly log = null;
  readonly isBuildMachineAway = false;
  readonly isSwarmStalled = false;
  pids = 0;
  generations = 0;
  readonly #machines: readonly Machine[];
  readonly #dial = socketDial(undefined);
  readonly #restarts: Restart[] = [];
  /** When each machine was told to stop what it ran. */
  readonly #stoppedMs = new Map<Machine, number>();

  constructor(connectString: string, { first, count }: HostRange) {
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
        wallOffsetMs: WALL_OFFSET_MS,
      });
    });
    for (const machine of this.#machines) machine.powerOn();
  }

  /** How many hosts serve which version, and the restarts so far. */
  state(): HostsState {
    const serving: Record<string, number> = {};
    for (const machine of this.#machines) {
      const version = machine.runningOf(SERVICE)?.version;
      if (version === undefined || !machine.isServing(SERVICE)) continue;
      serving[version] = (serving[version] ?? 0) + 1;
    }
    return { serving, restarts: this.#restarts.splice(0) };
  }

  stopping(machine: Machine, _running: RunningService): void {
    this.#stoppedMs.set(machine, WALL_OFFSET_MS + this.time.nowMs);
  }

  starting(machine: Machine): void {
    const stoppedMs = this.#stoppedMs.get(machine);
    if (stoppedMs === undefined) return;
    this.#stoppedMs.delete(machine);
    const servingMs = WALL_OFFSET_MS + this.time.nowMs + RESTART.readyMs;
    this.#restarts.push({ stoppedMs, servingMs });
  }

  holdsSlot(): boolean {
    // Only the invariants of the simulation ask, which are not checked here.
    return true;
  }

  trace(): void {}

  isBad(): boolean {
    return false;
  }

  dialFor(): Dial {
    return this.#dial;
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
      },
    },
  });
}
