/**
 * One connection's two loops: bytes in, taken apart by a `FrameReader`; messages and blocks out, in
 * batches. Reading never waits for writing, nor the other way round, so two peers that send to each
 * other cannot lock each other up; what would pile up instead is bounded by the outbox.
 */

import type { FrameHandler, FrameReader } from "./frame_reader.ts";
import type { Outbox } from "./messages.ts";

/** What is needed of a TCP connection; `Deno.TcpConn` is one. */
export interface Connection {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** Buffers from which batches are sent, shared by all connections of an engine. */
export interface SendBuffers {
  take(): Uint8Array;
  give(buffer: Uint8Array): void;
}

/** What a socket's owner does. Everything but `onEnd` may throw: the connection then ends. */
export interface SocketOwner extends FrameHandler {
  /** All messages of one read have been handed on. */
  onBatch(): void;
  /** Adds blocks to the batch, from `at` on; returns where they end. */
  addBlocks(batch: Uint8Array, at: number): number;
  /** Whether there are blocks to add; becomes true later only together with {@link PeerSocket.wake}. */
  readonly hasBlocks: boolean;
  /** The connection is closed, once. */
  onEnd(reason: unknown): void;
}

/** See the file's head. */
export class PeerSocket {
  readonly #connection: Connection;
  readonly #reader: FrameReader;
  readonly #outbox: Outbox;
  readonly #buffers: SendBuffers;
  #owner: SocketOwner | undefined;
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
  }

  /** Begins both loops. */
  start(owner: SocketOwner): void {
    this.#owner = owner;
    this.#loops = Promise.all([this.#read(owner), this.#write(owner)]);
  }

  /** Whether it has been closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** All that was read so far; it stands still if the peer says nothing. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** All that was written so far; it stands still with {@link isWriting} if the peer does not read. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Whether a write is under way. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** There is something to send. */
  wake(): void {
    this.#wake?.();
  }

  /** Closes the connection; `onEnd` hears the reason, whichever comes first. */
  close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch {
      // The other end was faster.
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
