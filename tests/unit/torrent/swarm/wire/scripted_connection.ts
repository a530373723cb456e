/** A connection that says what it was given, notes what it is told, and needs no network. */

import type { Connection } from "../../../../../torrent/swarm/wire/peer_socket.ts";

/** Hands out its parts one by one, then the end; `sent` holds everything that was written to it. */
export class ScriptedConnection implements Connection {
  readonly #parts: Uint8Array[];
  readonly #keepsOpen: boolean;
  readonly #closed = Promise.withResolvers<null>();
  readonly #sent: Uint8Array[] = [];
  sentBytes = 0;
  isClosed = false;

  /** `keepsOpen`: after its parts the other end is silent until the connection is closed; default: it hangs up. */
  constructor(parts: readonly Uint8Array[], { keepsOpen = false } = {}) {
    this.#parts = [...parts];
    this.#keepsOpen = keepsOpen;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.isClosed) return Promise.resolve(null);
    const part = this.#parts.shift();
    if (part === undefined) return this.#keepsOpen ? this.#closed.promise : Promise.resolve(null);
    const sizeBytes = Math.min(part.length, buffer.length);
    buffer.set(part.subarray(0, sizeBytes));
    if (sizeBytes < part.length) this.#parts.unshift(part.subarray(sizeBytes));
    return Promise.resolve(sizeBytes);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.sentBytes += bytes.length;
    // Enough for tests that look at messages; blocks are only counted.
    if (this.sentBytes <= 1024 * 1024) this.#sent.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  close(): void {
    if (this.isClosed) throw new Error("it is closed already");
    this.isClosed = true;
    this.#closed.resolve(null);
  }

  /** All bytes that were written, up to a mebibyte. */
  get sent(): Uint8Array {
    const bytes = new Uint8Array(this.#sent.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#sent) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
