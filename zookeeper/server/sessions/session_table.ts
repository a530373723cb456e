/**
 * The sessions that are alive: who they are, when they were last heard of, and which are over.
 *
 * @module
 */

import { secureRandomBytes } from "../../random.ts";
import type { StoredSession } from "../storage/storage.ts";

/** ZooKeeper's passwords have this length, and its clients expect it. */
export const passwordSizeBytes = 16;

/** One session; at most one connection serves it at a time. */
export interface SessionEntry<Connection> extends StoredSession {
  lastHeardMs: number;
  connection: Connection | undefined;
}

/** All sessions that have not ended. */
export class SessionTable<Connection> {
  readonly #sessions = new Map<bigint, SessionEntry<Connection>>();
  #begun: StoredSession[] = [];
  #ended: bigint[] = [];

  /** Stored sessions get their whole time-out again: their clients could not reach us meanwhile. */
  constructor(stored: readonly StoredSession[], nowMs: number) {
    for (const session of stored) {
      this.#sessions.set(session.id, { ...session, lastHeardMs: nowMs, connection: undefined });
    }
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** All of them. */
  entries(): IterableIterator<SessionEntry<Connection>> {
    return this.#sessions.values();
  }

  get(id: bigint): SessionEntry<Connection> | undefined {
    return this.#sessions.get(id);
  }

  begin(timeoutMs: number, nowMs: number): SessionEntry<Connection> {
    let id = 0n;
    // 0 means none, and negative ids confuse some clients.
    while (id === 0n || this.#sessions.has(id)) {
      id = new DataView(secureRandomBytes(8).buffer).getBigInt64(0) & 0x7fff_ffff_ffff_ffffn;
    }
    const stored = { id, password: secureRandomBytes(passwordSizeBytes), timeoutMs };
    const session = { ...stored, lastHeardMs: nowMs, connection: undefined };
    this.#sessions.set(id, session);
    this.#begun.push(stored);
    return session;
  }

  /** The session that a client wants to go on with, if it may. */
  resume(id: bigint, password: Uint8Array): SessionEntry<Connection> | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || !sameBytes(session.password, password)) return undefined;
    return session;
  }

  end(id: bigint): void {
    if (this.#sessions.delete(id)) this.#ended.push(id);
  }

  /** Those not heard of for longer than their time-out. */
  overdue(nowMs: number): SessionEntry<Connection>[] {
    return [...this.#sessions.values()].filter(({ lastHeardMs, timeoutMs }) =>
      nowMs - lastHeardMs > timeoutMs
    );
  }

  /** The server itself stood still: nobody could be heard, so nobody is to blame. */
  extendAll(pauseMs: number): void {
    for (const session of this.#sessions.values()) session.lastHeardMs += pauseMs;
  }

  /** What began and ended since the last call. */
  takeDirty(): { begun: StoredSession[]; ended: bigint[] } {
    const ended = this.#ended;
    const begun = this.#begun.filter(({ id }) => this.#sessions.has(id));
    this.#begun = [];
    this.#ended = [];
    return { begun, ended };
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  // Every byte is looked at, so that the time does not tell how many were right.
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
