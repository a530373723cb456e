/**
 * The two loops of one connection: incoming bytes go through a `FrameReader` to the owner, messages and blocks go out
 * in batches. Neither loop waits for the other, so two peers that send to each other cannot deadlock; what would pile
 * up instead is bounded by the outbox.
 */

import type { FrameHandler, FrameReader } from "./frame_reader.ts";
import type { Outbox } from "./messages.ts";
import { type ConnectionEnds, UnsentLimit } from "./unsent_limit.ts";

/** What is needed of a TCP connection; `Deno.TcpConn` is one. */
export interface Connection extends ConnectionEnds {
  /** Reads into the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both directions; throws if that was done already. */
  close(): void;
}

/** The buffers from which batches are sent, shared by all connections of an engine. */
export interface SendBuffers {
  /** A buffer, until it is given back. */
  take(): Uint8Array;
  /** Gives a buffer back. */
  give(buffer: Uint8Array): void;
}

/** The owner of a socket. All methods but `onEnd` may throw: the connection then ends. */
export interface SocketOwner extends FrameHandler {
  /** All messages of one read were handed on. */
  onBatch(): void;
  /**
   * Adds blocks, and other answers that are made when they are sent, to the batch from `at` on; returns where they end.
   */
  addBlocks(batch: Uint8Array, at: number): number;
  /** Whether there are blocks to add; becomes true later only together with {@link PeerSocket.wake}. */
  readonly hasBlocks: boolean;
  /** The connection has ended; called once. */
  onEnd(reason: unknown): void;
}

/** One connection of a peer. */
export class PeerSocket {
  readonly #connection: Connection;
  readonly #reader: FrameReader;
  readonly #outbox: Outbox;
  readonly #buffers: SendBuffers;
  #owner: SocketOwner | undefined;
  readonly #unsentLimit: UnsentLimit;
  #wake: (() => void) | undefined;
  #isWriting = false;
  #closed = false;
  #readBytes = 0;
  #writtenBytes = 0;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(
    connection: Connection,
    options: { reader: FrameReader; outbox: Outbox; buffers: SendBuffers },
  ) {
    this.#connection = connection;
    this.#reader = options.reader;
    this.#outbox = options.outbox;
    this.#buffers = options.buffers;
    this.#unsentLimit = new UnsentLimit(connection);
  }

  /** Starts both loops. */
  start(owner: SocketOwner): void {
    this.#owner = owner;
    this.#loops = Promise.all([this.#read(owner), this.#write(owner)]);
  }

  /** Whether it has been closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Bytes read so far; does not grow while the peer is silent. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Bytes written so far; does not grow, while {@link isWriting} is true, if the peer does not read. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Whether a write is under way. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** There is something to send: the outbox has a message, or the owner has blocks. */
  wake(): void {
    this.#wake?.();
  }

  /** Sets how many bytes may wait in the kernel; see `unsent_limit.ts`. */
  limitUnsent(limitBytes: number): void {
    if (!this.#closed) this.#unsentLimit.set(limitBytes);
  }

  /** Closes the connection and calls `onEnd` with the reason, unless it is closed already. */
  close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch {
      // The connection is closed already.
    }
    this.#wake?.();
    this.#owner?.onEnd(reason);
  }

  /** Resolves when both loops have ended after {@link close}. */
  async ended(): Promise<void> {
    await this.#loops;
  }

  async #read(owner: SocketOwner): Promise<void> {
    try {
      while (!this.#closed) {
        const sizeBytes = await this.#connection.read(this.#reader.room());
        if (this.#closed) return;
        if (sizeBytes === null) return this.close("the peer closed the connection");
        this.#readBytes += sizeBytes;
        this.#reader.advance(sizeBytes, owner);
        if (!this.#closed) owner.onBatch();
      }
    } catch (error) {
      this.close(error);
    }
  }

  async #write(owner: SocketOwner): Promise<void> {
    try {
      while (!this.#closed) {
        if (this.#outbox.sizeBytes === 0 && !owner.hasBlocks) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          this.#wake = undefined;
          continue;
        }
        await this.#writeBatch(owner);
      }
    } catch (error) {
      this.close(error);
    }
  }

  async #writeBatch(owner: SocketOwner): Promise<void> {
    const batch = this.#buffers.take();
    try {
      let end = this.#outbox.drainTo(batch, 0);
      if (this.#outbox.sizeBytes === 0 && owner.hasBlocks) end = owner.addBlocks(batch, end);
      await this.#writeAll(batch, end);
    } finally {
      this.#buffers.give(batch);
    }
  }

  async #writeAll(batch: Uint8Array, end: number): Promise<void> {
    this.#isWriting = true;
    for (let at = 0; at < end && !this.#closed;) {
      const sizeBytes = await this.#connection.write(batch.subarray(at, end));
      this.#writtenBytes += sizeBytes;
      at += sizeBytes;
    }
    this.#isWriting = false;
  }
}
