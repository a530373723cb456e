// The embedded coordinator: a server for ZooKeeper's protocol in this process, for one machine. It
// accepts clients, gives them sessions, and commits what their requests did, in groups. For more than
// one machine, use a ZooKeeper ensemble: this one has no replicas.
import { type Clock, systemClock } from "../clock.ts";
import { type Log, silentLog } from "../log.ts";
import { JuteReader, WireError } from "../wire/jute.ts";
import { readConnectRequest, writeConnectResponse } from "../wire/records.ts";
import { ClientConnection } from "./client_connection.ts";
import { DataTree } from "./data_tree.ts";
import { answerWord, fourLetterWord } from "./four_letter_words.ts";
import { GroupCommit } from "./group_commit.ts";
import { RequestProcessor } from "./request_processor.ts";
import { passwordSizeBytes, SessionTable } from "./session_table.ts";
import { SqliteStorage } from "./sqlite_storage.ts";
import { noStorage, type Storage } from "./storage.ts";
import { WatchTable } from "./watch_table.ts";

/** Settings of {@linkcode Coordinator.listen}; every one has a default. */
export interface CoordinatorOptions {
  /** Default `127.0.0.1`: nobody from outside. */
  hostname?: string | undefined;
  /** Default 0: any free port. */
  port?: number | undefined;
  /** Where to keep the data. Default: nowhere, it ends with the process. */
  dataDir?: string | undefined;
  /** Another place to keep the data, in place of `dataDir`; it is closed with the coordinator. */
  storage?: Storage | undefined;
  /** How often sessions are looked at, in ms. Default 500. A session lasts at least two ticks. */
  tickTimeMs?: number | undefined;
  /** The longest session time-out that is granted, in ms. Default 60,000. */
  maxSessionTimeoutMs?: number | undefined;
  /** Clients at once; more are turned away. Default 4,096, well within a usual limit of open files when raised. */
  maxConnections?: number | undefined;
  /** A client with more unread output than this is cut off, in bytes. Default 16 MiB: sixteen of the largest nodes. */
  maxOutputBytes?: number | undefined;
  /** Default: none. */
  log?: Log | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
}

/** The options with their defaults applied, without those that only the start needs. */
type Settings = {
  [Key in Exclude<keyof CoordinatorOptions, StartOption>]-?: NonNullable<CoordinatorOptions[Key]>;
};
type StartOption = "hostname" | "port" | "dataDir" | "storage";

/** Whoever has not asked for a session this long after connecting is cut off, in ms. */
const handshakeTimeoutMs = 10_000;

/** How often containers are looked at, in ms, as in ZooKeeper. */
const containersEveryMs = 60_000;

/** A server for ZooKeeper's protocol, as a standalone ZooKeeper 3.8 would be, in this process. */
export class Coordinator {
  readonly #listener: Deno.TcpListener;
  readonly #storage: Storage;
  readonly #options: Settings;
  readonly #tree: DataTree;
  readonly #watches = new WatchTable();
  readonly #sessions: SessionTable<ClientConnection>;
  readonly #processor: RequestProcessor;
  readonly #connections = new Map<ClientConnection, Promise<void>>();
  readonly #commits: GroupCommit;
  readonly #startedMs: number;
  #cancelTick: () => void;
  #lastTickMs: number;
  #lastContainersMs: number;
  #closed = false;
  #finish!: (failure: Error | undefined) => void;
  /** Resolves when the coordinator has stopped: with undefined after `close()`, with the error if its storage failed. */
  readonly finished: Promise<Error | undefined>;
  readonly #accepting: Promise<void>;

