/** The buffers from which batches are sent: one for each connection that is writing, reused by the next. */

import { BLOCK_HEADER_BYTES } from "../wire/messages.ts";
import type { SendBuffers } from "../wire/peer_socket.ts";
import { MAX_REQUEST_BYTES } from "./peer_upload.ts";

/** Room for messages before the first block. */
const MESSAGE_BYTES = 64 * 1024;
/**
 * Size of a buffer: what one write(2) sends, and all that a connection holds of what it is to send. It is large enough
 * that the cost of the calls does not matter, and small enough to be in the processor's cache still when the kernel
 * copies it.
 */
const BUFFER_BYTES = MAX_REQUEST_BYTES + BLOCK_HEADER_BYTES + MESSAGE_BYTES;
/** This many buffers are kept for reuse; more are made while more connections write at a time. */
const MAX_KEPT = 16;

/** A pool of send buffers, one for each engine. */
export class SendBufferPool implements SendBuffers {
  readonly #kept: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#kept.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  give(buffer: Uint8Array): void {
    if (this.#kept.length < MAX_KEPT) this.#kept.push(buffer);
  }
}
