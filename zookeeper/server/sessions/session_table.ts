/**
 * The sessions that are alive: their ids and passwords, when each client was heard last, and which are overdue. The
 * handshake begins and resumes sessions here, housekeeping expires them, and the commit takes what has changed. A
 * session is served by at most one `client_connection.ts` at a time.
 *
 * @module
 */

import { type RandomBytes, secureRandomBytes } from "../../random.ts";
import type { StoredSession } from "../storage/storage.ts";

/** Length of a session password in bytes; ZooKeeper's clients expect it. */
export const passwordSizeBytes = 16;

/** A session that is alive; at most one connection serves it at a time. */
export interface SessionEntry<Connection> extends StoredSession {
  /** When its client was heard last, by the monotonic clock. */
  lastHeardMs: number;
  /** The connection that serves it; undefined while its client is not connected. */
  connection: Connection | undefined;
}

/** All sessions that have not ended. */
export class SessionTable<Connection> {
  readonly #sessions = new Map<bigint, SessionEntry<Connection>>();
  #begun: StoredSession[] = [];
  #ended: bigint[] = [];

  readonly #randomBytes: RandomBytes;

  /**
   * Begins with the stored sessions. They get their whole time-out again, since their clients could not reach the server.
   * `randomBytes` makes the ids and passwords of new sessions; by default nobody can guess them.
   */
  constructor(
    stored: readonly StoredSession[],
    nowMs: number,
    randomBytes: RandomBytes = secureRandomBytes,
  ) {
    this.#randomBytes = randomBytes;
    for (const session of stored) {
      this.#sessions.set(session.id, { ...session, lastHeardMs: nowMs, connection: undefined });
    }
  }

  /** Number of sessions. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Returns all sessions. */
  entries(): IterableIterator<SessionEntry<Connection>> {
    return this.#sessions.values();
  }

  /** Returns a session by its id. */
  get(id: bigint): SessionEntry<Connection> | undefined {
    return this.#sessions.get(id);
  }

  /** Begins a session. */
  begin(timeoutMs: number, nowMs: number): SessionEntry<Connection> {
    let id = 0n;
    // 0 means no session, and negative ids confuse some clients.
    while (id === 0n || this.#sessions.has(id)) {
      id = new DataView(this.#randomBytes(8).buffer).getBigInt64(0) & 0x7fff_ffff_ffff_ffffn;
    }
    const stored = { id, password: this.#randomBytes(passwordSizeBytes), timeoutMs };
    const session = { ...stored, lastHeardMs: nowMs, connection: undefined };
    this.#sessions.set(id, session);
    this.#begun.push(stored);
    return session;
  }

  /** Returns the session that a client wants to resume; undefined if there is none or the password is wrong. */
  resume(id: bigint, password: Uint8Array): SessionEntry<Connection> | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || !sameBytes(session.password, password)) return undefined;
    return session;
  }

  /** Removes a session. */
  end(id: bigint): void {
    if (this.#sessions.delete(id)) this.#ended.push(id);
  }

  /** Returns the sessions whose clients were not heard for longer than their time-out. */
  overdue(nowMs: number): SessionEntry<Connection>[] {
    return [...this.#sessions.values()].filter(({ lastHeardMs, timeoutMs }) =>
      nowMs - lastHeardMs > timeoutMs
    );
  }

  /** Extends all sessions, since the server itself stood still and could hear no client. */
  extendAll(pauseMs: number): void {
    for (const session of this.#sessions.values()) session.lastHeardMs += pauseMs;
  }

  /** Takes the sessions that began and ended since the last call. */
  takeDirty(): { begun: StoredSession[]; ended: bigint[] } {
    const ended = this.#ended;
    const begun = this.#begun.filter(({ id }) => this.#sessions.has(id));
    this.#begun = [];
    this.#ended = [];
    return { begun, ended };
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  // In constant time, so that the duration does not tell how many bytes were right.
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