  private constructor(options: CoordinatorOptions, storage: Storage) {
    this.#options = {
      tickTimeMs: options.tickTimeMs ?? 500,
      maxSessionTimeoutMs: options.maxSessionTimeoutMs ?? 60_000,
      maxConnections: options.maxConnections ?? 4_096,
      maxOutputBytes: options.maxOutputBytes ?? 16 << 20,
      log: options.log ?? silentLog,
      clock: options.clock ?? systemClock,
    };
    const { clock, log, tickTimeMs } = this.#options;
    this.#storage = storage;
    const state = storage.load();
    const nowMs = clock.nowMs();
    this.#startedMs = this.#lastTickMs = this.#lastContainersMs = nowMs;
    this.#tree = new DataTree(state.nodes);
    this.#sessions = new SessionTable(state.sessions, nowMs);
    this.#processor = new RequestProcessor({
      tree: this.#tree,
      watches: this.#watches,
      sessions: this.#sessions,
      lastZxid: state.lastZxid,
      clock,
      log,
    });
    this.#commits = new GroupCommit({
      storage,
      tree: this.#tree,
      sessions: this.#sessions,
      lastZxid: () => this.#processor.lastZxid,
      onFailure: (error) => this.#fail(error),
    });
    this.finished = new Promise((resolve) => this.#finish = resolve);
    this.#listener = Deno.listen({
      hostname: options.hostname ?? "127.0.0.1",
      port: options.port ?? 0,
    });
    this.#cancelTick = clock.after(tickTimeMs, () => this.#tick());
    this.#accepting = this.#accept();
    log.info("coordinator listening", {
      port: this.port,
      nodes: this.#tree.size,
      sessions: this.#sessions.size,
      durable: storage !== noStorage,
    });
  }

  /**
   * Starts a coordinator. With `dataDir`, nothing that was acknowledged is lost, sessions included, even
   * if the process is killed.
   *
   * @throws if the address is taken, or another coordinator works on the same folder.
   */
  // deno-lint-ignore require-await -- a failure is a rejection, whatever a storage will need later
  static async listen(options: CoordinatorOptions = {}): Promise<Coordinator> {
    const storage = options.storage ??
      (options.dataDir === undefined ? noStorage : new SqliteStorage(options.dataDir));
    try {
      return new Coordinator(options, storage);
    } catch (error) {
      storage.close();
      throw error;
    }
  }

  /** The address it listens on. */
  get hostname(): string {
    return this.#listener.addr.hostname;
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** For a client. */
  get connectString(): string {
    const { hostname } = this;
    return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.port}`;
  }

  /** Stops: commits what is under way, closes all connections, and keeps the sessions for the next start. */
  async close(): Promise<void> {
    this.#stop();
    await this.#accepting;
    await Promise.all(this.#connections.values());
    await this.finished;
  }

  #stop(failure?: Error): void {
    if (this.#closed) return;
    if (failure === undefined) this.#commits.flush();
    // The flush may have failed and stopped everything itself.
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.stop();
    this.#cancelTick();
    this.#listener.close();
    for (const connection of this.#connections.keys()) connection.close("the coordinator stops");
    this.#storage.close();
    this.#finish(failure);
  }

  async #accept(): Promise<void> {
    const { log, maxConnections, maxOutputBytes, clock } = this.#options;
    while (!this.#closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed) return;
        // No file descriptor left, or a client that was gone at once: the others are not to suffer.
        log.warn("accepting a client failed", { error });
        await new Promise<void>((resolve) => clock.after(10, resolve));
        continue;
      }
      if (this.#closed || this.#connections.size >= maxConnections) {
        log.warn("client turned away: too many connections", { maxConnections });
        conn.close();
        continue;
      }
      try {
        conn.setNoDelay(true);
      } catch {
        // It has gone already; reading will tell.
      }
      const connection = new ClientConnection(conn, {
        maxOutputBytes,
        openedMs: clock.nowMs(),
        onOutput: (dirty) => this.#commits.schedule(dirty),
      });
      this.#connections.set(connection, this.#serve(connection));
    }
  }

  /** Works for one client until it goes. Never rejects: its trouble is nobody else's. */
  async #serve(connection: ClientConnection): Promise<void> {
    const { log } = this.#options;
    try {
      while (!connection.isClosing && await connection.receive()) this.#take(connection);
      if (connection.isClosing && connection.isOpen) {
        // Whatever else the client says is not heard, but its last replies should reach it.
        while (await connection.receive()) connection.frames.discard();
      }
      connection.close("the client closed it");
    } catch (error) {
      if (connection.isOpen && error instanceof WireError) {
        log.warn("client cut off: what it sent cannot be read", {
          client: connection.remote,
          error: error.message,
        });
      } else if (connection.isOpen && !isConnectionError(error)) {
        log.error("client cut off: its request failed in the coordinator", {
          client: connection.remote,
          error,
        });
      }
      connection.close(error instanceof Error ? error.message : String(error));
    }
    log.debug("client gone", { client: connection.remote, reason: connection.reason });
    this.#watches.removeAll(connection);
    if (connection.session?.connection === connection) connection.session.connection = undefined;
    this.#commits.forget(connection);
    this.#connections.delete(connection);
  }

  #take(connection: ClientConnection): void {
    if (connection.session === undefined) {
      const start = connection.frames.peek(4);
      const word = start === undefined ? undefined : fourLetterWord(start);
      if (word !== undefined) {
        connection.sendRaw(new TextEncoder().encode(answerWord(word, this.#facts())));
        connection.closeWhenWritten();
        return;
      }
    }
    const nowMs = this.#options.clock.nowMs();
    while (!connection.isClosing) {
      const frame = connection.frames.next();
      if (frame === undefined) return;
      const { session } = connection;
      if (session === undefined) {
        this.#shakeHands(connection, new JuteReader(frame));
        continue;
      }
      session.lastHeardMs = nowMs;
      connection.received++;
      this.#processor.process(connection, session, new JuteReader(frame));
    }
  }

  #shakeHands(connection: ClientConnection, reader: JuteReader): void {
    const { clock, tickTimeMs, maxSessionTimeoutMs, log } = this.#options;
    const request = readConnectRequest(reader);
    if (request.lastZxidSeen > this.#processor.lastZxid) {
      log.warn(
        "client turned away: it has seen newer data than is here; was the data folder lost?",
        {
          client: connection.remote,
          seen: request.lastZxidSeen,
          here: this.#processor.lastZxid,
        },
      );
      connection.close("it has seen newer data than is here");
      return;
    }
    const timeoutMs = Math.max(tickTimeMs * 2, Math.min(request.timeoutMs, maxSessionTimeoutMs));
    const nowMs = clock.nowMs();
    let session = this.#sessions.resume(request.sessionId, request.password);
    if (request.sessionId === 0n) {
      session = this.#sessions.begin(timeoutMs, nowMs);
      this.#processor.nextTransaction();
    }
    connection.send((writer) =>
      writeConnectResponse(
        writer,
        session === undefined
          // So says ZooKeeper that a session is expired (or the password wrong).
          ? {
            protocolVersion: 0,
            timeoutMs: 0,
            sessionId: 0n,
            password: new Uint8Array(passwordSizeBytes),
          }
          : { ...session, protocolVersion: 0, sessionId: session.id },
      )
    );
    if (session === undefined) {
      connection.closeWhenWritten();
      return;
    }
    if (session.connection !== undefined && session.connection !== connection) {
      const earlier = session.connection;
      earlier.session = undefined;
      this.#watches.removeAll(earlier);
      earlier.close("its session goes on over another connection");
    }
    session.lastHeardMs = nowMs;
    session.connection = connection;
    connection.session = session;
  }

  #fail(cause: unknown): void {
    // What is in memory was not kept, so nobody may hear of it: stop, and start again from the disk.
    const failure = new Error(
      "commit: expected the storage to keep the changes, it failed; " +
        "free some space or repair it and start again",
      { cause },
    );
    this.#options.log.error("coordinator stops", { error: failure });
    this.#stop(failure);
  }

  #tick(): void {
    const { clock, tickTimeMs, log } = this.#options;
    const nowMs = clock.nowMs();
    const lateMs = nowMs - this.#lastTickMs - tickTimeMs;
    this.#lastTickMs = nowMs;
    if (lateMs > tickTimeMs) {
      log.warn("the coordinator stood still; sessions get the time back", { lateMs });
      this.#sessions.forgive(lateMs);
    }
    for (const session of this.#sessions.overdue(nowMs)) {
      log.info("session expired", { sessionId: `0x${session.id.toString(16)}` });
      this.#processor.endSession(session);
      session.connection?.close("its session expired");
      this.#commits.schedule();
    }
    if (nowMs - this.#lastContainersMs > containersEveryMs) {
      this.#lastContainersMs = nowMs;
      this.#processor.removeEmptyContainers();
      this.#commits.schedule();
    }
    for (const connection of this.#connections.keys()) {
      if (connection.session === undefined && nowMs - connection.openedMs > handshakeTimeoutMs) {
        connection.close("it did not ask for a session");
      }
    }
    this.#cancelTick = clock.after(tickTimeMs, () => this.#tick());
  }

  #facts() {
    const clients = [...this.#connections.keys()].map(({ remote, received, sent }) => ({
      remote,
      received,
      sent,
    }));
    return {
      zxid: this.#processor.lastZxid,
      nodes: this.#tree.size,
      ephemerals: this.#tree.ephemeralCount,
      watches: this.#watches.size,
      sessions: this.#sessions.size,
      dataSizeBytes: this.#tree.dataSizeBytes,
      received: clients.reduce((sum, client) => sum + client.received, 0),
      sent: clients.reduce((sum, client) => sum + client.sent, 0),
      upTimeMs: this.#options.clock.nowMs() - this.#startedMs,
      clients,
    };
  }
}

/** Errors by which a socket says that the other side has gone. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}
