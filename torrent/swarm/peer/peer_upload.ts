/**
 * What one peer fetches from us: whether it is choked, its requests, and the blocks on their way into the socket's
 * batch.
 */

import type { Distance } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import { pieceSizeBytes, type Release } from "../../release/release.ts";
import type { PeerAllowance } from "../limits/peer_allowance.ts";
import { isNext, writeBlocks } from "./block_batch.ts";
import {
  BLOCK_BYTES,
  BLOCK_HEADER_BYTES,
  type BlockRange,
  MAX_FOREIGN_REQUEST_BYTES,
  MessageId,
  type Outbox,
  ProtocolViolation,
} from "../wire/messages.ts";
import { UploadQueue } from "./upload_queue.ts";

/**
 * The largest request between hosts that run Rollcall. With it a seed took about a tenth less processor time than with
 * half the size (fewer reads and writes for the same bytes); with twice the size it took no less, since what it reads
 * should stay in the processor's cache until it is sent.
 */
export const MAX_REQUEST_BYTES = 256 * 1024;

/**
 * A batch holds no more than the peer takes in this time: requests that come up while it is written wait behind it, and with
 * whole windows of blocks before them, two hosts that exchange pieces kept each other waiting.
 */
const BATCH_MS = 16;
/** The least that a batch may hold, whatever the peer takes: two blocks, so that reads and writes do not become tiny. */
const MIN_BATCH_BYTES = 2 * BLOCK_BYTES;

/**
 * This many requests of one peer may be refused in a row, without a block sent in between, before its connection ends: several
 * times what any client has outstanding.
 */
const MAX_REFUSED_IN_A_ROW = 4096;

/** What an upload works with. */
export interface UploadOptions {
  readonly release: Release;
  /** The pieces that we have. */
  readonly verified: PieceSet;
  readonly outbox: Outbox;
  /** Whether the peer speaks BEP 6: then refused requests are answered by a reject. */
  readonly fast: boolean;
  /** Reads verified bytes from the disk; throws if that fails. */
  readonly readBlock: (offsetBytes: number, into: Uint8Array) => void;
  /** The host's limits on what it uploads. */
  readonly allowance: PeerAllowance;
  /** Blocks were put into the batch. */
  readonly onSent: (distance: Distance, sizeBytes: number) => void;
}

/** One peer as the one that fetches from us. */
export class PeerUpload {
  readonly #options: UploadOptions;
  readonly #queue = new UploadQueue();
  #choked = true;
  #refusedInARow = 0;
  #sentBytes = 0;
  #sentBeforeBytes = 0;
  #batchBytes = MIN_BATCH_BYTES;
  /** How far away the peer is; "remote" until it has said where it is. */
  distance: Distance = "remote";

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Whether the peer's requests are refused. */
  get isChoked(): boolean {
    return this.#choked;
  }

  /** Whether blocks can be sent now. */
  get hasBlocks(): boolean {
    return this.#queue.count > 0 && !this.#options.allowance.isWaiting;
  }

  /** Whether blocks wait for the host's rate limits. */
  get isThrottled(): boolean {
    return this.#queue.count > 0 && this.#options.allowance.isWaiting;
  }

  /** Bytes of blocks sent so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Chokes or unchokes the peer; choking rejects the requests that wait. */
  setChoked(choked: boolean): void {
    if (choked === this.#choked) return;
    this.#choked = choked;
    const { outbox } = this.#options;
    outbox.signal(choked ? MessageId.choke : MessageId.unchoke);
    if (!choked) return;
    for (const request of this.#queue.clear()) this.#reject(request);
  }

  /**
   * BEP 3: request. Throws {@link ProtocolViolation} for a block that does not exist, and for refused requests without
   * end.
   */
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

  /** BEP 3: cancel. The peer does not want that block any more. */
  onCancel(request: BlockRange): void {
    if (this.#queue.cancel(request)) this.#reject(request);
  }

  /** How much the peer takes in a moment: the size of a batch. */
  get batchBytes(): number {
    return this.#batchBytes;
  }

  /** Updates the size of batches by what the peer took since the last call, `seconds` ago. */
  onTick(seconds: number): void {
    const bytesPerSecond = (this.#sentBytes - this.#sentBeforeBytes) / seconds;
    this.#sentBeforeBytes = this.#sentBytes;
    this.#batchBytes = Math.max(MIN_BATCH_BYTES, bytesPerSecond * BATCH_MS / 1000);
  }

  /**
   * Adds blocks while the batch has room for them and holds no more than the peer takes in a moment, at least one; see
   * `SocketOwner.addBlocks`.
   */
  addBlocks(batch: Uint8Array, at: number): number {
    const { release, readBlock, onSent } = this.#options;
    for (let leftBytes = this.#batchBytes; leftBytes > 0;) {
      const run = this.#takeRun(batch.length - at, leftBytes);
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
      leftBytes -= sizeBytes;
    }
    return at;
  }

  /**
   * Takes the next requests while each continues the one before, there is room for it, and the rate limits let it go; after
   * the first one only as long as they are `mostBytes` together.
   */
  #takeRun(roomBytes: number, mostBytes: number): BlockRange[] {
    const run: BlockRange[] = [];
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const last = run.at(-1);
      mostBytes -= next.sizeBytes;
      if (last !== undefined && (!isNext(last, next) || mostBytes < 0)) break;
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
