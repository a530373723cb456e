/**
 * The embedded server as a program: it listens, accepts clients, and stops in order. For more than one machine use a
 * ZooKeeper ensemble: this server has no replicas.
 *
 * @module
 */

import type { ByteStream } from "../byte_stream.ts";
import type { AdminServer } from "./admin/server.ts";
import { adminSource } from "./admin/source.ts";
import { type ClientAddress, ClientConnection } from "./sessions/client_connection.ts";
import { DataTree } from "./tree/data_tree.ts";
import { GroupCommit } from "./storage/group_commit.ts";
import { startHousekeeping } from "./housekeeping.ts";
import {
  type AdminAddress,
  type CoordinatorOptions,
  type CoordinatorSettings,
  settingsOf,
} from "./options.ts";
import { RateMeter } from "./admin/rate_meter.ts";
import { RequestProcessor } from "./requests/request_processor.ts";
import { serveClient, type ServeContext } from "./frontend/serve_client.ts";
import { SeldomLog } from "./frontend/seldom_log.ts";
import { SessionTable } from "./sessions/session_table.ts";
import { SqliteStorage } from "./storage/sqlite_storage.ts";
import { noStorage, type Storage } from "./storage/storage.ts";
import { WatchTable } from "./tree/watch_table.ts";
import { ServerWordSource } from "./word_source.ts";

/** A server in this process that behaves like a standalone ZooKeeper 3.8. */
export class Coordinator {
  readonly #listener: Deno.TcpListener;
  readonly #storage: Storage;
  readonly #options: CoordinatorSettings;
  readonly #tree: DataTree;
  readonly #watches = new WatchTable();
  readonly #sessions: SessionTable<ClientConnection>;
  readonly #processor: RequestProcessor;
  readonly #connections = new Map<ClientConnection, Promise<void>>();
  readonly #commits: GroupCommit;
  readonly #seldom: SeldomLog;
  readonly #serving: ServeContext;
  readonly #words: ServerWordSource;
  readonly #startedMs: number;
  readonly #commitRate: RateMeter;
  readonly #changeRate: RateMeter;
  readonly #dataDir: string | undefined;
  #admin: AdminServer | undefined;
  #adminClosed: Promise<void> | undefined;
  readonly #stopHousekeeping: () => void;
  #closed = false;
  #finish!: (failure: Error | undefined) => void;
  /** Resolves when the coordinator has stopped: to undefined after `close()`, to the error if its storage failed. */
  readonly finished: Promise<Error | undefined>;
  readonly #accepting: Promise<void>;

