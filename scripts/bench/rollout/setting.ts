/**
 * Where a rollout is measured: hosts, a server, something that counts between them, and a clock. Over real sockets to a
 * real server (`real_setting.ts`), or in virtual time (`simulated_setting.ts`).
 *
 * @module
 */

import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import type { HostRange } from "./contender.ts";
import type { Counts } from "./counts.ts";

/** How far hosts are. */
export interface HostsState {
  /** How many hosts serve, by version. */
  readonly serving: Readonly<Record<string, number>>;
  /** When services were told to stop since it was asked before, in ms since the epoch: several processes are compared. */
  readonly stopsMs: readonly number[];
}

/** A place to measure in. */
export interface Setting {
  /** A client of the operator, who is not counted. */
  readonly zk: ZooKeeper;
  /** Starts hosts. */
  start(hosts: HostRange): void;
  /** How far all hosts are. @throws {DidNotComplete} when they do not answer within that time, in ms. */
  state(withinMs: number): Promise<HostsState>;
  /** What has gone by between hosts and server so far. */
  counts(): Counts;
  /** The time, in ms; only differences mean something. */
  nowMs(): number;
  /** Waits. */
  pause(durationMs: number): Promise<void>;
}

/** How far hosts are, that of several groups together. */
export function addStates(states: readonly HostsState[]): HostsState {
  const serving: Record<string, number> = {};
  for (const state of states) {
    for (const [version, count] of Object.entries(state.serving)) {
      serving[version] = (serving[version] ?? 0) + count;
    }
  }
  return { serving, stopsMs: states.flatMap(({ stopsMs }) => stopsMs) };
}
