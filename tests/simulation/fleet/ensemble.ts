/**
 * The simulated ensemble: one leader gives all changes their order, a majority has to have a change before it happens,
 * and each server applies it when it hears so, some of them late. So a read may be old, and a `sync` matters. Leaders get
 * lost, with what only they had; sessions expire when the leader has not heard of their clients.
 *
 * @module
 */

import type { Dial } from "../../../zookeeper/mod.ts";
import { LATE_MS, type Link, type Network, type NetworkStream, type Party } from "./network.ts";
import type { RandomStream } from "./random.ts";
import { Readings } from "./readings.ts";
import { type Change, type Client, type Peers, Replica } from "./replica.ts";
import { ProcessClock, type VirtualTime } from "./virtual_time.ts";

/** How often the leader looks for sessions that are over, in ms. */
const TICK_MS = 500;

/** How long an election takes, at least and at most, in ms. */
const ELECTION_MS = [200, 2_000] as const;

/** Sees each change when it happens: when the first server, which is the leader, has executed it. */
export interface ChangeObserver {
  changed(change: Change, leader: Replica): void;
}

/** What an ensemble is made of. */
export interface EnsembleOptions {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly random: RandomStream;
  readonly serverCount: number;
  readonly observer: ChangeObserver;
}

/** The ensemble. */
export class Ensemble implements Peers {
  readonly servers: readonly Replica[];
  readonly #options: EnsembleOptions;
  #log: Change[] = [];
  #committed = 0;
  /** How many changes the observer has seen. */
  #observed = 0;
  #leader: Replica | null = null;
  /** Counts leaders; messages of an earlier one are void. */
  #epoch = 0;
  readonly #heard = new Map<bigint, number>();
  /** What the client of each session has read. */
  readonly #readings = new Map<bigint, Readings>();
  #isElecting = false;
  readonly #wall = { offsetMs: 1_700_000_000_000 };

  constructor(options: EnsembleOptions) {
    this.#options = options;
    const { time, serverCount } = options;
    this.servers = Array.from(
      { length: serverCount },
      (_, index) =>
        new Replica(`zk${index + 1}`, {
          clock: new ProcessClock(time, this.#wall),
          peers: this,
        }),
    );
    this.#leader = this.servers[0] ?? null;
    this.#tick();
  }

  /** The connect string. */
  get connectString(): string {
    return this.servers.map(({ place }) => `${place}:2181`).join(",");
  }

  /** The server that leads; null while there is none. */
  get leader(): Replica | null {
    return this.#leader;
  }

  /** The server that has executed all that has happened. */
  get mostRecent(): Replica {
    return this.servers.reduce((best, server) => server.applied > best.applied ? server : best);
  }

  /** Whether the server at the other end of a client's connection learns so late what is committed that its answers wait. */
  isLate({ places: [, server], toServer }: Link): boolean {
    return !toServer.isOver &&
      this.servers.some(({ place, lagMs }) => place === server && lagMs >= LATE_MS);
  }

  /** How a process on a machine connects. `open` collects the connections, so that they end with it. */
  dialFor(party: Party, open: Set<NetworkStream>): Dial {
    const { network, time } = this.#options;
    return ({ hostname }, { signal }) =>
      party.clock.deliver(
        new Promise<NetworkStream>((resolve, reject) => {
          const server = this.servers.find(({ place }) => place === hostname);
          const fail = () => reject(new Deno.errors.ConnectionRefused(`connect to ${hostname}`));
          // A place that cannot be reached does not answer at all.
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
          time.after(network.delayMs(party.place, hostname) * 2, () => {
            if (server === undefined || !network.isReachable(party.place, hostname)) return;
            if (!server.isUp || this.#leader === null) return fail();
            if (party.clock.isDead || signal.aborted) return;
            const { client, server: accepted } = network.open(party, server);
            open.add(client);
            void server.serve(accepted);
            resolve(client);
          });
        }),
      );
  }

  /** Ends a session at the leader, as if its client had not been heard. */
  expire(sessionId: bigint): void {
    this.#order({ ...noChange, kind: "end_session", sessionId });
  }

  /** A server dies. If it leads, or no majority is left, nobody is served until another one is elected. */
  crash(server: Replica): void {
    if (!server.isUp) return;
    server.dropAll("its server died");
    server.clock.kill();
    server.received = Math.min(server.received, this.#log.length);
    if (server === this.#leader || !this.#hasMajority()) this.#lose();
  }

  /** A dead server comes back with its disk. */
  start(server: Replica): void {
    if (server.isUp) return;
    server.clock = new ProcessClock(this.#options.time, this.#wall);
    if (this.#leader === null) this.#elect();
    else this.#join(server);
  }

  propose(from: Replica, change: Omit<Change, "wallTimeMs">): void {
    this.#toLeader(from, () => this.#order(change));
  }

  askForEnd(from: Replica, answer: (committedCount: number) => void): void {
    this.#toLeader(from, () => {
      const end = this.#committed;
      this.#fromLeader(from, 0, () => answer(end));
    });
  }

  askForSession(from: Replica, client: Client, answer: (isAlive: boolean) => void): void {
    const id = client.request?.sessionId ?? 0n;
    this.#toLeader(from, (leader) => {
      const isAlive = leader.sessions.get(id) !== undefined;
      if (isAlive) {
        this.#heard.set(id, this.#options.time.nowMs);
        for (const server of this.servers) {
          for (const other of server.clients) {
            if (other === client || other.connection.session?.id !== id) continue;
            server.drop(other, "its session goes on over another connection");
          }
        }
      }
      const end = this.#committed;
      this.#fromLeader(from, 0, () => {
        // A server that has not applied the session's begin yet would not know it.
        if (from.applied >= end || !isAlive) answer(isAlive);
        else from.drop(client, "this server is behind");
      });
    });
  }

