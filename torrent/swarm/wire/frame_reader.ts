/**
 * Splits a peer's bytes into messages (BEP 3), however the network cuts them. The bytes of a block are handed on as
 * they arrive and do not wait for the rest of their message; any other message is handed on whole. It knows the lengths
 * of messages and nothing of their meaning.
 */

import { BLOCK_HEADER_BYTES, MessageId, ProtocolViolation, readUint32 } from "./messages.ts";

/** First size of the buffer, enough for a peer that sends little; doubled whenever one read fills it. */
const FIRST_BUFFER_BYTES = 64 * 1024;
/** Largest size of the buffer: with more, the cost of system calls no longer matters. */
const MAX_BUFFER_BYTES = 1024 * 1024;

/** What a reader calls. Each method may throw {@link ProtocolViolation}. */
export interface FrameHandler {
  /** A message other than a block. The payload is valid during the call only. */
  onMessage(id: number, payload: Uint8Array): void;
  /** A block of that many bytes begins. */
  onBlockStart(index: number, begin: number, sizeBytes: number): void;
  /** The next bytes of the block, valid during the call only. */
  onBlockBytes(bytes: Uint8Array): void;
  /** All bytes of the block have arrived. */
  onBlockEnd(): void;
}

/** How large messages may be; a larger one is a {@link ProtocolViolation}. */
export interface FrameLimits {
  /** Id and payload of a message other than a block. */
  readonly maxMessageBytes: number;
  /** The bytes of a block. */
  readonly maxBlockBytes: number;
}

/** The incoming side of one connection. */
export class FrameReader {
  readonly #limits: FrameLimits;
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #fill = 0;
  #blockLeftBytes = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** The part of the buffer that the next bytes from the socket go to; never empty. Call {@link advance} afterwards. */
  room(): Uint8Array<ArrayBuffer> {
    return this.#fill === 0 ? this.#buffer : this.#buffer.subarray(this.#fill);
  }

  /** Takes the bytes that have arrived in {@link room}, and hands on every message that they complete. */
  advance(sizeBytes: number, handler: FrameHandler): void {
    const wasFilled = this.#fill + sizeBytes === this.#buffer.length;
    this.#fill += sizeBytes;
    const taken = this.#parse(handler);
    const left = this.#fill - taken;
    if (taken > 0 && left > 0) this.#buffer.copyWithin(0, taken, this.#fill);
    this.#fill = left;
    if (wasFilled) this.#grow(this.#buffer.length * 2);
  }

  #parse(handler: FrameHandler): number {
    let at = 0;
    for (;;) {
      if (this.#blockLeftBytes > 0) {
        at = this.#continueBlock(at, handler);
        if (this.#blockLeftBytes > 0) return at;
      }
      const available = this.#fill - at;
      if (available < 4) return at;
      const sizeBytes = readUint32(this.#buffer, at);
      if (sizeBytes === 0) {
        at += 4;
        continue;
      }
      if (available < 5) return at;
      if (this.#buffer[at + 4] === MessageId.piece) {
        if (available < BLOCK_HEADER_BYTES) return at;
        this.#startBlock(at, sizeBytes - 9, handler);
        at += BLOCK_HEADER_BYTES;
        continue;
      }
      if (sizeBytes > this.#limits.maxMessageBytes) {
        throw new ProtocolViolation(
          `read: expected a message of at most ${this.#limits.maxMessageBytes} bytes, there was one of ${sizeBytes}`,
        );
      }
      if (available < 4 + sizeBytes) {
        this.#grow(4 + sizeBytes);
        return at;
      }
      handler.onMessage(this.#buffer[at + 4]!, this.#buffer.subarray(at + 5, at + 4 + sizeBytes));
      at += 4 + sizeBytes;
    }
  }

  #startBlock(at: number, sizeBytes: number, handler: FrameHandler): void {
    if (sizeBytes < 1 || sizeBytes > this.#limits.maxBlockBytes) {
      throw new ProtocolViolation(
        `read: expected a block of 1 to ${this.#limits.maxBlockBytes} bytes, there was one of ${sizeBytes}`,
      );
    }
    handler.onBlockStart(
      readUint32(this.#buffer, at + 5),
      readUint32(this.#buffer, at + 9),
      sizeBytes,
    );
    this.#blockLeftBytes = sizeBytes;
  }

  #continueBlock(at: number, handler: FrameHandler): number {
    const sizeBytes = Math.min(this.#blockLeftBytes, this.#fill - at);
    if (sizeBytes === 0) return at;
    this.#blockLeftBytes -= sizeBytes;
    handler.onBlockBytes(this.#buffer.subarray(at, at + sizeBytes));
    if (this.#blockLeftBytes === 0) handler.onBlockEnd();
    return at + sizeBytes;
  }

  /** Enlarges the buffer, up to the largest message that is accepted; what is in it stays. */
  #grow(wantedBytes: number): void {
    const capBytes = Math.max(MAX_BUFFER_BYTES, 4 + this.#limits.maxMessageBytes);
    // A message that does not begin at the buffer's start is moved there before more is read.
    const sizeBytes = Math.min(capBytes, Math.max(wantedBytes, this.#buffer.length));
    if (sizeBytes <= this.#buffer.length) return;
    const grown = new Uint8Array(sizeBytes);
    grown.set(this.#buffer.subarray(0, this.#fill));
    this.#buffer = grown;
  }
}
