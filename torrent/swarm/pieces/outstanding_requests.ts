/**
 * What one peer was asked for and has not sent yet, in the order of asking, in which the answers nearly always come.
 * Pure.
 */

import type { PartialPiece, PieceRange } from "./partial_piece.ts";

/** A request that was sent to a peer and is not answered yet. */
export interface OutstandingRequest<Sender> extends PieceRange {
  /** The piece that its blocks belong to. */
  readonly piece: PartialPiece<Sender>;
  /** The transfer's second in which it was sent. */
  readonly sentTick: number;
  /** Whether others may be asked for its blocks; an answer is still welcome. */
  released: boolean;
}

/** The outstanding requests of one peer. `Sender` identifies peers; it is only compared. */
export class OutstandingRequests<Sender> {
  #queue: (OutstandingRequest<Sender> | undefined)[] = [];
  #head = 0;
  #count = 0;
  #bytes = 0;

  /** How many requests are outstanding. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes they ask for. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Adds a request that was just sent. */
  add(request: OutstandingRequest<Sender>): void {
    this.#queue.push(request);
    this.#count++;
    this.#bytes += request.sizeBytes;
  }

  /** Takes out the request that this block answers exactly; undefined if there is none. */
  take(index: number, begin: number, sizeBytes: number): OutstandingRequest<Sender> | undefined {
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

  /** Takes out the requests that pass the test, in order. */
  takeWhere(test: (request: OutstandingRequest<Sender>) => boolean): OutstandingRequest<Sender>[] {
    const taken: OutstandingRequest<Sender>[] = [];
    for (let at = this.#head; at < this.#queue.length; at++) {
      const request = this.#queue[at];
      if (request === undefined || !test(request)) continue;
      this.#removeAt(at, request);
      taken.push(request);
    }
    return taken;
  }

  /** The requests, in order. */
  *[Symbol.iterator](): Generator<OutstandingRequest<Sender>> {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const request = this.#queue[at];
      if (request !== undefined) yield request;
    }
  }

  #removeAt(at: number, request: OutstandingRequest<Sender>): void {
    this.#queue[at] = undefined;
    this.#count--;
    this.#bytes -= request.sizeBytes;
    while (this.#head < this.#queue.length && this.#queue[this.#head] === undefined) this.#head++;
    // The empty places are dropped now and then: moving the rest each time would cost more.
    if (this.#head >= 1024 || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