  readingsOf(sessionId: bigint): Readings {
    const readings = new Readings(this.#readings.get(sessionId));
    this.#readings.set(sessionId, readings);
    return readings;
  }

  /** What the client of a session has read; undefined if there is no such session. */
  readBy(sessionId: bigint): Readings | undefined {
    return this.#readings.get(sessionId);
  }

  heard(_from: Replica, sessionId: bigint): void {
    this.#heard.set(sessionId, this.#options.time.nowMs);
  }

  #order(change: Omit<Change, "wallTimeMs">): void {
    const leader = this.#leader;
    if (leader === null) return;
    const { time, random } = this.#options;
    const entropy = change.kind === "open_session" ? random.bytes(24) : null;
    if (entropy !== null) entropy[0] = (entropy[0] ?? 0) & 0x7f;
    this.#log.push({
      ...change,
      entropy,
      wallTimeMs: Math.floor(this.#wall.offsetMs + time.nowMs),
    });
    leader.received = this.#log.length;
    const count = this.#log.length;
    if (this.servers.length === 1) return this.#commit(count);
    for (const server of this.servers) {
      if (server === leader || !server.isUp) continue;
      this.#fromLeader(server, 0, () => {
        server.received = Math.max(server.received, count);
        // Whatever a majority has is committed already.
        if (this.#committed >= count) return;
        this.#toLeader(server, () => this.#countAcknowledged(count));
      });
    }
  }

  #countAcknowledged(count: number): void {
    const having = this.servers.filter((server) => server.isUp && server.received >= count);
    if (having.length * 2 > this.servers.length) this.#commit(count);
  }

  #commit(count: number): void {
    if (count <= this.#committed) return;
    this.#committed = count;
    const leader = this.#leader;
    if (leader === null) return;
    this.#apply(leader, count);
    for (const server of this.servers) {
      if (server !== leader && server.isUp) {
        this.#fromLeader(server, server.lagMs, () => this.#apply(server, count));
      }
    }
  }

  #apply(server: Replica, count: number): void {
    while (server.applied < count) {
      const change = this.#log[server.applied];
      if (change === undefined) return;
      server.apply(change);
      const dirty = server.applied > this.#observed;
      if (dirty) {
        this.#observed = server.applied;
        this.#noteSessions(change, server);
        this.#options.observer.changed(change, server);
      } else server.tree.takeDirty();
      // The log is kept whole: servers that were away need it.
    }
  }

  #noteSessions(change: Change, server: Replica): void {
    const { nowMs } = this.#options.time;
    if (change.kind === "end_session") this.#heard.delete(change.sessionId);
    if (change.kind !== "open_session") return;
    for (const { id } of server.sessions.entries()) {
      if (!this.#heard.has(id)) this.#heard.set(id, nowMs);
    }
  }

  /** Messages between a server and the leader take time, keep their order, and are void after the leader's loss. */
  #toLeader(from: Replica, callback: (leader: Replica) => void): void {
    const leader = this.#leader;
    const epoch = this.#epoch;
    if (leader === null) return;
    if (leader === from) return callback(leader);
    this.#inOrder(`${from.place} up`, 0, () => {
      if (this.#epoch === epoch && from.isUp) callback(leader);
    });
  }

  #fromLeader(to: Replica, lagMs: number, callback: () => void): void {
    const epoch = this.#epoch;
    if (this.#leader === to) return callback();
    this.#inOrder(`${to.place} down`, lagMs, () => {
      if (this.#epoch === epoch && to.isUp) callback();
    });
  }

  readonly #lastDue = new Map<string, number>();

  #inOrder(channel: string, lagMs: number, callback: () => void): void {
    const { time, random } = this.#options;
    const dueMs = Math.max(
      this.#lastDue.get(channel) ?? 0,
      time.nowMs + lagMs + 0.05 + random.next() * 0.5,
    );
    this.#lastDue.set(channel, dueMs);
    time.after(dueMs - time.nowMs, callback);
  }

  #hasMajority(): boolean {
    return this.servers.filter(({ isUp }) => isUp).length * 2 > this.servers.length;
  }

  #lose(): void {
    this.#leader = null;
    this.#epoch++;
    this.#lastDue.clear();
    for (const server of this.servers) if (server.isUp) server.dropAll("there is no leader");
    this.#elect();
  }

  #elect(): void {
    if (this.#isElecting || this.#leader !== null || !this.#hasMajority()) return;
    const { time, random } = this.#options;
    this.#isElecting = true;
    time.after(random.between(...ELECTION_MS), () => {
      this.#isElecting = false;
      if (!this.#hasMajority()) return;
      const alive = this.servers.filter(({ isUp }) => isUp);
      const leader = alive.reduce((best, server) =>
        server.received > best.received ? server : best
      );
      // What only the lost leader had never happened.
      this.#log = this.#log.slice(0, Math.max(leader.received, this.#committed));
      this.#epoch++;
      this.#leader = leader;
      for (const { id } of leader.sessions.entries()) this.#heard.set(id, time.nowMs);
      for (const server of this.servers) {
        server.received = Math.min(server.received, this.#log.length);
      }
      this.#committed = this.#log.length;
      this.#apply(leader, this.#log.length);
      for (const { id } of leader.sessions.entries()) this.#heard.set(id, time.nowMs);
      for (const server of alive) if (server !== leader) this.#join(server);
    });
  }

  /** A server gets what it has missed. */
  #join(server: Replica): void {
    const count = this.#committed;
    this.#fromLeader(server, 0, () => {
      server.received = Math.max(server.received, this.#log.length);
      this.#apply(server, count);
      this.#apply(server, this.#committed);
    });
  }

  #tick(): void {
    const { time } = this.#options;
    time.after(TICK_MS, () => {
      const leader = this.#leader;
      if (leader !== null) {
        for (const { id, timeoutMs } of [...leader.sessions.entries()]) {
          const heardMs = this.#heard.get(id) ?? time.nowMs;
          if (time.nowMs - heardMs > timeoutMs) this.expire(id);
        }
      }
      this.#tick();
    });
  }
}

const noChange = {
  frame: null,
  timeoutMs: 0,
  entropy: null,
  client: null,
  readings: null,
} as const;
