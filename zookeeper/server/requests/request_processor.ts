/**
 * Takes one request at a time from a client's session, does it on the tree, tells the watchers, and writes the reply.
 * It also ends sessions. It does no I/O of its own: the coordinator commits what it did and releases what it wrote.
 *
 * @module
 */

import { type Clock } from "../../clock.ts";
import { resultCodes } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { type JuteReader, type JuteWriter } from "../../wire/jute.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import { writeReplyHeader } from "../../wire/records.ts";
import { digestIdentity } from "../tree/acl.ts";
import type { ClientConnection } from "../sessions/client_connection.ts";
import type { DataTree } from "../tree/data_tree.ts";
import type { TransactionId, TreeEvent } from "../tree/tree_node.ts";
import { answerMultiRead, applyMulti, readMultiOperations } from "./multi_operations.ts";
import { answerRead } from "./read_operations.ts";
import { Refusal } from "../tree/refusal.ts";
import type { SessionEntry, SessionTable } from "../sessions/session_table.ts";
import type { WatchTable } from "../tree/watch_table.ts";
import { applyWrite, readWriteOperation, type Requester } from "./write_operations.ts";

/** What requests are done on. */
export interface RequestProcessorOptions {
  tree: DataTree;
  watches: WatchTable;
  sessions: SessionTable<ClientConnection>;
  lastZxid: bigint;
  clock: Clock;
  log: Log;
}

/** Does requests, one at a time, in the order in which they arrive. */
export class RequestProcessor {
  readonly #options: RequestProcessorOptions;
  #lastZxid: bigint;

  constructor(options: RequestProcessorOptions) {
    this.#options = options;
    this.#lastZxid = options.lastZxid;
  }

  /** The id of the last change. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** Sessions begin and end in the order of changes, so each takes an id as well. */
  nextTransaction(): TransactionId {
    this.#lastZxid++;
    return { zxid: this.#lastZxid, timeMs: this.#options.clock.wallTimeMs() };
  }

  /**
   * Answers one request.
   *
   * @throws {WireError} if it cannot be read: the connection is of no more use.
   */
  process(
    connection: ClientConnection,
    session: SessionEntry<ClientConnection>,
    reader: JuteReader,
  ): void {
    const xid = reader.int();
    const type = reader.int();
    switch (type) {
      case opcodes.ping:
        this.#reply(connection, xids.ping, 0);
        return;
      case opcodes.auth:
        this.#authenticate(connection, xid, reader);
        return;
      case opcodes.closeSession:
        this.endSession(session);
        this.#reply(connection, xid, 0);
        connection.session = undefined;
        connection.closeWhenWritten();
        return;
    }
    const requester = { sessionId: session.id, identities: connection.identities };
    try {
      const body = this.#answer(type, reader, connection, requester);
      this.#reply(connection, xid, 0, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#reply(connection, xid, error.number);
    }
  }

  /** Ends a session: its ephemeral nodes are gone when this returns. */
  endSession(session: SessionEntry<ClientConnection>): void {
    const { tree, sessions } = this.#options;
    const id = this.nextTransaction();
    const { events } = tree.transact(() => {
      for (const path of tree.ephemeralsOf(session.id)) tree.delete(path, -1, id);
    });
    sessions.end(session.id);
    this.#fire(events);
  }

  /** Removes the containers that have become empty and the nodes whose time to live is over. */
  removeExpiredNodes(): void {
    const { tree, clock } = this.#options;
    for (const path of tree.expiredNodes(clock.wallTimeMs())) {
      const id = this.nextTransaction();
      this.#fire(tree.transact(() => tree.delete(path, -1, id)).events);
    }
  }

  #answer(
    type: number,
    reader: JuteReader,
    connection: ClientConnection,
    requester: Requester,
  ): (writer: JuteWriter) => void {
    const { tree, watches } = this.#options;
    if (type === opcodes.multi) {
      const operations = readMultiOperations(reader);
      const result = applyMulti(tree, operations, { id: this.nextTransaction(), requester });
      this.#fire(result.events);
      return result.write;
    }
    if (type === opcodes.multiRead) return answerMultiRead(tree, reader, requester);
    const write = readWriteOperation(type, reader);
    if (write !== undefined) {
      const id = this.nextTransaction();
      const { value, events } = tree.transact(() => applyWrite(tree, write, { id, requester }));
      this.#fire(events);
      return value;
    }
    const answer = answerRead(type, reader, { tree, watches, watcher: connection, requester });
    if (answer === undefined) throw new Refusal("UNIMPLEMENTED");
    return answer;
  }

  #authenticate(connection: ClientConnection, xid: number, reader: JuteReader): void {
    // A type that was never used.
    reader.int();
    const scheme = reader.string();
    const secret = reader.buffer();
    // By its address every connection is known already; to say so again is no error.
    if (scheme !== "ip") {
      const identity = scheme === "digest" ? digestIdentity(secret) : undefined;
      if (identity === undefined) {
        this.#replyWithoutZxid(connection, xid, resultCodes.AUTH_FAILED);
        connection.closeWhenWritten();
        return;
      }
      if (!connection.identities.some(({ id }) => id === identity.id)) {
        connection.identities.push(identity);
      }
    }
    this.#replyWithoutZxid(connection, xid, resultCodes.OK);
  }

  /** Credentials have no place in the order of changes. */
  #replyWithoutZxid(connection: ClientConnection, xid: number, error: number): void {
    connection.send((writer) => writeReplyHeader(writer, { xid, zxid: 0n, error }));
  }

  /** Notifications precede the reply to the change that caused them. */
  #fire(events: readonly TreeEvent[]): void {
    for (const event of events) this.#options.watches.fire(event);
  }

  #reply(
    connection: ClientConnection,
    xid: number,
    error: number,
    body?: (writer: JuteWriter) => void,
  ): void {
    connection.send((writer) => {
      writeReplyHeader(writer, { xid, zxid: this.#lastZxid, error });
      body?.(writer);
    });
  }
}
