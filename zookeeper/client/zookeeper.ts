// The client that callers meet: one method per operation of ZooKeeper. Sessions, watches and the
// wire are in the files beside it.
import { type Clock, systemClock } from "../clock.ts";
import { ZooKeeperError } from "../errors.ts";
import { type Log, silentLog } from "../log.ts";
import { dataBytes } from "../operations.ts";
import { pathProblem } from "../paths.ts";
import { type Random, systemRandom } from "../random.ts";
import {
  type Acl,
  type CallOptions,
  type CreateOptions,
  type MultiOperation,
  type MultiResult,
  type NodeData,
  openAcl,
  type ReadOperation,
  type ReadOptions,
  type ReadResult,
  type SessionState,
  type Stat,
  type VersionOptions,
  type Watch,
  type WatchListener,
} from "../types.ts";
import type { JuteReader, JuteWriter } from "../wire/jute.ts";
import { opcodes, watcherTypes } from "../wire/protocol.ts";
import { readAcl, readStat, writeAcl } from "../wire/records.ts";
import { parseConnectString } from "./connect_string.ts";
import {
  createOpcode,
  type PathMapping,
  readMulti,
  readMultiRead,
  writeCreate,
  writeMulti,
  writeMultiRead,
} from "./multi_codec.ts";
import { quiet, refused } from "./quiet.ts";
import type { RequestSpec } from "./request.ts";
import { Session } from "./session.ts";
import { shuffled } from "./shuffled.ts";
import { type OneShotKind, WatchRegistry } from "./watch_registry.ts";

/** Settings of a {@linkcode ZooKeeper} client; every one has a default. */
export interface ZooKeeperOptions {
  /**
   * The session time-out to ask for, in ms; the server may grant another (see
   * {@linkcode ZooKeeper.sessionTimeoutMs}). Default 10,000: a restart of an ensemble's leader fits in.
   */
  sessionTimeoutMs?: number | undefined;
  /** Deadline of each call in ms, unless the call has its own. Default 15,000: a reconnect within the session fits in. */
  operationTimeoutMs?: number | undefined;
  /** For one attempt to connect to one server, in ms. Default: the session time-out shared among the servers, 500 to 5,000. */
  connectTimeoutMs?: number | undefined;
  /**
   * How many requests may be under way at once. Default 512: half of what a server takes from all its
   * clients together before it stops reading (globalOutstandingLimit, 1,000).
   */
  maxInFlight?: number | undefined;
  /** How many requests may wait beyond those before calls fail with `QUEUE_FULL`. Default 10,000. */
  maxQueued?: number | undefined;
  /** Default: none. */
  log?: Log | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
  /** For the order of the servers and the jitter of the pauses between attempts. Default: the runtime's. */
  random?: Random | undefined;
}

/** Within how many attempts `watch` must succeed; each ends with a connection or a session lost. */
const maxWatchAttempts = 10;

/**
 * A client of ZooKeeper (3.6 and later; 3.5 without `watch`).
 *
 * It connects in the background and stays connected until `close()`: a lost connection is replaced, and
 * so is an expired session. Calls wait for a connection up to their deadline. A request that was under
 * way when the connection broke fails with `CONNECTION_LOSS` and is never repeated by the client.
 *
 * @example
 * ```ts ignore
 * const zk = new ZooKeeper("zk1:2181,zk2:2181,zk3:2181/my-service");
 * await zk.create("/leader", "me", { mode: "ephemeral" });
 * await zk.close();
 * ```
 */
export class ZooKeeper {
  readonly #session: Session;
  readonly #watches: WatchRegistry;
  readonly #chroot: string;
  readonly #paths: PathMapping;
  readonly #operationTimeoutMs: number;
  readonly #clock: Clock;

