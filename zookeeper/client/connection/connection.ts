/**
 * One connection to one server: the handshake, frames in, frames out in batches. It knows nothing of requests and
 * their order.
 *
 * This room has everything below the session: which server to try and when (`connect_string.ts`, `shuffle.ts`,
 * `server_rotation.ts`, `back_off.ts`), the socket (`dial.ts`), the proof of identity (`sasl.ts`) and the pings
 * (`keep_alive.ts`). The session hands frames down and gets frames back; nothing here knows the session.
 *
 * @module
 */

import type { ByteStream } from "../../byte_stream.ts";
import type { Clock } from "../../clock.ts";
import { errorCodeFromNumber, ZooKeeperError } from "../../errors.ts";
import { FrameBuffer } from "../../wire/frame_buffer.ts";
import { JuteReader, JuteWriter } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";
import {
  type ConnectRequest,
  type ConnectResponse,
  readConnectResponse,
  readReplyHeader,
  writeConnectRequest,
} from "../../wire/records.ts";
import type { ServerAddress } from "./connect_string.ts";
import type { Dial } from "./dial.ts";
import { authenticateDigestMd5, type SaslCredentials } from "./sasl.ts";

/**
 * The largest reply that is accepted, in bytes. A server's own limit (1 MB) is for requests, while a list of many children
 * may be larger; a length beyond this is more likely garbage.
 */
const maxReplySizeBytes = 64 << 20;

/** A reply up to this size, in bytes, gets its buffer at once and is copied only once: four times of what a node may hold. */
const trustedReplySizeBytes = 4 << 20;

/** With this many unsent bytes no more requests are encoded: they wait as objects instead of bytes. */
const fullAtBytes = 4 << 20;

/** How to open a {@linkcode Connection}. */
export interface OpenOptions {
  clock: Clock;
  /** Time-out of the connect, the handshake and SASL together. */
  timeoutMs: number;
  /** Opens the connection. */
  dial: Dial;
  /** Default: none. */
  sasl?: SaslCredentials | undefined;
  /** Its abort closes the connection, at any time. */
  signal: AbortSignal;
}

/** A connection to a server after its handshake. */
export class Connection {
  /** The server of this connection. */
  readonly server: ServerAddress;
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #frames = new FrameBuffer({
    maxFrameSizeBytes: maxReplySizeBytes,
    trustedSizeBytes: trustedReplySizeBytes,
  });
  #outgoing = new JuteWriter(16 * 1024);
  #spare = new JuteWriter(16 * 1024);
  #flushScheduled = false;
  #writing = false;
  #open = true;
  #reason: unknown;
  #response: ConnectResponse = {
    protocolVersion: 0,
    timeoutMs: 0,
    sessionId: 0n,
    password: new Uint8Array(0),
  };
  /** When bytes were sent last, by the monotonic clock. */
  lastSentMs: number;
  /** When bytes were received last, by the monotonic clock. */
  lastReceivedMs: number;
  /** Called when the unsent bytes have been written to the socket. */
  onDrained: () => void = () => {};

  private constructor(stream: ByteStream, server: ServerAddress, clock: Clock) {
    this.#stream = stream;
    this.server = server;
    this.#clock = clock;
    this.lastSentMs = this.lastReceivedMs = clock.nowMs();
  }

  /** Connects and does the handshake. The server's answer is in {@linkcode response}, also if it refuses the session. */
  static async open(
    server: ServerAddress,
    options: OpenOptions & { request: ConnectRequest },
  ): Promise<Connection> {
    const { clock, timeoutMs, signal, request, dial, sasl } = options;
    signal.throwIfAborted();
    const attempt = new AbortController();
    const onAbort = () => attempt.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const cancelTimer = clock.after(timeoutMs, () => {
      attempt.abort(
        new Error(`connect: expected an answer within ${timeoutMs} ms, none was there`),
      );
    });
    let connection: Connection | undefined;
    try {
      const stream = await dial(server, { signal: attempt.signal });
      connection = new Connection(stream, server, clock);
      const opened = connection;
      attempt.signal.addEventListener("abort", () => opened.close(attempt.signal.reason));
      if (attempt.signal.aborted) throw attempt.signal.reason;
      await opened.#shakeHands(request);
      if (sasl !== undefined && opened.response.timeoutMs > 0) {
        await authenticateDigestMd5(sasl, (token) => opened.#exchangeSasl(token));
      }
      return opened;
    } catch (error) {
      connection?.close(error);
      throw attempt.signal.aborted ? attempt.signal.reason : error;
    } finally {
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** The server's answer to the handshake. */
  get response(): ConnectResponse {
    return this.#response;
  }

  /** True until {@linkcode close}. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Why the connection was closed; undefined while it is open. */
  get reason(): unknown {
    return this.#reason;
  }

  /** True while so many bytes are unsent that no more should be added. */
  get isFull(): boolean {
    return this.#outgoing.sizeBytes >= fullAtBytes;
  }

  /** Appends one frame. All frames of one turn of the event loop are sent together. */
  send(write: (writer: JuteWriter) => void): void {
    const start = this.#outgoing.beginFrame();
    try {
      write(this.#outgoing);
    } catch (error) {
      this.#outgoing.truncate(start);
      throw error;
    }
    this.#outgoing.endFrame(start);
    if (this.#flushScheduled || this.#writing) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  /** Reads frames until the connection ends. `onFrame` may return a promise, which delays the next frame. Never rejects. */
  async read(onFrame: (frame: Uint8Array) => void | Promise<void>): Promise<void> {
    try {
      while (this.#open) {
        for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
          const held = onFrame(frame);
          if (held !== undefined) await held;
          if (!this.#open) return;
        }
        await this.#receive();
      }
    } catch (error) {
      this.close(error);
    }
  }

  /** Closes the connection, which ends `read`. Idempotent: the first reason stays. */
  close(reason: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reason = reason;
    this.#stream.close();
  }

  async #shakeHands(request: ConnectRequest): Promise<void> {
    this.send((writer) => writeConnectRequest(writer, request));
    this.#response = readConnectResponse(new JuteReader(await this.#nextFrame()));
  }

  /** Sends a SASL token and returns the server's. */
  async #exchangeSasl(token: Uint8Array): Promise<Uint8Array> {
    this.send((writer) => {
      writer.int(0);
      writer.int(opcodes.sasl);
      writer.buffer(token);
    });
    const reader = new JuteReader(await this.#nextFrame());
    const { error } = readReplyHeader(reader);
    if (error !== 0) {
      const code = errorCodeFromNumber(error);
      throw new ZooKeeperError({ code, operation: "sasl" });
    }
    return reader.buffer();
  }

  async #nextFrame(): Promise<Uint8Array> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame !== undefined) return frame;
      await this.#receive();
    }
  }

  async #receive(): Promise<void> {
    const sizeBytes = await this.#stream.read(this.#frames.space());
    if (sizeBytes === null) {
      throw new Error("read: expected more frames, the server closed the connection");
    }
    this.lastReceivedMs = this.#clock.nowMs();
    this.#frames.received(sizeBytes);
  }

  async #flush(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      while (this.#open && this.#outgoing.sizeBytes > 0) {
        const batch = this.#outgoing;
        this.#outgoing = this.#spare;
        this.#spare = batch;
        for (let rest = batch.bytes(); rest.length > 0;) {
          rest = rest.subarray(await this.#stream.write(rest));
        }
        batch.clear();
        this.lastSentMs = this.#clock.nowMs();
        this.onDrained();
      }
    } catch (error) {
      this.close(error);
    } finally {
      this.#writing = false;
    }
  }
}
