/**
 * The requests of one peer that are still to be answered. Pure; the blocks are read from the disk when they are sent.
 */

import type { BlockRange } from "../wire/messages.ts";

/**
 * How many requests one peer may have waiting; we say so in the extension handshake (reqq). With requests of 16 KiB
 * that is a window of 8 MiB, more than any client has outstanding on a local network.
 */
export const MAX_QUEUED_REQUESTS = 512;
/** The same in bytes, for large requests: enough for a request window. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** One peer's queue of requests, first in, first out. */
export class UploadQueue {
  #queue: BlockRange[] = [];
  #head = 0;
  #bytes = 0;

  /** How many requests wait. */
  get count(): number {
    return this.#queue.length - this.#head;
  }

  /** Adds a request; false if there is no room, so that it has to be rejected. */
  add(request: BlockRange): boolean {
    if (this.count >= MAX_QUEUED_REQUESTS) return false;
    if (this.#bytes + request.sizeBytes > MAX_QUEUED_BYTES) return false;
    this.#queue.push(request);
    this.#bytes += request.sizeBytes;
    return true;
  }

  /** The next request, which stays in the queue. */
  peek(): BlockRange | undefined {
    return this.#queue[this.#head];
  }

  /** Takes the next request out. */
  shift(): BlockRange | undefined {
    const request = this.#queue[this.#head];
    if (request === undefined) return undefined;
    this.#head++;
    this.#bytes -= request.sizeBytes;
    if (this.#head === this.#queue.length || this.#head >= MAX_QUEUED_REQUESTS) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return request;
  }

  /** Takes out exactly that request; false if it is not in the queue. */
  cancel({ index, begin, sizeBytes }: BlockRange): boolean {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const request = this.#queue[at];
      if (
        request?.index !== index || request.begin !== begin || request.sizeBytes !== sizeBytes
      ) continue;
      this.#queue.splice(at, 1);
      this.#bytes -= sizeBytes;
      return true;
    }
    return false;
  }

  /** Takes all requests out. */
  clear(): BlockRange[] {
    const rest = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    return rest;
  }
}
