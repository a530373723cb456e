/**
 * Virtual time: the same actors and the same client on a network in memory, to the data tree and the request processor of
 * the embedded server, one server of the simulation. For fleets that are too large for the sockets and the processes of
 * one machine. Counted at the clients' connections, frame by frame as by the proxy.
 *
 * @module
 */

import { systemClock } from "../../../base/clock.ts";
import { Ensemble } from "../../../tests/simulation/fleet/ensemble.ts";
import { Network, type NetworkStream } from "../../../tests/simulation/fleet/network.ts";
import { RandomStream } from "../../../tests/simulation/fleet/random.ts";
import { ProcessClock, VirtualTime } from "../../../tests/simulation/fleet/virtual_time.ts";
import { type ByteStream, type Dial, ZooKeeper } from "../../../zookeeper/mod.ts";
import type { HostRange } from "./contender.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import { Fleet } from "./fleet.ts";
import { emptyTally, ReplyCounter, RequestCounter, type Tally } from "./frame_counter.ts";
import { FIRST_VERSION, NEW_VERSION } from "./plan.ts";
import { addStates, type HostsState, type Setting } from "./setting.ts";

/** The wall time at which it begins. */
const EPOCH_MS = 1_700_000_000_000;

/** The simulated setting. Nothing happens in it but while {@link SimulatedSetting.run} lets time pass. */
export class SimulatedSetting implements Setting {
  readonly zk: ZooKeeper;
  readonly #time = new VirtualTime();
  readonly #ensemble: Ensemble;
  readonly #tally = emptyTally();
  readonly #fleets: Fleet[] = [];

  constructor() {
    const time = this.#time;
    const random = new RandomStream(1);
    this.#ensemble = new Ensemble({
      time,
      network: new Network(time, random.fork("network")),
      random: random.fork("ensemble"),
      serverCount: 1,
      // Nobody looks at what has changed.
      observer: { changed: (_change, server) => void server.tree.takeDirty() },
    });
    const clock = new ProcessClock(time, { offsetMs: EPOCH_MS });
    const operator = random.fork("operator");
    this.zk = new ZooKeeper(this.#ensemble.connectString, {
      clock,
      random: () => operator.next(),
      dial: this.#ensemble.dialFor({ place: "admin", clock }, new Set<NetworkStream>()),
    });
  }

  /**
   * Lets time pass until the work is done.
   *
   * @throws {DidNotComplete} when that takes more real time than the limit.
   */
  async run<T>(work: () => Promise<T>, { realLimitMs }: { realLimitMs: number }): Promise<T> {
    let isDone = false;
    const done = work().finally(() => isDone = true);
    // Whoever waits for it below hears of a failure.
    done.catch(() => {});
    const startedMs = systemClock.nowMs();
    await this.#time.run({
      isOver: () => isDone || systemClock.nowMs() - startedMs > realLimitMs,
      untilMs: Infinity,
      onMoment: () => {},
    });
    if (isDone) return await done;
    const { serving } = await this.state();
    throw new DidNotComplete(
      `${serving[NEW_VERSION] ?? 0} hosts serve ${NEW_VERSION}, ${serving[FIRST_VERSION] ?? 0} ` +
        `${FIRST_VERSION} after ${Math.round(realLimitMs / 1_000)} s of real time, ` +
        `${Math.round(this.nowMs() / 1_000)} s of simulated time`,
    );
  }

  start(hosts: HostRange): void {
    const connectString = this.#ensemble.connectString;
    const place = {
      time: this.#time,
      wallOffsetMs: EPOCH_MS,
      dialFor: (process: Parameters<Fleet["dialFor"]>[0]) =>
        counted(this.#ensemble.dialFor(process, process.streams), this.#tally),
    };
    this.#fleets.push(new Fleet(place, { connectString, hosts }));
  }

  state(): Promise<HostsState> {
    return Promise.resolve(addStates(this.#fleets.map((fleet) => fleet.state())));
  }

  counts() {
    return { ...this.#tally };
  }

  nowMs(): number {
    return this.#time.nowMs;
  }

  pause(durationMs: number): Promise<void> {
    return this.#time.sleep(durationMs);
  }
}

/** Counts what goes over the connections that are opened. */
function counted(dial: Dial, tally: Tally): Dial {
  return async (server, options) => {
    const stream = await dial(server, options);
    const requests = new RequestCounter(tally);
    const replies = new ReplyCounter(tally);
    return {
      async read(buffer) {
        const sizeBytes = await stream.read(buffer);
        if (sizeBytes !== null) replies.count(buffer.subarray(0, sizeBytes));
        return sizeBytes;
      },
      async write(bytes) {
        const sizeBytes = await stream.write(bytes);
        requests.count(bytes.subarray(0, sizeBytes));
        return sizeBytes;
      },
      close: () => stream.close(),
    } satisfies ByteStream;
  };
}
