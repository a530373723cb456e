/**
 * The session of a client: it finds a server, keeps the session alive, notices its end, and begins a new one.
 *
 * Requests come in from `requests/`, wait in `request_queue.ts`, and go down as frames to a connection. Replies come
 * back the same way; watch notifications go to `watches/`; `session_state.ts` tells the user of each change of state,
 * and `credentials.ts` authenticates each new connection.
 *
 * @module
 */

import { resultCodes } from "../../errors.ts";
import type { CallOptions, SessionState } from "../../types.ts";
import { JuteReader, WireError } from "../../wire/jute.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import { type ConnectRequest, readReplyHeader } from "../../wire/records.ts";
import type { ServerAddress } from "../connection/connect_string.ts";
import type { Connection } from "../connection/connection.ts";
import { Credentials } from "./credentials.ts";
import { keepAlive } from "../connection/keep_alive.ts";
import { readNotification } from "../watches/watch_notification.ts";
import type { ZooKeeperSettings } from "../options.ts";
import { rejected } from "./mark_handled.ts";
import type { RequestSpec } from "./pending_request.ts";
import { closedError, RequestQueue } from "./request_queue.ts";
import { ServerRotation } from "../connection/server_rotation.ts";
import { ObservableSessionState } from "./session_state.ts";
import type { WatchRegistry } from "../watches/watch_registry.ts";

/**
 * After this many session time-outs without contact the session must be over: a server expires it after one time-out,
 * rounded up to its next tick, and a time-out is at least two ticks.
 */
const expiryFactor = 1.5;

/** How long `close` waits for the server's confirmation, in ms: a longer wait would only delay the shutdown. */
const closeTimeoutMs = 3_000;

const noPassword = new Uint8Array(16);

/** Settings and dependencies of a {@linkcode Session}. */
export interface SessionOptions extends ZooKeeperSettings {
  servers: readonly ServerAddress[];
  watches: WatchRegistry;
}