  /**
   * Begins to connect, in the background.
   *
   * @param connectString `host1:2181,host2:2181/chroot`; everything happens below the chroot, which must exist.
   * @throws {ZooKeeperError} `BAD_ARGUMENTS` if the connect string cannot be read.
   */
  constructor(connectString: string, options: ZooKeeperOptions = {}) {
    const { servers, chroot } = parseConnectString(connectString);
    const {
      sessionTimeoutMs = 10_000,
      operationTimeoutMs = 15_000,
      connectTimeoutMs = Math.max(500, Math.min(5_000, sessionTimeoutMs / servers.length)),
      maxInFlight = 512,
      maxQueued = 10_000,
      log = silentLog,
      clock = systemClock,
      random = systemRandom,
    } = options;
    this.#chroot = chroot;
    this.#clock = clock;
    this.#operationTimeoutMs = operationTimeoutMs;
    this.#paths = {
      toServer: (path) => path === "/" ? chroot || "/" : chroot + path,
      toCaller: (path) => path.slice(chroot.length) || "/",
    };
    this.#watches = new WatchRegistry({ log, toCallerPath: this.#paths.toCaller });
    this.#session = new Session({
      servers: shuffled(servers, random),
      sessionTimeoutMs,
      connectTimeoutMs,
      operationTimeoutMs,
      maxInFlight,
      maxQueued,
      watches: this.#watches,
      log,
      clock,
      random,
    });
  }

  /** The present state; {@linkcode onState} tells of each change. */
  get state(): SessionState {
    return this.#session.state;
  }

  /** The id of the present session; 0n while there is none. */
  get sessionId(): bigint {
    return this.#session.id;
  }

  /** The session time-out that the server granted, in ms; before that, the one asked for. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  /** The server of the present connection as `host:port`; undefined without one. */
  get server(): string | undefined {
    const server = this.#session.server;
    return server === undefined ? undefined : `${server.hostname}:${server.port}`;
  }

  /**
   * Waits until the client is connected. Default deadline: the client's `operationTimeoutMs`.
   *
   * @throws {ZooKeeperError} `OPERATION_TIMEOUT` (the client goes on trying) or `CLOSED`.
   */
  connected(options: CallOptions = {}): Promise<void> {
    const { timeoutMs = this.#operationTimeoutMs, signal } = options;
    return this.#session.connected({ timeoutMs, signal });
  }

  /** Calls `listener` at each change of state, in order. The result ends that. */
  onState(listener: (state: SessionState) => void): () => void {
    return this.#session.onState(listener);
  }

  /**
   * Adds credentials, as `("digest", "user:password")`, to this and every later connection.
   *
   * @throws {ZooKeeperError} `AUTH_FAILED` if the server refuses them.
   */
  addAuth(scheme: string, auth: NodeData): Promise<void> {
    return this.#session.addAuth(scheme, dataBytes(auth));
  }

  /**
   * Creates a node and returns its path, which for a sequential one has ten digits appended.
   *
   * @throws {ZooKeeperError} `NODE_EXISTS`, `NO_NODE` (no parent), `NO_CHILDREN_FOR_EPHEMERALS`, …
   */
  create(path: string, data?: NodeData, options: CreateOptions = {}): Promise<string> {
    const { mode = "persistent", acl = openAcl } = options;
    const bytes = dataBytes(data);
    const sequential = mode === "persistent_sequential" || mode === "ephemeral_sequential";
    return this.#request({
      operation: "create",
      path,
      opcode: createOpcode(mode),
      encode: (writer) => writeCreate(writer, this.#serverPath(path), { data: bytes, acl, mode }),
      decode: (reader) => this.#paths.toCaller(reader.string()),
      // The digits complete the name: "/queue/" is a fine start.
    }, { ...options, checkedPath: sequential ? `${path}1` : path });
  }

  /** The node's stat, or null if there is no such node. A watch waits for its creation or its next change. */
  exists(path: string, options: ReadOptions = {}): Promise<Stat | null> {
    const { watch } = options;
    return this.#request<Stat | null>({
      operation: "exists",
      path,
      opcode: opcodes.exists,
      encode: (writer) => this.#writeRead(writer, path, watch),
      decode: (reader) => {
        this.#addOneShot("data", path, watch);
        return readStat(reader);
      },
      recover: (code) => {
        if (code !== "NO_NODE") return undefined;
        this.#addOneShot("exists", path, watch);
        return { value: null };
      },
    }, options);
  }

  /**
   * The node's data and stat.
   *
   * @throws {ZooKeeperError} `NO_NODE`; then no watch is left.
   */
  get(path: string, options: ReadOptions = {}): Promise<{ data: Uint8Array; stat: Stat }> {
    const { watch } = options;
    return this.#request({
      operation: "get",
      path,
      opcode: opcodes.getData,
      encode: (writer) => this.#writeRead(writer, path, watch),
      decode: (reader) => {
        this.#addOneShot("data", path, watch);
        return { data: reader.buffer(), stat: readStat(reader) };
      },
    }, options);
  }

  /**
   * The names of the node's children, in no order, and its stat.
   *
   * @throws {ZooKeeperError} `NO_NODE`; then no watch is left.
   */
  children(
    path: string,
    options: ReadOptions = {},
  ): Promise<{ children: string[]; stat: Stat }> {
    const { watch } = options;
    return this.#request({
      operation: "children",
      path,
      opcode: opcodes.getChildren2,
      encode: (writer) => this.#writeRead(writer, path, watch),
      decode: (reader) => {
        this.#addOneShot("children", path, watch);
        return { children: reader.strings(), stat: readStat(reader) };
      },
    }, options);
  }

  /**
   * Replaces the node's data.
   *
   * @throws {ZooKeeperError} `NO_NODE`, `BAD_VERSION`.
   */
  set(path: string, data: NodeData, options: VersionOptions = {}): Promise<Stat> {
    const bytes = dataBytes(data);
    return this.#request({
      operation: "set",
      path,
      opcode: opcodes.setData,
      encode: (writer) => {
        writer.string(this.#serverPath(path));
        writer.buffer(bytes);
        writer.int(options.version ?? -1);
      },
      decode: readStat,
    }, options);
  }

  /**
   * Deletes a node without children.
   *
   * @throws {ZooKeeperError} `NO_NODE`, `BAD_VERSION`, `NOT_EMPTY`.
   */
  delete(path: string, options: VersionOptions = {}): Promise<void> {
    return this.#request<void>({
      operation: "delete",
      path,
      opcode: opcodes.delete,
      encode: (writer) => {
        writer.string(this.#serverPath(path));
        writer.int(options.version ?? -1);
      },
      decode: nothing,
    }, options);
  }

  /** Makes the server catch up with the leader: reads issued after this see everything written before it. */
  sync(path: string, options: CallOptions = {}): Promise<void> {
    return this.#request<void>({
      operation: "sync",
      path,
      opcode: opcodes.sync,
      encode: (writer) => writer.string(this.#serverPath(path)),
      decode: nothing,
    }, options);
  }

  /** The node's access control list and stat. */
  getAcl(path: string, options: CallOptions = {}): Promise<{ acl: Acl[]; stat: Stat }> {
    return this.#request({
      operation: "getAcl",
      path,
      opcode: opcodes.getAcl,
      encode: (writer) => writer.string(this.#serverPath(path)),
      decode: (reader) => ({ acl: readAcl(reader), stat: readStat(reader) }),
    }, options);
  }

  /** Replaces the node's access control list; `version` is compared with the stat's `aversion`. */
  setAcl(path: string, acl: readonly Acl[], options: VersionOptions = {}): Promise<Stat> {
    return this.#request({
      operation: "setAcl",
      path,
      opcode: opcodes.setAcl,
      encode: (writer) => {
        writer.string(this.#serverPath(path));
        writeAcl(writer, acl);
        writer.int(options.version ?? -1);
      },
      decode: readStat,
    }, options);
  }

  /** The paths of this session's ephemeral nodes at or below `path`. Server 3.6 and later. */
  ephemerals(path = "/", options: CallOptions = {}): Promise<string[]> {
    return this.#request({
      operation: "ephemerals",
      path,
      opcode: opcodes.getEphemerals,
      encode: (writer) => writer.string(this.#serverPath(path)),
      decode: (reader) => reader.strings().map(this.#paths.toCaller),
    }, options);
  }

  /** How many nodes there are below `path`, at any depth. Server 3.6 and later. */
  countDescendants(path: string, options: CallOptions = {}): Promise<number> {
    return this.#request({
      operation: "countDescendants",
      path,
      opcode: opcodes.getAllChildrenNumber,
      encode: (writer) => writer.string(this.#serverPath(path)),
      decode: (reader) => reader.int(),
    }, options);
  }

  /** As whom the server knows this connection. Server 3.7 and later. */
  whoAmI(options: CallOptions = {}): Promise<{ scheme: string; user: string }[]> {
    return this.#request({
      operation: "whoAmI",
      path: "",
      opcode: opcodes.whoAmI,
      encode: () => {},
      decode: (reader) =>
        reader.list(8, () => ({ scheme: reader.string(), user: reader.string() })),
    }, { ...options, checkedPath: "/" });
  }

  /**
   * Does all of the operations or none.
   *
   * @throws {ZooKeeperError} a `MultiError` if one of them is refused; it says which and why.
   */
  multi(
    operations: readonly MultiOperation[],
    options: CallOptions = {},
  ): Promise<MultiResult[]> {
    return this.#request({
      operation: "multi",
      path: "",
      opcode: opcodes.multi,
      encode: (writer) => writeMulti(writer, operations, this.#paths),
      decode: (reader) => readMulti(reader, operations, this.#paths),
    }, {
      ...options,
      checkedPath: operations.map((operation) =>
        operation.kind === "create" && operation.mode.endsWith("_sequential")
          ? `${operation.path}1`
          : operation.path
      ),
    });
  }

  /** Does several reads at once; each has its own result or error. Server 3.6 and later. */
  multiRead(
    operations: readonly ReadOperation[],
    options: CallOptions = {},
  ): Promise<(ReadResult | ZooKeeperError)[]> {
    return this.#request({
      operation: "multiRead",
      path: "",
      opcode: opcodes.multiRead,
      encode: (writer) => writeMultiRead(writer, operations, this.#paths),
      decode: (reader) => readMultiRead(reader, operations),
    }, { ...options, checkedPath: operations.map((operation) => operation.path) });
  }

  /**
   * Watches a node, which need not exist, until {@linkcode Watch.remove}: across connections and sessions.
   *
   * The listener hears of creation, deletion, data and children of the node itself; with `recursive`, of
   * creation, deletion and data of every node at or below it instead. After a connection was replaced it
   * gets a `resync`, since events may have been missed. An event is a hint: read again. It may be called
   * before the promise resolves. Adding a watch is harmless to repeat, so that, alone among the calls,
   * this one tries again after a lost connection, within its deadline. Server 3.6 and later.
   */
  watch(
    path: string,
    options: CallOptions & { recursive?: boolean | undefined },
    listener: WatchListener,
  ): Promise<Watch> {
    return quiet(this.#watch(path, options, listener));
  }

  async #watch(
    path: string,
    options: CallOptions & { recursive?: boolean | undefined },
    listener: WatchListener,
  ): Promise<Watch> {
    const { recursive = false, timeoutMs = this.#operationTimeoutMs, signal } = options;
    const serverPath = this.#serverPath(path);
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    const key = this.#watches.addPersistent(serverPath, recursive, listener);
    for (let attempt = 1;; attempt++) {
      try {
        await this.#request<void>({
          operation: "watch",
          path,
          opcode: opcodes.addWatch,
          encode: (writer) => {
            writer.string(serverPath);
            writer.int(this.#watches.modeToSend(serverPath));
          },
          decode: () => this.#watches.established(serverPath),
        }, { signal, timeoutMs: Math.max(0, deadlineMs - this.#clock.nowMs()) });
        break;
      } catch (error) {
        const again = error instanceof ZooKeeperError && attempt < maxWatchAttempts &&
          (error.code === "CONNECTION_LOSS" || error.code === "SESSION_EXPIRED");
        if (again) continue;
        this.#watches.removePersistent(serverPath, key);
        throw error;
      }
    }
    return {
      path,
      recursive,
      remove: () => quiet(this.#removeWatch(path, key)),
    };
  }

  /**
   * Ends the session: its ephemeral nodes vanish at once if there is a connection, else when the server
   * expires it. Calls that were not sent fail with `CLOSED`. Idempotent, never rejects.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** As `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #removeWatch(path: string, key: symbol): Promise<void> {
    const serverPath = this.#serverPath(path);
    const wasLast = this.#watches.removePersistent(serverPath, key);
    // Without a connection there is nothing to remove: it is simply not restored.
    if (!wasLast || this.state !== "connected") return;
    try {
      await this.#request<void>({
        operation: "removeWatch",
        path,
        opcode: opcodes.removeWatches,
        encode: (writer) => {
          writer.string(serverPath);
          writer.int(watcherTypes.any);
        },
        decode: nothing,
        recover: (code) => code === "NO_WATCHER" ? { value: undefined } : undefined,
      }, {});
    } catch (error) {
      // The connection that the watch was on is gone, and the watch with it.
      if (!(error instanceof ZooKeeperError)) throw error;
      if (error.code !== "CONNECTION_LOSS" && error.code !== "CLOSED") throw error;
    }
  }

  #request<T>(
    spec: RequestSpec<T>,
    options: CallOptions & { checkedPath?: string | string[] },
  ): Promise<T> {
    const paths = options.checkedPath ?? spec.path;
    for (const path of typeof paths === "string" ? [paths] : paths) {
      const problem = pathProblem(path);
      if (problem === undefined) continue;
      const { operation } = spec;
      return refused(
        new ZooKeeperError({ code: "BAD_ARGUMENTS", operation, path, detail: problem }),
      );
    }
    return this.#session.request(spec, options);
  }

  #serverPath(path: string): string {
    return this.#paths.toServer(path);
  }

  #writeRead(writer: JuteWriter, path: string, watch: WatchListener | undefined): void {
    const serverPath = this.#serverPath(path);
    writer.string(serverPath);
    writer.bool(watch !== undefined && !this.#watches.hasPersistentOnWire(serverPath));
  }

  #addOneShot(kind: OneShotKind, path: string, watch: WatchListener | undefined): void {
    if (watch !== undefined) this.#watches.addOneShot(kind, this.#serverPath(path), watch);
  }
}

function nothing(_reader: JuteReader): void {}