  private constructor(options: CoordinatorOptions, storage: Storage) {
    this.#options = settingsOf(options);
    const { clock, log, randomBytes } = this.#options;
    this.#seldom = new SeldomLog(log, clock);
    this.#storage = storage;
    const state = storage.load();
    const nowMs = clock.nowMs();
    this.#startedMs = nowMs;
    this.#commitRate = new RateMeter(nowMs);
    this.#changeRate = new RateMeter(nowMs);
    this.#dataDir = options.dataDir;
    this.#tree = new DataTree(state.nodes, {
      enforceQuota: this.#options.enforceQuota,
      onQuotaExceeded: (exceeded) => this.#seldom.warn("quota exceeded", { ...exceeded }),
    });
    this.#sessions = new SessionTable(state.sessions, nowMs, randomBytes);
    this.#processor = new RequestProcessor({
      tree: this.#tree,
      watches: this.#watches,
      sessions: this.#sessions,
      lastZxid: state.lastZxid,
      clock,
      log,
    });
    this.#commits = new GroupCommit({
      clock,
      storage,
      tree: this.#tree,
      sessions: this.#sessions,
      lastZxid: () => this.#processor.lastZxid,
      onCommit: (changes) => {
        const nowMs = clock.nowMs();
        this.#commitRate.add(nowMs);
        this.#changeRate.add(nowMs, changes);
      },
      onFailure: (error) => this.#fail(error),
    });
    this.finished = new Promise((resolve) => this.#finish = resolve);
    this.#listener = Deno.listen({
      hostname: options.hostname ?? "127.0.0.1",
      port: options.port ?? 0,
    });
    this.#words = new ServerWordSource({
      tree: this.#tree,
      watches: this.#watches,
      sessions: this.#sessions,
      processor: this.#processor,
      storage,
      settings: this.#options,
      dataDir: options.dataDir,
      startedMs: nowMs,
      port: () => this.port,
      connections: () => this.#connections.keys(),
    });
    this.#serving = {
      log,
      clock,
      seldom: this.#seldom,
      processor: this.#processor,
      handshakes: {
        seldom: this.#seldom,
        settings: this.#options,
        sessions: this.#sessions,
        processor: this.#processor,
        watches: this.#watches,
      },
      words: this.#words,
    };
    this.#stopHousekeeping = startHousekeeping({
      settings: this.#options,
      sessions: this.#sessions,
      processor: this.#processor,
      connections: () => this.#connections.keys(),
      tidy: () => this.#tidy(),
      onChange: () => this.#commits.schedule(),
    });
    this.#accepting = this.#accept();
    log.info("coordinator listening", {
      port: this.port,
      nodes: this.#tree.size,
      sessions: this.#sessions.size,
      durable: storage !== noStorage,
    });
  }

  /**
   * Starts a coordinator. With `dataDir`, nothing that was acknowledged is lost, sessions included, even if the process is
   * killed.
   *
   * @throws {StorageError} if another coordinator uses the folder, or its file cannot be opened or read; another error if
   * it cannot listen on an address.
   */
  static async listen(options: CoordinatorOptions = {}): Promise<Coordinator> {
    const storage = options.storage ??
      (options.dataDir === undefined ? noStorage : new SqliteStorage(options.dataDir, options.log));
    let coordinator: Coordinator;
    try {
      coordinator = new Coordinator(options, storage);
    } catch (error) {
      storage.close();
      throw error;
    }
    try {
      if (options.admin !== undefined) await coordinator.#serveAdmin(options.admin);
    } catch (error) {
      await coordinator.close();
      throw error;
    }
    return coordinator;
  }

  /** The address that it listens on. */
  get hostname(): string {
    return this.#listener.addr.hostname;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** The connect string for a client. */
  get connectString(): string {
    const { hostname } = this;
    return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.port}`;
  }

  /** URL of the page for people; undefined if it is not served. */
  get adminUrl(): string | undefined {
    return this.#admin?.url;
  }

  /**
   * Serves a client over a connection that was opened elsewhere, such as a network in memory, as one that was accepted.
   *
   * @returns false if there are too many clients or the coordinator has stopped: then it closes the connection.
   */
  attach(stream: ByteStream, remote: ClientAddress): boolean {
    const { maxConnections, maxOutputBytes, clock } = this.#options;
    if (this.#closed || this.#connections.size >= maxConnections) {
      this.#seldom.warn("client refused: too many connections", { maxConnections });
      stream.close();
      return false;
    }
    const connection = new ClientConnection(stream, {
      remote,
      maxOutputBytes,
      nowMs: () => clock.nowMs(),
      onOutput: (dirty) => this.#commits.schedule(dirty),
    });
    this.#connections.set(connection, this.#serve(connection));
    return true;
  }

  /** Commits what is scheduled, closes all connections and stops. The sessions are kept for the next start. */
  async close(): Promise<void> {
    this.#stop();
    await this.#accepting;
    await Promise.all(this.#connections.values());
    await this.#adminClosed;
    await this.finished;
  }

  #stop(failure?: Error): void {
    if (this.#closed) return;
    if (failure === undefined) this.#commits.flush();
    // The flush may have failed and stopped everything itself.
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.stop();
    this.#stopHousekeeping();
    this.#adminClosed = this.#admin?.close();
    this.#listener.close();
    for (const connection of this.#connections.keys()) connection.close("the coordinator stops");
    this.#storage.close();
    this.#finish(failure);
  }

  async #accept(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed) return;
        // No file descriptor is left, or the client has gone already: the other clients must not suffer.
        const isOutOfFiles = error instanceof Error && /too many open files/i.test(error.message);
        this.#seldom.warn(
          isOutOfFiles
            ? "clients must wait: no more files can be open; raise the limit (ulimit -n, LimitNOFILE)"
            : "accepting a client failed",
          { error },
        );
        await new Promise<void>((resolve) => clock.after(10, resolve));
        continue;
      }
      try {
        conn.setNoDelay(true);
      } catch {
        // The client has gone already; reading will show it.
      }
      this.attach(conn, conn.remoteAddr);
    }
  }

  async #serve(connection: ClientConnection): Promise<void> {
    await serveClient(connection, this.#serving);
    this.#watches.removeAll(connection);
    if (connection.session?.connection === connection) connection.session.connection = undefined;
    this.#commits.forget(connection);
    this.#connections.delete(connection);
    this.#words.keep(connection);
  }

  #tidy(): void {
    try {
      this.#storage.tidy();
    } catch (error) {
      // If the disk is really broken, the next commit will show it.
      this.#seldom.warn("the storage could not give room back", { error });
    }
  }

  #fail(cause: unknown): void {
    // The changes in memory are not durable, so no client may learn of them: stop, and start again from the disk.
    const said = cause instanceof Error ? cause.message : String(cause);
    const failure = new Error(`commit: expected the storage to keep the changes: ${said}`, {
      cause,
    });
    this.#options.log.error("coordinator stops", { error: failure });
    this.#stop(failure);
  }

  async #serveAdmin(address: AdminAddress): Promise<void> {
    // The packages that serve the page are loaded only if it is wanted.
    const { serveAdmin } = await import("./admin/server.ts");
    const source = adminSource({
      tree: this.#tree,
      watches: this.#watches,
      sessions: this.#sessions,
      processor: this.#processor,
      commitRate: this.#commitRate,
      changeRate: this.#changeRate,
      connections: () => this.#connections.size,
      connectString: () => this.connectString,
      dataDir: this.#dataDir,
      startedMs: this.#startedMs,
      clock: this.#options.clock,
    });
    this.#admin = serveAdmin(source, address, this.#options.log);
  }
}
