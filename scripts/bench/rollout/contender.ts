/**
 * Who upgrades a fleet in the benchmark, and how an operator tells them to.
 *
 * @module
 */

import type { ZooKeeper } from "../../../zookeeper/mod.ts";

/** Hosts by their numbers. */
export interface HostRange {
  readonly first: number;
  readonly count: number;
}

/** One way to upgrade a fleet. */
export interface Contender {
  readonly name: string;
  /** The command that runs those hosts, which connect as told. */
  command(connectString: string, hosts: HostRange): readonly string[];
  /** Prepares an empty tree, before there are hosts. */
  prepare(zk: ZooKeeper): Promise<void>;
  /** Whether the first host has registered. */
  isRegistered(zk: ZooKeeper): Promise<boolean>;
  /** Puts the first version on the first host; the others join with it. */
  install(zk: ZooKeeper): Promise<void>;
  /** Tells the hosts to upgrade. */
  rollOut(zk: ZooKeeper): Promise<void>;
  /** Whether the tree says that nothing is left to do. */
  isSettled(zk: ZooKeeper): Promise<boolean>;
}
