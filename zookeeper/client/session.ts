// The session of a client: finds a server, keeps the session alive, notices its end, and begins
// anew. Requests are queued in request_queue.ts, watches in watch_registry.ts.
import { type Clock, nextTurn } from "../clock.ts";
import { resultCodes, ZooKeeperError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Random } from "../random.ts";
import type { CallOptions, SessionState, WatchEvent } from "../types.ts";
import { JuteReader, WireError } from "../wire/jute.ts";
import { eventTypes, opcodes, xids } from "../wire/protocol.ts";
import { readReplyHeader } from "../wire/records.ts";
import { reconnectDelayMs } from "./back_off.ts";
import type { ServerAddress } from "./connect_string.ts";
import { Connection } from "./connection.ts";
import { keepAlive } from "./keep_alive.ts";
import { quiet, refused } from "./quiet.ts";
import type { RequestSpec } from "./request.ts";
import { closedError, RequestQueue } from "./request_queue.ts";
import { StateHolder } from "./session_state.ts";
import type { WatchRegistry } from "./watch_registry.ts";

/**
 * After this many session time-outs without contact the session must be over: a server expires it
 * after one, rounded up to its next tick, and a time-out is at least two ticks.
 */
const expiryFactor = 1.5;

/** How long `close` waits for the server's word that the session is closed, in ms: more is not worth a hanging shutdown. */
const closeTimeoutMs = 3_000;

const noPassword = new Uint8Array(16);

/** Everything a {@linkcode Session} needs; defaults are applied by the client. */
export interface SessionOptions {
  servers: readonly ServerAddress[];
  sessionTimeoutMs: number;
  connectTimeoutMs: number;
  operationTimeoutMs: number;
  maxInFlight: number;
  maxQueued: number;
  watches: WatchRegistry;
  log: Log;
  clock: Clock;
  random: Random;
}

