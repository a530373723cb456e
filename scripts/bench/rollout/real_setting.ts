/**
 * Real time, real sockets, a real server: hosts in processes of their own, whose connections go through a proxy that
 * counts.
 *
 * @module
 */

import { systemClock } from "../../../base/clock.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import type { Contender, HostRange } from "./contender.ts";
import { CountingProxy } from "./counting_proxy.ts";
import { HostsProcess } from "./hosts_process.ts";
import { addStates, type HostsState, type Setting } from "./setting.ts";

/** Most hosts in one process, whoever's: those of kazoo have three threads each, which share one interpreter. */
const HOSTS_PER_PROCESS = 250;

/** A setting with a tree of its own on a server. Disposing of it ends the hosts. */
export class RealSetting implements Setting, AsyncDisposable {
  readonly zk: ZooKeeper;
  readonly #contender: Contender;
  readonly #proxy: CountingProxy;
  readonly #chroot: string;
  readonly #processes: HostsProcess[] = [];

  private constructor(contender: Contender, { serverPort, chroot }: RealServer) {
    this.#contender = contender;
    this.#chroot = chroot;
    this.#proxy = new CountingProxy(serverPort);
    this.zk = new ZooKeeper(`127.0.0.1:${serverPort}${chroot}`);
  }

  /** Opens one, with an empty tree. */
  static async open(contender: Contender, server: RealServer): Promise<RealSetting> {
    const root = new ZooKeeper(`127.0.0.1:${server.serverPort}`);
    try {
      await root.create(server.chroot);
    } finally {
      await root.close();
    }
    return new RealSetting(contender, server);
  }

  start({ first, count }: HostRange): void {
    const connectString = `${this.#proxy.connectString}${this.#chroot}`;
    for (let skipped = 0; skipped < count; skipped += HOSTS_PER_PROCESS) {
      const hosts = {
        first: first + skipped,
        count: Math.min(HOSTS_PER_PROCESS, count - skipped),
      };
      this.#processes.push(new HostsProcess(this.#contender.command(connectString, hosts)));
    }
  }

  async state(withinMs: number): Promise<HostsState> {
    const states = await Promise.all(this.#processes.map((one) => one.state(withinMs)));
    return addStates(states);
  }

  counts() {
    return this.#proxy.counts();
  }

  nowMs(): number {
    return systemClock.nowMs();
  }

  pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, durationMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((one) => one[Symbol.asyncDispose]()));
    await this.zk.close();
    await this.#proxy.close();
  }
}

/** Where the tree is. */
export interface RealServer {
  readonly serverPort: number;
  /** A node of its own, which is not there yet. */
  readonly chroot: string;
}
