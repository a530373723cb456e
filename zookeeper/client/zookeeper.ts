/**
 * The client that callers meet: one method per operation of ZooKeeper. Each method calls a function of `requests/`,
 * which describes the request; `session/` queues it and keeps the session alive; `connection/` moves frames to and
 * from a server; `watches/` knows the listeners.
 *
 * @module
 */

import type { ZooKeeperError } from "../errors.ts";
import { dataBytes } from "../operations.ts";
import type {
  Acl,
  CallOptions,
  CreateOptions,
  EnsembleConfig,
  MultiOperation,
  MultiResult,
  NodeData,
  ReadOperation,
  ReadOptions,
  ReadResult,
  SessionState,
  Stat,
  VersionOptions,
  Watch,
  WatchKind,
  WatchListener,
} from "../types.ts";
import { parseConnectString } from "./connection/connect_string.ts";
import { settingsOf, type ZooKeeperOptions } from "./options.ts";
import { pathMapping } from "./requests/path_mapping.ts";
import { markHandled } from "./session/mark_handled.ts";
import * as reads from "./requests/read_requests.ts";
import { RequestContext } from "./requests/request_context.ts";
import { Session } from "./session/session.ts";
import { shuffle } from "./connection/shuffle.ts";
import { WatchRegistry } from "./watches/watch_registry.ts";
import * as watches from "./requests/watch_requests.ts";
import * as writes from "./requests/write_requests.ts";

/**
 * A client of ZooKeeper (3.6 and later; 3.5 without `watch`).
 *
 * It connects in the background and stays connected until `close()`: it replaces a lost connection and an expired
 * session. Calls wait for a connection up to their deadline. A request that was in flight when the connection broke fails
 * with `CONNECTION_LOSS`; the client never repeats it.
 *
 * @example
 * ```ts
 * import { Coordinator } from "../server/mod.ts";
 *
 * const server = await Coordinator.listen(); // or a real one: "zk1:2181,zk2:2181,zk3:2181/my-service"
 * const zk = new ZooKeeper(server.connectString);
 * await zk.create("/leader", "me", { mode: "ephemeral" });
 * await zk.close();
 * await server.close();
 * ```
 */
export class ZooKeeper {
  readonly #session: Session;
  readonly #context: RequestContext;
  readonly #chroot: string;

