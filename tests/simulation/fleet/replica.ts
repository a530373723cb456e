/**
 * One server of the simulated ensemble: the embedded server's own tree, sessions, watches and request processor, behind
 * a front that hands changes to the leader and answers reads from what it has applied itself.
 *
 * @module
 */

import { reasonOf } from "../../../base/reason.ts";
import { silentLog } from "../../../zookeeper/mod.ts";
import { RequestProcessor } from "../../../zookeeper/server/requests/request_processor.ts";
import { ClientConnection } from "../../../zookeeper/server/sessions/client_connection.ts";
import {
  passwordSizeBytes,
  type SessionEntry,
  SessionTable,
} from "../../../zookeeper/server/sessions/session_table.ts";
import { DataTree } from "../../../zookeeper/server/tree/data_tree.ts";
import { WatchTable } from "../../../zookeeper/server/tree/watch_table.ts";
import { JuteReader, WireError } from "../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import { readConnectRequest, writeConnectResponse } from "../../../zookeeper/wire/records.ts";
import { copyOf, type NetworkStream, type Party } from "./network.ts";
import { Readings } from "./readings.ts";
import type { ProcessClock } from "./virtual_time.ts";

/** A change in the order that the leader has given it. All servers execute the same changes in the same order. */
export interface Change {
  readonly kind: "open_session" | "end_session" | "request";
  /** The session that it is for; 0n for one that begins. */
  readonly sessionId: bigint;
  /** The request as it came from the client. */
  readonly frame: Uint8Array | null;
  /** The time that nodes get. */
  readonly wallTimeMs: number;
  readonly timeoutMs: number;
  /** Id and password of a session that begins. */
  readonly entropy: Uint8Array | null;
  /** Who waits for its result; null if nobody does. */
  readonly client: Client | null;
  /** What its client had read when it sent it, and nothing that it has asked for since; null if no client did. */
  readonly readings: Readings | null;
}

/** What a server needs of its ensemble. */
export interface Peers {
  /** Hands a change to the leader. It comes back through {@link Replica.apply}; never, if it is lost. */
  propose(from: Replica, change: Omit<Change, "wallTimeMs">): void;
  /** Asks the leader how many changes are committed. */
  askForEnd(from: Replica, answer: (committedCount: number) => void): void;
  /** Asks the leader whether a session is alive. */
  askForSession(from: Replica, client: Client, answer: (isAlive: boolean) => void): void;
  /** Tells the leader that the client of a session was heard. */
  heard(from: Replica, sessionId: bigint): void;
  /** Where to note what the client of a session reads over a new connection. It has what was read over those before it. */
  readingsOf(sessionId: bigint): Readings;
}

const WRITES: ReadonlySet<number> = new Set([
  opcodes.create,
  opcodes.create2,
  opcodes.createContainer,
  opcodes.createTtl,
  opcodes.delete,
  opcodes.setData,
  opcodes.setAcl,
  opcodes.multi,
  opcodes.closeSession,
]);

const refusal = {
  protocolVersion: 0,
  timeoutMs: 0,
  sessionId: 0n,
  password: new Uint8Array(passwordSizeBytes),
};

/** Stands in for the connections of other servers' clients: nobody reads what is written to it. */
function nobody(): ClientConnection {
  const connection = new ClientConnection(
    { read: () => Promise.resolve(null), write: () => Promise.resolve(0), close() {} },
    { remote: { hostname: "nobody", port: 0 }, maxOutputBytes: 0, nowMs: () => 0, onOutput() {} },
  );
  connection.close("it stands in for one elsewhere");
  return connection;
}

/** A client of one server. */
export class Client {
  readonly connection: ClientConnection;
  readonly stream: NetworkStream;
  /** Requests that wait for those before them. */
  readonly queue: Uint8Array[] = [];
  /** Whether the first of them is at the leader. */
  isWaiting = false;
  request: ReturnType<typeof readConnectRequest> | null = null;
  /** What it has read. */
  readings = new Readings();