/** The current session of a client; when it expires, the object goes on with a new one. */
export class Session {
  readonly #options: SessionOptions;
  readonly #requests: RequestQueue;
  readonly #state: ObservableSessionState;
  readonly #credentials: Credentials;
  readonly #rotation: ServerRotation;
  #id = 0n;
  #password: Uint8Array = noPassword;
  #timeoutMs: number;
  #lastZxid = 0n;
  #connection: Connection | undefined;
  #cancelExpiry: (() => void) | undefined;
  #restoresOpen = 0;
  /** True if a reply was handed over in this turn of the event loop, so that a notification must wait for the next turn. */
  #repliedInTurn = false;
  #closing: Promise<void> | undefined;
  #loop: Promise<void>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#requests = new RequestQueue(options);
    this.#credentials = new Credentials(options);
    this.#rotation = new ServerRotation(options);
    this.#state = new ObservableSessionState({
      ...options,
      lastFailure: () => this.#rotation.lastFailure,
    });
    this.#loop = this.#run();
  }

  /** The present state. */
  get state(): SessionState {
    return this.#state.state;
  }

  /** The session's id; 0n before there is one. */
  get id(): bigint {
    return this.#id;
  }

  /** The time-out that the server granted, in ms; before that, the one to ask for. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** The server of the present connection. */
  get server(): ServerAddress | undefined {
    return this.#connection?.server;
  }

  /** Calls `listener` at each change of state; the returned function ends that. */
  onState(listener: (state: SessionState) => void): () => void {
    return this.#state.listen(listener);
  }

  /** Yields the present state and each that follows. */
  states(signal: AbortSignal | undefined): AsyncGenerator<SessionState> {
    return this.#state.states(signal);
  }

  /** Issues a request; it fails with `CLOSED` after {@linkcode close}. */
  request<T>(spec: RequestSpec<T>, options: CallOptions): Promise<T> {
    if (this.#closing !== undefined) {
      return rejected(closedError(spec.operation, spec.path));
    }
    const { timeoutMs = this.#options.operationTimeoutMs, signal } = options;
    return this.#requests.add(spec, { timeoutMs, signal });
  }

  /** Adds credentials: they are sent over this connection or the next, and again over each later one. */
  addAuth(
    scheme: string,
    auth: Uint8Array,
    options: { timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<void> {
    if (this.#closing !== undefined) return rejected(closedError("addAuth"));
    return this.#credentials.add(scheme, auth, { ...options, connection: this.#connection });
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
    this.#rotation.stop(closedError("connect"));
    this.#connection?.close(closedError("close"));
    await this.#loop;
    this.#cancelExpiry?.();
    this.#requests.detach("CLOSED");
    this.#requests.failWaiting("CLOSED");
    this.#requests.close();
    this.#credentials.close();
    this.#options.watches.connectionLost();
    this.#state.set("closed");
  }

  /** Connects again and again until the client is closed. Never rejects. */
  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (this.#closing === undefined) {
      const connection = await this.#rotation.attempt(() => this.#connectRequest());
      if (connection === undefined) continue;
      if (connection.response.timeoutMs <= 0) {
        connection.close(new Error("the server says that the session is expired"));
        this.#expire("the server said so");
        // This server is reachable and can begin the new session at once.
        this.#rotation.stayAtServer();
        continue;
      }
      const startedMs = clock.nowMs();
      await this.#serve(connection);
      this.#rotation.connectionEnded({ held: clock.nowMs() - startedMs > this.#timeoutMs / 3 });
    }
  }

  #connectRequest(): ConnectRequest {
    return {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxid,
      timeoutMs: this.#options.sessionTimeoutMs,
      sessionId: this.#id,
      password: this.#password,
    };
  }

  /** Uses one connection until it ends. Never rejects. */
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
    this.#credentials.sendAll(connection);
    this.#restoreWatches(connection);
    this.#state.set("connected");
    this.#requests.attach(connection);
    const stopKeepAlive = keepAlive(connection, {
      timeoutMs: this.#timeoutMs,
      // A call may have a deadline of its own that says nothing of the server.
      answerTimeoutMs: Math.max(this.#timeoutMs, this.#options.operationTimeoutMs),
      unansweredSinceMs: () => this.#requests.unansweredSinceMs,
      clock: this.#options.clock,
    });
    await connection.read((frame) => this.#onFrame(frame));
    stopKeepAlive();
    this.#connection = undefined;
    watches.connectionLost();
    this.#credentials.connectionLost();
    if (this.#closing !== undefined) {
      this.#requests.detach("CLOSED", connection.reason);
      return;
    }
    log.info("connection lost", { ...connection.server, reason: connection.reason });
    // Listeners hear "suspended" before the requests in flight fail.
    this.#state.set("suspended");
    this.#requests.detach("CONNECTION_LOSS", connection.reason);
    const expiresInMs = connection.lastSentMs + this.#timeoutMs * expiryFactor -
      this.#options.clock.nowMs();
    this.#cancelExpiry = this.#options.clock.after(Math.max(0, expiresInMs), () => {
      // An ensemble that was restored from a backup has a lower zxid than this client; it must be accepted all the same.
      this.#lastZxid = 0n;
      this.#rotation.interrupt(new Error("the session has expired meanwhile"));
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
    // Queued requests were meant for the session that is gone, for example to create an ephemeral node.
    this.#requests.failWaiting("SESSION_EXPIRED");
    this.#options.watches.sessionLost();
    this.#state.set("connecting");
  }

  #onFrame(frame: Uint8Array): void | Promise<void> {
    const reader = new JuteReader(frame);
    const { xid, zxid, error } = readReplyHeader(reader);
    if (xid === xids.watchEvent) return this.#onNotification(reader);
    if (xid === xids.setWatches) this.#onWatchesRestored(error);
    else if (xid === xids.auth) {
      // The server closes the connection after this; a request that is sent meanwhile would be lost.
      if (!this.#credentials.reply(error)) {
        this.#connection?.close(new Error("the server refused the credentials"));
      }
    } else if (xid !== xids.ping) this.#onReply(xid, error, reader);
    // Only after the frame was understood: a false zxid would make every server turn this client away.
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
  }

  #onReply(xid: number, error: number, reader: JuteReader): void {
    this.#repliedInTurn = true;
    this.#requests.reply(xid, error, reader);
    if (error === resultCodes.SESSION_EXPIRED || error === resultCodes.SESSION_MOVED) {
      this.#connection?.close(new Error(`the server answered with error ${error}`));
    }
  }

  #onNotification(reader: JuteReader): void | Promise<void> {
    const event = readNotification(reader);
    if (event === undefined) return;
    if (!this.#repliedInTurn) return this.#options.watches.dispatch(event.type, event.path);
    // The code that awaits an earlier reply must run first, as on the wire.
    this.#repliedInTurn = false;
    return new Promise<void>((resolve) => this.#options.clock.nextTurn(resolve))
      .then(() => this.#options.watches.dispatch(event.type, event.path));
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
}
