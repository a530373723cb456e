/**
 * Connections: a stream of bytes that carries frames. It is bounded, written in batches, and closed when
 * the other side is silent, does not read, or breaks the protocol.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { RemoteError } from "./errors.ts";
import { type Frame, readFrame } from "./frames.ts";
import { encodeFrame, FrameAssembler } from "./framing.ts";
import type { RemoteLimits } from "./options.ts";
import type { ByteStream } from "./transport.ts";

/**
 * The outcome of sending a frame.
 *
 * - `sent`: it is written, or will be.
 * - `full`: too many bytes wait to be written. Only for messages.
 * - `unfit`: it is too large, or JSON cannot carry it.
 * - `closed`: the connection is closed.
 */
export type SendOutcome = "sent" | "full" | "unfit" | "closed";

/** Carries frames to the other side. */
export interface Channel {
  /** Sends an actor's message, unless there is no room for it. */
  sendMessage(frame: Frame): SendOutcome;
  /** Sends a frame that must not be dropped. If there is no room even for it, closes the connection. */
  send(frame: Frame): SendOutcome;
}

/** What a connection works with. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly limits: RemoteLimits;
  /** Takes each frame. If it throws, the connection is closed. */
  readonly onFrame: (frame: Frame) => void;
  /** Called once, when the connection is closed. */
  readonly onClosed: (error: RemoteError) => void;
}

/** Size of the read buffer, in bytes: one read takes a burst of small frames. */
const READ_BYTES = 65_536;

/** How long a connection that is ended goes on writing what waits, in milliseconds. */
const LINGER_MS = 500;

/** One connection, as a stream of frames in both directions. */
export class Connection implements Channel {
  readonly #stream: ByteStream;
  readonly #options: ConnectionOptions;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing = false;
  #closed = false;
  #ending = false;
  #lastReadMs: number;
  #hasSent = false;
  #cancelTimer: () => void = () => {};
  #onWritten: () => void = () => {};
  /** Resolves when nothing more will be read. Never rejects. */
  readonly done: Promise<void>;

  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#lastReadMs = options.clock.nowMs();
    this.#armHeartbeat();
    this.done = this.#read();
  }

  sendMessage(frame: Frame): SendOutcome {
    if (this.#waitingBytes >= this.#options.limits.queueBytes) return "full";
    return this.send(frame);
  }

  send(frame: Frame): SendOutcome {
    if (this.#closed || this.#ending) return "closed";
    const { frameBytes, queueBytes } = this.#options.limits;
    let bytes: Uint8Array | undefined;
    try {
      bytes = encodeFrame(frame, frameBytes);
    } catch {
      return "unfit";
    }
    if (bytes === undefined) return "unfit";
    if (this.#waitingBytes + bytes.length > 2 * queueBytes + frameBytes) {
      const what = `expected the other side to read, ${this.#waitingBytes} bytes wait for it`;
      this.close(new RemoteError("unreachable", `send: ${what}`));
      return "closed";
    }
    this.#hasSent = true;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#writing) {
      this.#writing = true;
      // After this turn, so that all that is told in it is written together.
      queueMicrotask(() => void this.#write());
    }
    return "sent";
  }

  /** Closes the connection at once. Frames that wait to be written are lost. */
  close(error: RemoteError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      this.#stream.close();
    } catch {
      // It is closed already.
    }
    this.#options.onClosed(error);
  }

  /** Closes the connection when the frames that wait are written, or after half a second. */
  end(error: RemoteError): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(LINGER_MS, () => this.close(error));
    if (!this.#writing) this.close(error);
    else this.#onWritten = () => this.close(error);
  }

  async #read(): Promise<void> {
    const assembler = new FrameAssembler(this.#options.limits.frameBytes);
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const length = await this.#stream.read(buffer);
        if (this.#closed) return;
        if (length === null) break;
        this.#lastReadMs = this.#options.clock.nowMs();
        for (const value of assembler.push(buffer.subarray(0, length))) {
          this.#options.onFrame(readFrame(value));
          if (this.#closed) return;
        }
      }
      this.close(new RemoteError("unreachable", "read: the other node closed the connection"));
    } catch (error) {
      this.close(asRemoteError(error, "read"));
    }
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = concatenate(this.#waiting, this.#waitingBytes);
        this.#waiting = [];
        for (let at = 0; at < batch.length;) {
          const written = await this.#stream.write(batch.subarray(at));
          if (this.#closed) return;
          at += written;
          this.#waitingBytes -= written;
        }
      }
      this.#writing = false;
      this.#onWritten();
    } catch (error) {
      this.close(asRemoteError(error, "write"));
    }
  }

  #armHeartbeat(): void {
    const { clock, limits } = this.#options;
    this.#cancelTimer = clock.after(limits.heartbeatMs, () => {
      const silentMs = clock.nowMs() - this.#lastReadMs;
      if (silentMs >= limits.silenceMs) {
        const what = `expected a sign of life within ${limits.silenceMs} ms, there was none`;
        this.close(new RemoteError("unreachable", `hear from the other node: ${what}`));
        return;
      }
      this.#armHeartbeat();
      if (!this.#hasSent) this.send({ k: "beat" });
      this.#hasSent = false;
    });
  }
}

function concatenate(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function asRemoteError(error: unknown, action: string): RemoteError {
  if (error instanceof RemoteError) return error;
  return new RemoteError("unreachable", `${action}: the connection is lost`, { cause: error });
}