  constructor(stream: NetworkStream, address: { hostname: string; port: number }) {
    this.stream = stream;
    this.connection = new ClientConnection(stream, {
      remote: address,
      maxOutputBytes: 16 << 20,
      nowMs: () => 0,
      // Nothing is stored, so nothing has to be held back.
      onOutput: (connection) => queueMicrotask(() => connection.release()),
    });
  }
}

/** A server. Its clock is new with each life; what it has applied survives. */
export class Replica implements Party {
  readonly place: string;
  clock: ProcessClock;
  /** Changes that it has in its log. */
  received = 0;
  /** Changes that it has executed. */
  applied = 0;
  /** How much later than others it applies what is committed, in milliseconds. */
  lagMs = 0;
  readonly tree = new DataTree();
  readonly sessions: SessionTable<ClientConnection>;
  readonly clients = new Set<Client>();
  readonly #watches = new WatchTable();
  readonly #processor: RequestProcessor;
  readonly #peers: Peers;
  readonly #nobody = nobody();
  #present: Change | null = null;
  #waits: { readonly until: number; readonly callback: () => void }[] = [];
  #ports = 0;

  constructor(
    place: string,
    { clock, peers }: { clock: ProcessClock; peers: Peers },
  ) {
    this.place = place;
    this.clock = clock;
    this.#peers = peers;
    this.sessions = new SessionTable([], 0, (sizeBytes) => this.#entropy(sizeBytes));
    this.#processor = new RequestProcessor({
      tree: this.tree,
      watches: this.#watches,
      sessions: this.sessions,
      lastZxid: 0n,
      clock: {
        nowMs: () => 0,
        wallTimeMs: () => this.#present?.wallTimeMs ?? 0,
        after: () => () => {},
        nextTurn() {},
      },
      log: silentLog,
    });
    this.tree.takeDirty();
  }

  /** Whether it runs. */
  get isUp(): boolean {
    return !this.clock.isDead;
  }

  /** Serves a client until its connection ends. */
  async serve(stream: NetworkStream): Promise<void> {
    const client = new Client(stream, { hostname: stream.link.places[0], port: ++this.#ports });
    const { connection } = client;
    this.clients.add(client);
    try {
      while (!connection.isClosing && await connection.receive()) this.#take(client);
      while (connection.isOpen && await connection.receive()) connection.frames.discard();
      connection.close("the client closed it");
    } catch (error) {
      connection.close(reasonOf(error));
    }
    this.#forget(client);
  }

  /** Closes the connection of a client. */
  drop(client: Client, reason: string): void {
    client.connection.close(reason);
    this.#forget(client);
  }

  #forget(client: Client): void {
    const { connection } = client;
    this.#watches.removeAll(connection);
    if (connection.session?.connection === connection) connection.session.connection = undefined;
    this.clients.delete(client);
  }

  #take(client: Client): void {
    const { connection } = client;
    while (!connection.isClosing) {
      const frame = connection.frames.next();
      if (frame === undefined) return;
      if (client.request === null) {
        this.#shakeHands(client, frame);
        continue;
      }
      if (connection.session !== undefined) this.#peers.heard(this, connection.session.id);
      // A copy, since the buffer is used again before the leader has answered.
      client.queue.push(copyOf(frame));
      this.#pump(client);
    }
  }

  #shakeHands(client: Client, frame: Uint8Array): void {
    const request = readConnectRequest(new JuteReader(frame));
    client.request = { ...request, password: request.password.slice() };
    if (request.lastZxidSeen > this.#processor.lastZxid) {
      client.connection.close("it has seen newer data than this server has");
      return;
    }
    client.isWaiting = true;
    if (request.sessionId === 0n) {
      this.#peers.propose(this, {
        kind: "open_session",
        sessionId: 0n,
        frame: null,
        timeoutMs: Math.max(1_000, Math.min(request.timeoutMs, 60_000)),
        entropy: null,
        client,
        readings: null,
      });
      return;
    }
    this.#peers.askForSession(this, client, (isAlive) => {
      const session = isAlive
        ? this.sessions.resume(request.sessionId, client.request?.password ?? refusal.password)
        : undefined;
      this.#answerHandshake(client, session);
    });
  }

  #answerHandshake(client: Client, session: SessionEntry<ClientConnection> | undefined): void {
    const { connection } = client;
    connection.send((writer) =>
      writeConnectResponse(
        writer,
        session === undefined ? refusal : { ...session, protocolVersion: 0, sessionId: session.id },
      )
    );
    if (session === undefined) return connection.closeWhenWritten("its session has expired");
    session.connection = connection;
    connection.session = session;
    client.readings = this.#peers.readingsOf(session.id);
    client.isWaiting = false;
    this.#peers.heard(this, session.id);
    this.#pump(client);
  }

  /** Works on a client's requests in their order: no read overtakes a change of the same client. */
  #pump(client: Client): void {
    const { connection, queue } = client;
    while (!client.isWaiting && !connection.isClosing) {
      const [frame] = queue;
      const { session } = connection;
      if (frame === undefined || session === undefined) return;
      const type = new JuteReader(frame.subarray(4)).int();
      if (WRITES.has(type)) {
        client.isWaiting = true;
        this.#peers.propose(this, {
          kind: "request",
          sessionId: session.id,
          frame,
          timeoutMs: 0,
          entropy: null,
          client,
          readings: new Readings(client.readings),
        });
        return;
      }
      if (type === opcodes.sync) {
        client.isWaiting = true;
        this.#peers.askForEnd(this, (committedCount) =>
          this.#whenApplied(committedCount, () => {
            queue.shift();
            client.isWaiting = false;
            this.#process(connection, frame);
            this.#pump(client);
          }));
        return;
      }
      queue.shift();
      if (type === opcodes.multiRead) client.readings.note(frame, this.applied);
      this.#process(connection, frame);
    }
  }

  #process(connection: ClientConnection, frame: Uint8Array): void {
    const { session } = connection;
    if (session === undefined || connection.isClosing) return;
    try {
      this.#processor.process(connection, session, new JuteReader(frame));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      connection.close(error.message);
    }
  }

  #whenApplied(count: number, callback: () => void): void {
    if (this.applied >= count) callback();
    else this.#waits.push({ until: count, callback });
  }

  /** Executes the next change. */
  apply(change: Change): void {
    this.applied++;
    this.#present = change;
    const client = change.client !== null && this.clients.has(change.client) ? change.client : null;
    switch (change.kind) {
      case "open_session": {
        const session = this.sessions.begin(change.timeoutMs, 0);
        this.#processor.nextTransaction();
        if (client !== null) this.#answerHandshake(client, session);
        break;
      }
      case "end_session": {
        const session = this.sessions.get(change.sessionId);
        if (session === undefined) break;
        this.#processor.endSession(session);
        session.connection?.close("its session expired");
        break;
      }
      case "request": {
        const session = this.sessions.get(change.sessionId);
        if (session === undefined || change.frame === null) {
          client?.connection.close("its session is over");
          break;
        }
        const connection = client?.connection ?? this.#nobody;
        this.#processor.process(connection, session, new JuteReader(change.frame));
        if (client !== null) {
          client.queue.shift();
          client.isWaiting = false;
        }
        break;
      }
    }
    this.#present = null;
    if (client !== null) this.#pump(client);
    if (this.#waits.length === 0) return;
    const due = this.#waits.filter(({ until }) => until <= this.applied);
    this.#waits = this.#waits.filter(({ until }) => until > this.applied);
    for (const { callback } of due) callback();
  }

  /** Its connections are gone, and whatever waits here. */
  dropAll(reason: string): void {
    this.#waits = [];
    for (const client of [...this.clients]) this.drop(client, reason);
  }

  /** Id and password of the session that the present change begins. */
  #entropy(sizeBytes: number): Uint8Array {
    const entropy = this.#present?.entropy;
    if (entropy === null || entropy === undefined) {
      throw new Error("a session begins without a change");
    }
    return sizeBytes === 8 ? entropy.slice(0, 8) : entropy.slice(8, 8 + sizeBytes);
  }
}
