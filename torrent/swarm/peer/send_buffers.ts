/** Buffers from which batches are sent: one per connection that is writing, reused by the next. */

import { BLOCK_HEADER_BYTES } from "../wire/messages.ts";
import type { SendBuffers } from "../wire/peer_socket.ts";
import { MAX_REQUEST_BYTES } from "./peer_upload.ts";

/** Room for messages before the first block, however large that is. */
const MESSAGE_BYTES = 64 * 1024;
/**
 * One write(2) for that much, which is also all that a connection holds of what it is to send. Large
 * enough that the calls do not count, small enough to be still in the processor's cache when the
 * kernel copies it.
 */
const BUFFER_BYTES = MAX_REQUEST_BYTES + BLOCK_HEADER_BYTES + MESSAGE_BYTES;
/** Kept for reuse; more are made while more connections write at a time. */
const MAX_KEPT = 16;

/** See the file's head. */
export class SendBufferPool implements SendBuffers {
  readonly #kept: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#kept.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  give(buffer: Uint8Array): void {
    if (this.#kept.length < MAX_KEPT) this.#kept.push(buffer);
  }
}
