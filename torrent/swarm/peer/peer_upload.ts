/**
 * What one peer takes from us: whether it may (choked or not), what it has asked for, and the blocks
 * on their way into the socket's batch.
 */

import type { Distance } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import { pieceSizeBytes, type Release } from "../../release/release.ts";
import type { PeerAllowance } from "../limits/peer_allowance.ts";
import { isNext, writeBlocks } from "./block_batch.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockRange,
  MAX_FOREIGN_REQUEST_BYTES,
  MessageId,
  type Outbox,
  ProtocolViolation,
} from "../wire/messages.ts";
import { UploadQueue } from "./upload_queue.ts";

/**
 * The largest request between hosts of ours. A seeder took about a tenth less processor time than
 * with half as much (fewer reads and writes for the same bytes); with twice as much it took no less, since
 * what it reads should stay in the processor's cache until it is sent.
 */
export const MAX_REQUEST_BYTES = 256 * 1024;

/**
 * Refused requests that a peer may pile up before it has been sent anything in between: several
 * times what anybody keeps out at a time.
 */
const MAX_REFUSED_IN_A_ROW = 4096;

/** What it needs. */
export interface UploadOptions {
  readonly release: Release;
  readonly verified: PieceSet;
  readonly outbox: Outbox;
  /** BEP 6: refusals are said. */
  readonly fast: boolean;
  readonly readBlock: (offsetBytes: number, into: Uint8Array) => void;
  readonly allowance: PeerAllowance;
  readonly onSent: (distance: Distance, sizeBytes: number) => void;
}

/** See the file's head. */
export class PeerUpload {
  readonly #options: UploadOptions;
  readonly #queue = new UploadQueue();
  #choked = true;
  #refusedInARow = 0;
  #sentBytes = 0;
  distance: Distance = "remote";

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Whether the peer may not ask. */
  get isChoked(): boolean {
    return this.#choked;
  }

  /** Whether blocks are to be sent. */
  get hasBlocks(): boolean {
    return this.#queue.count > 0 && !this.#options.allowance.isWaiting;
  }

  /** Blocks that were sent so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Lets the peer ask, or not any more; what it has asked for until then is refused. */
  setChoked(choked: boolean): void {
    if (choked === this.#choked) return;
    this.#choked = choked;
    const { outbox } = this.#options;
    outbox.signal(choked ? MessageId.choke : MessageId.unchoke);
    if (!choked) return;
    for (const request of this.#queue.clear()) this.#reject(request);
  }

  /** Throws {@link ProtocolViolation} for what no piece has, and for requests without end. */
  onRequest(request: BlockRange): void {
    const { release, verified } = this.#options;
    const { index, begin, sizeBytes } = request;
    if (
      index >= release.pieceCount || sizeBytes === 0 ||
      sizeBytes > Math.max(MAX_REQUEST_BYTES, MAX_FOREIGN_REQUEST_BYTES) ||
      begin + sizeBytes > pieceSizeBytes(release, index)
    ) {
      throw new ProtocolViolation(
        `request: there is no such block: piece ${index}, ${sizeBytes} bytes from ${begin} on`,
      );
    }
    if (this.#choked || !verified.has(index) || !this.#queue.add(request)) {
      if (++this.#refusedInARow > MAX_REFUSED_IN_A_ROW) {
        throw new ProtocolViolation(`request: ${this.#refusedInARow} refused in a row`);
      }
      this.#reject(request);
    }
  }

  /** The peer does not want that block any more. */
  onCancel(request: BlockRange): void {
    if (this.#queue.cancel(request)) this.#reject(request);
  }

  /** As many blocks as the batch has room for; see `SocketOwner.addBlocks`. */
  addBlocks(batch: Uint8Array, at: number): number {
    const { release, readBlock, onSent } = this.#options;
    for (;;) {
      const run = this.#takeRun(batch.length - at);
      const [first] = run;
      if (first === undefined) return at;
      const read = (into: Uint8Array) =>
        readBlock(first.index * release.pieceLengthBytes + first.begin, into);
      const end = writeBlocks(batch, { at, run, read });
      const sizeBytes = end - at - run.length * BLOCK_HEADER_BYTES;
      this.#refusedInARow = 0;
      this.#sentBytes += sizeBytes;
      onSent(this.distance, sizeBytes);
      at = end;
    }
  }

  /** The next requests as long as each is the next block of the one before, there is room, and they may go. */
  #takeRun(roomBytes: number): BlockRange[] {
    const run: BlockRange[] = [];
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const last = run.at(-1);
      if (last !== undefined && !isNext(last, next)) break;
      roomBytes -= BLOCK_HEADER_BYTES + next.sizeBytes;
      if (roomBytes < 0 || !this.#options.allowance.take(this.distance, next.sizeBytes)) break;
      this.#queue.shift();
      run.push(next);
    }
    return run;
  }

  #reject(request: BlockRange): void {
    if (this.#options.fast) this.#options.outbox.range(MessageId.reject, request);
  }
}