  /**
   * Creates a client, which begins to connect in the background.
   *
   * @param connectString `host1:2181,host2:2181/chroot`; all paths are relative to the chroot, which must
   * exist (or be created by {@linkcode ensureChroot}).
   * @throws {ZooKeeperError} `BAD_ARGUMENTS` if the connect string is invalid.
   */
  constructor(connectString: string, options: ZooKeeperOptions = {}) {
    const { servers, chroot } = parseConnectString(connectString);
    const settings = settingsOf(options, servers.length);
    const { clock, log, operationTimeoutMs, random } = settings;
    const paths = pathMapping(chroot);
    const registry = new WatchRegistry({ log, toCallerPath: paths.toCaller });
    this.#chroot = chroot;
    this.#session = new Session({
      ...settings,
      servers: shuffle(servers, random),
      watches: registry,
    });
    this.#context = new RequestContext({
      session: this.#session,
      watches: registry,
      paths,
      clock,
      operationTimeoutMs,
    });
  }

  /** The present state; {@linkcode onState} reports each change. */
  get state(): SessionState {
    return this.#session.state;
  }

  /** The id of the present session; 0n while there is none. */
  get sessionId(): bigint {
    return this.#session.id;
  }

  /** The session time-out that the server granted, in ms; before that, the one to ask for. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  /** The server of the present connection as `host:port`; undefined without one. */
  get server(): string | undefined {
    const server = this.#session.server;
    return server === undefined ? undefined : `${server.hostname}:${server.port}`;
  }

  /**
   * Resolves once the client is connected. Default deadline: the client's `operationTimeoutMs`.
   *
   * @throws {ZooKeeperError} `OPERATION_TIMEOUT` (the client goes on trying) or `CLOSED`.
   */
  connected(options: CallOptions = {}): Promise<void> {
    const { timeoutMs = this.#context.operationTimeoutMs, signal } = options;
    return this.#session.connected({ timeoutMs, signal });
  }

  /** Calls `listener` at each change of state, in order. The returned function ends that. */
  onState(listener: (state: SessionState) => void): () => void {
    return this.#session.onState(listener);
  }

  /**
   * Yields the present state and each that follows, in order and without gaps, until `closed` or until the signal aborts.
   *
   * @throws {ZooKeeperError} `QUEUE_FULL` if a thousand states wait for the reader: a reader that is so far behind should
   * look at {@linkcode state} instead.
   */
  states(options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<SessionState> {
    return this.#session.states(options.signal);
  }

  /**
   * Adds credentials, for example `("digest", "user:password")`, to this and every later connection, and resolves once a
   * server has accepted them.
   *
   * @throws {ZooKeeperError} `AUTH_FAILED` if the server refuses them: then they are forgotten, and the connection, which
   * the server closes, is replaced by one without them.
   */
  addAuth(scheme: string, auth: NodeData, options: CallOptions = {}): Promise<void> {
    const { timeoutMs = this.#context.operationTimeoutMs, signal } = options;
    return this.#session.addAuth(scheme, dataBytes(auth), { timeoutMs, signal });
  }

  /**
   * Creates the chroot of the connect string and its missing ancestors, as empty nodes that are open to all. Harmless to
   * repeat; without a chroot it does nothing.
   */
  ensureChroot(options: CallOptions = {}): Promise<void> {
    return markHandled(writes.ensureChroot(this.#context, this.#chroot, options));
  }

  /**
   * Creates a node and resolves to its path, which ends in ten more digits for a sequential node.
   *
   * @throws {ZooKeeperError} `NODE_EXISTS`, `NO_NODE` (no parent), `NO_CHILDREN_FOR_EPHEMERALS`, …
   */
  create(path: string, data?: NodeData, options: CreateOptions = {}): Promise<string> {
    return writes.create(this.#context, { path, data }, options);
  }

  /** Like {@linkcode create}, with the new node's stat (`create2`). Server 3.5 and later. */
  createWithStat(
    path: string,
    data?: NodeData,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    return writes.createWithStat(this.#context, { path, data }, options);
  }

  /** Reads the node's stat; null if there is no such node. A watch waits for its creation or its next change. */
  exists(path: string, options: ReadOptions = {}): Promise<Stat | null> {
    return reads.exists(this.#context, path, options);
  }

  /**
   * Reads the node's data and stat.
   *
   * @throws {ZooKeeperError} `NO_NODE`; then no watch is left.
   */
  get(path: string, options: ReadOptions = {}): Promise<{ data: Uint8Array; stat: Stat }> {
    return reads.get(this.#context, path, options);
  }

  /**
   * Reads the names of the node's children, in no order, and its stat.
   *
   * @throws {ZooKeeperError} `NO_NODE`; then no watch is left.
   */
  children(
    path: string,
    options: ReadOptions = {},
  ): Promise<{ children: string[]; stat: Stat }> {
    return reads.children(this.#context, path, options);
  }

  /** Like {@linkcode children}, without the stat: the older request, with the smaller reply. */
  childNames(path: string, options: ReadOptions = {}): Promise<string[]> {
    return reads.childNames(this.#context, path, options);
  }

  /**
   * Replaces the node's data.
   *
   * @throws {ZooKeeperError} `NO_NODE`, `BAD_VERSION`.
   */
  set(path: string, data: NodeData, options: VersionOptions = {}): Promise<Stat> {
    return writes.set(this.#context, { path, data }, options);
  }

  /**
   * Deletes a node without children.
   *
   * @throws {ZooKeeperError} `NO_NODE`, `BAD_VERSION`, `NOT_EMPTY`.
   */
  delete(path: string, options: VersionOptions = {}): Promise<void> {
    return writes.remove(this.#context, path, options);
  }

  /** Has the server catch up with the leader: reads that are issued after this call see everything that was written before it. */
  sync(path: string, options: CallOptions = {}): Promise<void> {
    return reads.sync(this.#context, path, options);
  }

  /** Reads the node's access control list and stat. */
  getAcl(path: string, options: CallOptions = {}): Promise<{ acl: Acl[]; stat: Stat }> {
    return reads.getAcl(this.#context, path, options);
  }

  /** Replaces the node's access control list; `version` is compared with the stat's `aversion`. */
  setAcl(path: string, acl: readonly Acl[], options: VersionOptions = {}): Promise<Stat> {
    return writes.setAcl(this.#context, { path, acl }, options);
  }

  /** Reads the paths of this session's ephemeral nodes whose path begins with `path`. Server 3.6 and later. */
  ephemerals(path = "/", options: CallOptions = {}): Promise<string[]> {
    return reads.ephemerals(this.#context, path, options);
  }

  /** Counts the nodes below `path`, at any depth. Server 3.6 and later. */
  countDescendants(path: string, options: CallOptions = {}): Promise<number> {
    return reads.countDescendants(this.#context, path, options);
  }

  /** Reads the identities that the server knows of this connection. Server 3.7 and later. */
  whoAmI(options: CallOptions = {}): Promise<{ scheme: string; user: string }[]> {
    return reads.whoAmI(this.#context, options);
  }

  /** Reads the ensemble's configuration (`/zookeeper/config`, whatever the chroot). Server 3.5 and later. */
  config(options: ReadOptions = {}): Promise<EnsembleConfig> {
    return reads.config(this.#context, options);
  }

  /**
   * Executes all of the operations or none.
   *
   * @throws {MultiError} if one of them is refused; it says which one and why.
   */
  multi(
    operations: readonly MultiOperation[],
    options: CallOptions = {},
  ): Promise<MultiResult[]> {
    return writes.multi(this.#context, operations, options);
  }

  /**
   * Makes several reads in one request; each has its own result or error. Server 3.6 and later.
   *
   * The data of all results share one piece of memory: copy what you keep for long of a large reply. An error may be one that
   * was a result before.
   */
  multiRead(
    operations: readonly ReadOperation[],
    options: CallOptions = {},
  ): Promise<(ReadResult | ZooKeeperError)[]> {
    return reads.multiRead(this.#context, operations, options);
  }

  /**
   * Watches a node, which need not exist, until {@linkcode Watch.remove}: across connections and sessions.
   *
   * The listener hears of the creation, deletion, data and children of the node itself; with `recursive`, of the creation,
   * deletion and data of every node at or below it instead. After each new connection it hears `resync`, since events may
   * have been missed. An event is a hint: read again. The listener may be called before the promise resolves. Since adding
   * a watch is harmless to repeat, this call is repeated after a lost connection, within its deadline. Server 3.6 and later.
   */
  watch(
    path: string,
    options: CallOptions & { recursive?: boolean | undefined },
    listener: WatchListener,
  ): Promise<Watch> {
    return markHandled(watches.watch(this.#context, path, { options, listener }));
  }

  /**
   * Removes the one-shot listeners of a `kind` of this client on a path, or by default all listeners, those of
   * {@linkcode watch} included. None of them is called again. Resolves to true if there was one.
   */
  removeWatches(
    path: string,
    options: CallOptions & { kind?: WatchKind | undefined } = {},
  ): Promise<boolean> {
    return markHandled(watches.removeWatches(this.#context, path, options));
  }

  /**
   * Ends the session: the server deletes its ephemeral nodes at once if there is a connection, else when the session
   * expires. Calls that were not sent fail with `CLOSED`. Idempotent; never rejects.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** Calls {@linkcode close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
