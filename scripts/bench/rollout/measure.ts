/**
 * One rollout of one contender, from empty hosts to an idle fleet, and what it took.
 *
 * @module
 */

import { systemClock } from "../../../base/clock.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import type { Contender } from "./contender.ts";
import { type Counts, countsBetween } from "./counts.ts";
import { CountingProxy } from "./counting_proxy.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import { HostsProcess, type Restart } from "./hosts_process.ts";
import { RESTART_MS } from "./pace.ts";
import { FIRST_VERSION, NEW_VERSION } from "./plan.ts";

/** What one rollout took. */
export interface Outcome {
  /** What went by from the rollout's start until the fleet had come to rest. */
  readonly rollout: Counts;
  /** What an idle fleet lets go by. */
  readonly idle: Counts;
  /** How long that was watched; 0 if it was not. */
  readonly idleMs: number;
  /** From each host's stop to the next one's, beyond the restart itself, in ms. */
  readonly handoversMs: readonly number[];
  /** From the rollout's start to its end, in ms. */
  readonly durationMs: number;
}

/** How a rollout is measured. */
export interface MeasureOptions {
  /** The server's port. */
  readonly serverPort: number;
  /** A node of its own for the tree of this rollout. */
  readonly chroot: string;
  readonly hostCount: number;
  /** Most time for each part, such as the fleet's start and its rollout, in ms; asked when the part begins. */
  readonly limitMs: () => number;
  /** How long a fleet is left alone after its rollout, in ms: whoever is woken by its end has come to rest by then. */
  readonly settleMs: number;
  /** How long the idle fleet is watched, in ms; asked when that begins. 0: not at all. */
  readonly idleMs: () => number;
}

/** How often the benchmark asks how far they are. Its own requests do not go through the proxy. */
const POLL_MS = 200;

/** Measures one rollout. @throws {DidNotComplete} */
export async function measure(contender: Contender, options: MeasureOptions): Promise<Outcome> {
  const { serverPort, chroot, hostCount, limitMs, settleMs } = options;
  const server = `127.0.0.1:${serverPort}`;
  const root = new ZooKeeper(server);
  await root.create(chroot);
  await root.close();
  // It sees the tree beside the proxy, as an operator does.
  const zk = new ZooKeeper(`${server}${chroot}`);
  const proxy = new CountingProxy(serverPort);
  try {
    await contender.prepare(zk);
    const connectString = `${proxy.connectString}${chroot}`;
    await using fleet = new FleetWatch(limitMs);
    fleet.start(contender.commands(connectString, { first: 1, count: 1 }));
    await fleet.until("a host registers", () => contender.isRegistered(zk));
    await contender.install(zk);
    await fleet.untilServing(FIRST_VERSION, 1);
    await fleet.until("the first rollout ends", () => contender.isSettled(zk));
    fleet.start(contender.commands(connectString, { first: 2, count: hostCount - 1 }));
    await fleet.untilServing(FIRST_VERSION, hostCount);
    await pause(settleMs);

    const before = proxy.counts();
    const startedMs = systemClock.nowMs();
    fleet.restarts.length = 0;
    await contender.rollOut(zk);
    await fleet.untilServing(NEW_VERSION, hostCount);
    await fleet.until("the rollout ends", () => contender.isSettled(zk));
    const durationMs = systemClock.nowMs() - startedMs;
    await pause(settleMs);
    const rollout = countsBetween(before, proxy.counts());

    const idleMs = options.idleMs();
    const idleFrom = proxy.counts();
    await pause(idleMs);
    const idle = countsBetween(idleFrom, proxy.counts());
    if (fleet.restarts.length !== hostCount) {
      throw new DidNotComplete(
        `expected ${hostCount} restarts, there were ${fleet.restarts.length}`,
      );
    }
    return { rollout, idle, idleMs, handoversMs: handovers(fleet.restarts), durationMs };
  } finally {
    await zk.close();
    await proxy.close();
  }
}

/** The times between two restarts that follow each other, beyond what a restart takes. */
export function handovers(restarts: readonly Restart[]): number[] {
  const stopsMs = restarts.map(({ stoppedMs }) => stoppedMs).toSorted((a, b) => a - b);
  return stopsMs.slice(1).map((stopMs, index) => stopMs - (stopsMs[index] ?? NaN) - RESTART_MS);
}

/** The hosts, in one or several processes, and how far they are. Disposing of it ends them. */
class FleetWatch implements AsyncDisposable {
  readonly restarts: Restart[] = [];
  readonly #processes: HostsProcess[] = [];
  readonly #limitMs: MeasureOptions["limitMs"];

  constructor(limitMs: MeasureOptions["limitMs"]) {
    this.#limitMs = limitMs;
  }

  /** Starts more hosts. */
  start(commands: readonly (readonly string[])[]): void {
    this.#processes.push(...commands.map((command) => new HostsProcess(command)));
  }

  /** Waits until that many hosts serve a version. @throws {DidNotComplete} */
  async untilServing(version: string, hostCount: number): Promise<void> {
    let count = 0;
    await this.until(() => `${count} of ${hostCount} hosts serve ${version}`, async () => {
      const states = await Promise.all(this.#processes.map((one) => one.state()));
      this.restarts.push(...states.flatMap(({ restarts }) => restarts));
      count = states.reduce((sum, { serving }) => sum + (serving[version] ?? 0), 0);
      return count === hostCount;
    });
  }

  /** Waits until something holds. @throws {DidNotComplete} with what is said then. */
  async until(reached: string | (() => string), holds: () => Promise<boolean>): Promise<void> {
    const startedMs = systemClock.nowMs();
    const limitMs = this.#limitMs();
    while (!await holds()) {
      if (systemClock.nowMs() - startedMs > limitMs) {
        const seconds = Math.round(limitMs / 1_000);
        const what = typeof reached === "string"
          ? `expected that ${reached}, it has not`
          : reached();
        throw new DidNotComplete(`${what} after ${seconds} s`);
      }
      await pause(POLL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((one) => one[Symbol.asyncDispose]()));
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
