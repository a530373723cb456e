/** What one peer has asked for and is still to be sent. Pure; the bytes are read when they are sent. */

import type { BlockRange } from "../wire/messages.ts";

/**
 * What we say in the extension handshake (reqq): with requests of 16 KiB a window of 8 MiB, more
 * than any client keeps out on a local network.
 */
export const MAX_QUEUED_REQUESTS = 512;
/** Large requests fill that many bytes sooner: enough for a window, and what a cancel can save. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** See the file's head. */
export class UploadQueue {
  #queue: BlockRange[] = [];
  #head = 0;
  #bytes = 0;

  /** How many requests wait. */
  get count(): number {
    return this.#queue.length - this.#head;
  }

  /** False if there is no room: the request is to be refused. */
  add(request: BlockRange): boolean {
    if (this.count >= MAX_QUEUED_REQUESTS) return false;
    if (this.#bytes + request.sizeBytes > MAX_QUEUED_BYTES) return false;
    this.#queue.push(request);
    this.#bytes += request.sizeBytes;
    return true;
  }

  /** The next one to be sent, left in its place. */
  peek(): BlockRange | undefined {
    return this.#queue[this.#head];
  }

  /** Takes the next one out. */
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

  /** Takes out that one; false if it is not there (any more). */
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

  /** Takes all of them out. */
  clear(): BlockRange[] {
    const rest = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    return rest;
  }
}
