/**
 * What one peer has been asked for and has not sent yet, in the order of asking, which is nearly
 * always that of the answers. Pure.
 */

import type { PartialPiece, Range } from "./partial_piece.ts";

/** A request that is out. */
export interface Outstanding<Sender> extends Range {
  readonly piece: PartialPiece<Sender>;
  /** When it was sent, in the transfer's seconds. */
  readonly sentTick: number;
  /** Given up: others may be asked, but an answer is still welcome. */
  released: boolean;
}

/** See the file's head. */
export class OutstandingRequests<Sender> {
  #queue: (Outstanding<Sender> | undefined)[] = [];
  #head = 0;
  #count = 0;
  #bytes = 0;

  /** How many are out. */
  get count(): number {
    return this.#count;
  }

  /** How much they ask for. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  add(request: Outstanding<Sender>): void {
    this.#queue.push(request);
    this.#count++;
    this.#bytes += request.sizeBytes;
  }

  /** Takes out the request that exactly this answers, or undefined if there is none. */
  take(index: number, begin: number, sizeBytes: number): Outstanding<Sender> | undefined {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const request = this.#queue[at];
      if (
        request === undefined || request.begin !== begin || request.piece.index !== index ||
        request.sizeBytes !== sizeBytes
      ) continue;
      this.#removeAt(at, request);
      return request;
    }
    return undefined;
  }

  /** Takes out the requests of which the test is true, in order. */
  takeWhere(test: (request: Outstanding<Sender>) => boolean): Outstanding<Sender>[] {
    const taken: Outstanding<Sender>[] = [];
    for (let at = this.#head; at < this.#queue.length; at++) {
      const request = this.#queue[at];
      if (request === undefined || !test(request)) continue;
      this.#removeAt(at, request);
      taken.push(request);
    }
    return taken;
  }

  /** In order. */
  *[Symbol.iterator](): Generator<Outstanding<Sender>> {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const request = this.#queue[at];
      if (request !== undefined) yield request;
    }
  }

  #removeAt(at: number, request: Outstanding<Sender>): void {
    this.#queue[at] = undefined;
    this.#count--;
    this.#bytes -= request.sizeBytes;
    while (this.#head < this.#queue.length && this.#queue[this.#head] === undefined) this.#head++;
    // What was taken out is dropped now and then: moving the rest each time would cost more.
    if (this.#head >= 1024 || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