/** One client's session, and the next one when it expires. */
export class Session {
  readonly #options: SessionOptions;
  readonly #requests: RequestQueue;
  readonly #state: StateHolder;
  readonly #credentials: { scheme: string; auth: Uint8Array }[] = [];
  readonly #authReplies: ((error: number) => void)[] = [];
  #id = 0n;
  #password: Uint8Array = noPassword;
  #timeoutMs: number;
  #lastZxid = 0n;
  #connection: Connection | undefined;
  /** Aborts the attempt or the pause that is under way. */
  #interrupt = new AbortController();
  #cancelExpiry: (() => void) | undefined;
  #restoresOpen = 0;
  /** True if a reply was handed over in this turn, so that a notification must wait for the next one. */
  #repliedInTurn = false;
  #closing: Promise<void> | undefined;
  #loop: Promise<void>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#state = new StateHolder(options);
    this.#requests = new RequestQueue(options);
    this.#loop = this.#run();
  }

  get state(): SessionState {
    return this.#state.state;
  }

  /** The session's id; 0n before there is one. */
  get id(): bigint {
    return this.#id;
  }

  /** The time-out that the server granted; before that, the one to be asked for. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** The server of the present connection. */
  get server(): ServerAddress | undefined {
    return this.#connection?.server;
  }

  onState(listener: (state: SessionState) => void): () => void {
    return this.#state.listen(listener);
  }

  request<T>(spec: RequestSpec<T>, options: CallOptions): Promise<T> {
    if (this.#closing !== undefined) {
      return refused(closedError(spec.operation, spec.path));
    }
    const { timeoutMs = this.#options.operationTimeoutMs, signal } = options;
    return this.#requests.add(spec, { timeoutMs, signal });
  }

  /** Adds credentials: sent now if connected, and again on each new connection. */
  addAuth(scheme: string, auth: Uint8Array): Promise<void> {
    this.#credentials.push({ scheme, auth });
    const connection = this.#connection;
    if (connection === undefined) return Promise.resolve();
    return quiet(
      new Promise((resolve, reject) => {
        this.#sendAuth(connection, scheme, auth, (error) => {
          const code = error === resultCodes.CONNECTION_LOSS ? "CONNECTION_LOSS" : "AUTH_FAILED";
          if (error === 0) resolve();
          else reject(new ZooKeeperError({ code, operation: "addAuth" }));
        });
      }),
    );
  }

  /** Waits for the state `connected`. */
  connected(options: { timeoutMs: number; signal: AbortSignal | undefined }): Promise<void> {
    return this.#state.connected(options);
  }

  /** Ends the session at the server, if there is a connection, and stops everything. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#requests.failWaiting("CLOSED");
    if (this.#connection !== undefined) {
      try {
        await this.#requests.add({
          operation: "close",
          path: "",
          opcode: opcodes.closeSession,
          encode() {},
          decode() {},
        }, { timeoutMs: closeTimeoutMs, signal: undefined });
      } catch (error) {
        this.#options.log.debug("closing the session was not confirmed", { error });
      }
    }
    this.#interrupt.abort(closedError("connect"));
    this.#connection?.close(closedError("close"));
    await this.#loop;
    this.#cancelExpiry?.();
    this.#requests.detach("CLOSED");
    this.#requests.failWaiting("CLOSED");
    this.#requests.close();
    this.#options.watches.connectionLost();
    this.#state.set("closed");
  }

  /** Goes round the servers for ever. Never rejects. */
  async #run(): Promise<void> {
    const { servers, clock, log, random } = this.#options;
    let failures = 0;
    for (let turn = 0; this.#closing === undefined; turn++) {
      const server = servers[turn % servers.length];
      if (server === undefined) return;
      await this.#pause(reconnectDelayMs({ failures, servers: servers.length, random }));
      if (this.#closing !== undefined) return;
      let connection: Connection;
      try {
        connection = await this.#connect(server);
      } catch (error) {
        failures++;
        log.debug("no session with this server", { ...server, failures, error });
        continue;
      }
      if (connection.response.timeoutMs <= 0) {
        connection.close(new Error("the server says that the session is expired"));
        this.#expire("the server said so");
        // The same server can begin the new session at once.
        turn--;
        continue;
      }
      const startedMs = clock.nowMs();
      await this.#serve(connection);
      // A connection that held for a while counts as a success; one that drops at once must not be
      // tried again in a tight loop.
      failures = clock.nowMs() - startedMs > this.#timeoutMs / 3 ? 0 : failures + 1;
    }
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs <= 0) return;
    const { signal } = this.#renewInterrupt();
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      signal.addEventListener("abort", () => {
        cancel();
        resolve();
      }, { once: true });
    });
  }

  async #connect(server: ServerAddress): Promise<Connection> {
    const { connectTimeoutMs, sessionTimeoutMs, clock } = this.#options;
    const { signal } = this.#renewInterrupt();
    const connection = await Connection.open(server, {
      clock,
      signal,
      timeoutMs: connectTimeoutMs,
      request: {
        protocolVersion: 0,
        lastZxidSeen: this.#lastZxid,
        timeoutMs: sessionTimeoutMs,
        sessionId: this.#id,
        password: this.#password,
      },
    });
    if (signal.aborted) {
      connection.close(signal.reason);
      throw signal.reason;
    }
    return connection;
  }

  #renewInterrupt(): AbortController {
    if (this.#interrupt.signal.aborted && this.#closing === undefined) {
      this.#interrupt = new AbortController();
    }
    return this.#interrupt;
  }

  /** Works with one connection until it ends. Never rejects. */
  async #serve(connection: Connection): Promise<void> {
    const { watches, log } = this.#options;
    const { response } = connection;
    const isNew = response.sessionId !== this.#id;
    this.#cancelExpiry?.();
    this.#id = response.sessionId;
    this.#password = response.password;
    this.#timeoutMs = response.timeoutMs;
    this.#connection = connection;
    log.info(isNew ? "session begun" : "session continued", {
      sessionId: `0x${this.#id.toString(16)}`,
      timeoutMs: this.#timeoutMs,
      ...connection.server,
    });
    for (const { scheme, auth } of this.#credentials) {
      this.#sendAuth(connection, scheme, auth, (error) => {
        if (error !== 0) log.error("the server refused the credentials", { scheme });
      });
    }
    this.#restoreWatches(connection);
    this.#state.set("connected");
    this.#requests.attach(connection);
    const stopKeepAlive = keepAlive(connection, {
      timeoutMs: this.#timeoutMs,
      clock: this.#options.clock,
    });
    await connection.read((frame) => this.#onFrame(frame));
    stopKeepAlive();
    this.#connection = undefined;
    watches.connectionLost();
    for (const reply of this.#authReplies.splice(0)) reply(resultCodes.CONNECTION_LOSS);
    if (this.#closing !== undefined) {
      this.#requests.detach("CLOSED", connection.reason);
      return;
    }
    log.info("connection lost", { ...connection.server, reason: connection.reason });
    // The listener of "suspended" hears of it before the requests in flight fail.
    this.#state.set("suspended");
    this.#requests.detach("CONNECTION_LOSS", connection.reason);
    const expiresInMs = connection.lastSentMs + this.#timeoutMs * expiryFactor -
      this.#options.clock.nowMs();
    this.#cancelExpiry = this.#options.clock.after(Math.max(0, expiresInMs), () => {
      // An ensemble that comes back from a backup has seen less than we; it must be taken all the same.
      this.#lastZxid = 0n;
      this.#interrupt.abort(new Error("the session has expired meanwhile"));
      this.#expire("no server was reached for longer than the session lasts");
    });
  }

  #expire(reason: string): void {
    this.#cancelExpiry?.();
    if (this.#closing !== undefined) return;
    this.#options.log.warn("session expired", {
      sessionId: `0x${this.#id.toString(16)}`,
      reason,
    });
    this.#id = 0n;
    this.#password = noPassword;
    this.#state.set("expired");
    // What waited was meant for the session that is gone: an ephemeral node, say.
    this.#requests.failWaiting("SESSION_EXPIRED");
    this.#options.watches.sessionLost();
    this.#state.set("connecting");
  }

  #onFrame(frame: Uint8Array): void | Promise<void> {
    const reader = new JuteReader(frame);
    const { xid, zxid, error } = readReplyHeader(reader);
    if (xid === xids.watchEvent) return this.#onNotification(reader);
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (xid === xids.ping) return;
    if (xid === xids.setWatches) return this.#onWatchesRestored(error);
    if (xid === xids.auth) return this.#authReplies.shift()?.(error);
    this.#repliedInTurn = true;
    this.#requests.reply(xid, error, reader);
    if (error === resultCodes.SESSION_EXPIRED || error === resultCodes.SESSION_MOVED) {
      this.#connection?.close(new Error(`the server answered with error ${error}`));
    }
  }

  #onNotification(reader: JuteReader): void | Promise<void> {
    const type = eventName(reader.int());
    // The keeper state is always "connected" here.
    reader.int();
    const path = reader.string();
    if (type === undefined) return;
    if (!this.#repliedInTurn) return this.#options.watches.dispatch(type, path);
    // Whoever awaits an earlier reply goes first, as on the wire.
    this.#repliedInTurn = false;
    return nextTurn().then(() => this.#options.watches.dispatch(type, path));
  }

  #restoreWatches(connection: Connection): void {
    const frames = this.#options.watches.restoreFrames(this.#lastZxid);
    this.#restoresOpen = frames.length;
    for (const frame of frames) {
      connection.send((writer) => {
        writer.int(xids.setWatches);
        writer.int(frame.opcode);
        frame.write(writer);
      });
    }
  }

  #onWatchesRestored(error: number): void {
    if (error !== 0) {
      throw new WireError(`restore watches: expected success, error ${error} was there`);
    }
    if (--this.#restoresOpen === 0) this.#options.watches.resyncPersistent();
  }

  #sendAuth(
    connection: Connection,
    scheme: string,
    auth: Uint8Array,
    onReply: (error: number) => void,
  ): void {
    this.#authReplies.push(onReply);
    connection.send((writer) => {
      writer.int(xids.auth);
      writer.int(opcodes.auth);
      writer.int(0);
      writer.string(scheme);
      writer.buffer(auth);
    });
  }
}

function eventName(type: number): WatchEvent["type"] | undefined {
  switch (type) {
    case eventTypes.created:
      return "created";
    case eventTypes.deleted:
      return "deleted";
    case eventTypes.dataChanged:
      return "data_changed";
    case eventTypes.childrenChanged:
      return "children_changed";
    default:
      return undefined;
  }
}
