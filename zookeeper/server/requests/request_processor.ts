/**
 * Executes the requests of clients one at a time: it reads a request from the wire, executes it on the tree, notifies
 * the watchers, and writes the reply. It also ends sessions. It does no I/O: the group commit makes its changes
 * durable and then releases its replies. The other files of this room have the requests by kind: `read_operations.ts`,
 * `write_operations.ts` and `multi_operations.ts`.
 *
 * @module
 */

import { type Clock } from "../../clock.ts";
import { resultCodes } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { type JuteReader, type JuteWriter, WireError } from "../../wire/jute.ts";
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
import { applyWrite, isWrite, readWriteOperation, type Requester } from "./write_operations.ts";

/** What requests work on. */
export interface RequestProcessorOptions {
  tree: DataTree;
  watches: WatchTable;
  sessions: SessionTable<ClientConnection>;
  /** The zxid of the last change that was stored. */
  lastZxid: bigint;
  clock: Clock;
  log: Log;
}

/** Executes requests one at a time, in the order in which they arrive. */
export class RequestProcessor {
  readonly #options: RequestProcessorOptions;
  #lastZxid: bigint;

  constructor(options: RequestProcessorOptions) {
    this.#options = options;
    this.#lastZxid = options.lastZxid;
  }

  /** The zxid of the last change. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** Takes the next zxid. Sessions begin and end in the order of changes, so they take one as well. */
  nextTransaction(): TransactionId {
    this.#lastZxid++;
    return { zxid: this.#lastZxid, timeMs: this.#options.clock.wallTimeMs() };
  }

  /**
   * Answers one request.
   *
   * @throws {WireError} if its header or its credentials cannot be decoded: then the connection cannot be used any more.
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
      case opcodes.sasl:
        // The answer of a server that has no SASL: a client that would like some goes on without.
        reader.buffer();
        this.#replyWithoutZxid(connection, xid, resultCodes.OK, (writer) => writer.buffer(null));
        return;
      case opcodes.closeSession:
        this.endSession(session);
        this.#reply(connection, xid, 0);
        connection.session = undefined;
        connection.closeWhenWritten("the session was closed");
        return;
    }
    const requester = { sessionId: session.id, identities: connection.identities };
    try {
      const body = this.#answer(type, reader, connection, requester);
      this.#reply(connection, xid, 0, body);
    } catch (error) {
      if (error instanceof Refusal) return this.#reply(connection, xid, error.number);
      if (!(error instanceof WireError)) throw error;
      // The frame's length was right, so that the next request can be read.
      if (isWrite(type)) this.nextTransaction();
      this.#reply(connection, xid, resultCodes.MARSHALLING_ERROR);
    }
  }

  /** Ends a session and deletes its ephemeral nodes. */
  endSession(session: SessionEntry<ClientConnection>): void {
    const { tree, sessions } = this.#options;
    const id = this.nextTransaction();
    const { events } = tree.transact(() => {
      for (const path of tree.ephemeralsOf(session.id)) tree.delete(path, -1, id);
    });
    sessions.end(session.id);
    this.#fire(events);
  }

  /** Deletes the containers that have become empty and the nodes whose time to live is over. */
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
    // The field `type`, which was never used.
    reader.int();
    const scheme = reader.string();
    const secret = reader.buffer();
    // The address of every connection is known already, so the scheme `ip` adds nothing and is no error.
    if (scheme !== "ip") {
      if (scheme !== "digest") {
        this.#replyWithoutZxid(connection, xid, resultCodes.AUTH_FAILED);
        connection.closeWhenWritten("its credentials were refused");
        return;
      }
      const identity = digestIdentity(secret);
      if (!connection.identities.some(({ id }) => id === identity.id)) {
        connection.identities.push(identity);
      }
    }
    this.#replyWithoutZxid(connection, xid, resultCodes.OK);
  }

  /** Replies to credentials have no zxid: they are not in the order of changes. */
  #replyWithoutZxid(
    connection: ClientConnection,
    xid: number,
    error: number,
    body?: (writer: JuteWriter) => void,
  ): void {
    connection.send((writer) => {
      writeReplyHeader(writer, { xid, zxid: 0n, error });
      body?.(writer);
    });
  }

  /** Notifies the watchers, before the reply to the change is written. */
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
