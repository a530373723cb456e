/**
 * A piece that is being fetched: which of its blocks are free, requested, or here, and who sent them. Pure; who is
 * asked for which block is decided in `request_scheduler.ts`.
 */

import { BLOCK_BYTES } from "../wire/messages.ts";

/** A run of blocks within one piece. */
export interface PieceRange {
  readonly begin: number;
  readonly sizeBytes: number;
}

/** States of a block: its bytes are not here, are coming in now, or are here. */
const MISSING = 0;
const INCOMING = 1;
const HERE = 2;

/** A block is requested once more at most: a third request for it would only load the network. */
const MAX_REQUESTS_PER_BLOCK = 2;

/** A piece in progress. `Sender` identifies the peers that send its blocks; it is only compared. */
export class PartialPiece<Sender> {
  readonly index: number;
  readonly sizeBytes: number;
  /** The piece's bytes, from the first block that arrives. */
  buffer: Uint8Array | undefined;
  /** The peer that is asked for all of it; others only help. */
  owner: Sender | undefined;
  /** Whether it is to be fetched from one peer alone, so that a wrong hash tells who lied; see `smart_ban.ts`. */
  readonly exclusive: boolean;
  /** How many requests for each block are outstanding. */
  readonly #asked: Uint8Array;
  readonly #state: Uint8Array;
  readonly #senders: (Sender | undefined)[];
  #isPrefilled = false;
  /** Number of blocks that are free: missing and not requested. */
  #free: number;
  /** Number of blocks that are not here. */
  #missing: number;
  /** No block before this one is free. */
  #firstFree = 0;

  constructor(index: number, sizeBytes: number, options: { exclusive?: boolean } = {}) {
    this.index = index;
    this.sizeBytes = sizeBytes;
    this.exclusive = options.exclusive ?? false;
    const blocks = Math.ceil(sizeBytes / BLOCK_BYTES);
    this.#asked = new Uint8Array(blocks);
    this.#state = new Uint8Array(blocks);
    this.#senders = new Array(blocks).fill(undefined);
    this.#free = blocks;
    this.#missing = blocks;
  }

  /** Whether a block is free: neither here nor requested. */
  get hasFree(): boolean {
    return this.#free > 0;
  }

  /** Whether all blocks are free. */
  get isUntouched(): boolean {
    return this.#free === this.#state.length;
  }

  /** Whether all blocks are here. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Whether some blocks were on disk before, and so came from no peer. */
  get isPrefilled(): boolean {
    return this.#isPrefilled;
  }

  /** The sender of each block that is here, in the order of the blocks. */
  get senderOfBlocks(): readonly (Sender | undefined)[] {
    return this.#senders;
  }

  /** The senders of all blocks that are here. */
  get senders(): Set<Sender> {
    const senders = new Set<Sender>();
    for (const sender of this.#senders) if (sender !== undefined) senders.add(sender);
    return senders;
  }

  /** These whole blocks are in the buffer because they were on disk before; nobody was asked for them. */
  prefill(range: PieceRange): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (!this.#isFree(block)) continue;
      this.#state[block] = HERE;
      this.#free--;
      this.#missing--;
      this.#isPrefilled = true;
    }
  }

  /** Takes the first run of free blocks, of at most that size, for a request; undefined if none is free. */
  takeFree(maxBytes: number): PieceRange | undefined {
    if (this.#free === 0) return undefined;
    let first = this.#firstFree;
    while (!this.#isFree(first)) first++;
    const most = Math.max(1, Math.floor(maxBytes / BLOCK_BYTES));
    const limit = Math.min(first + most, this.#state.length);
    let end = first;
    while (end < limit && this.#isFree(end)) this.#asked[end++] = 1;
    this.#free -= end - first;
    this.#firstFree = end;
    const begin = first * BLOCK_BYTES;
    return { begin, sizeBytes: Math.min(end * BLOCK_BYTES, this.sizeBytes) - begin };
  }

  /**
   * Counts one more request for these blocks. False, and nothing is counted, if one of them is here or requested too
   * often.
   */
  askAgain(range: PieceRange): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (this.#state[block] !== MISSING || this.#asked[block]! >= MAX_REQUESTS_PER_BLOCK) {
        return false;
      }
    }
    for (let block = first; block < end; block++) {
      if (this.#asked[block]!++ === 0) this.#free--;
    }
    return true;
  }

  /** A request for these blocks will not be answered: it counts no more. */
  release(range: PieceRange): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) this.#unask(block);
  }

  /** The blocks' bytes begin to come in. False if some are here already, or come in from another peer. */
  startReceiving(range: PieceRange): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (this.#state[block] !== MISSING) return false;
    }
    this.#state.fill(INCOMING, first, end);
    return true;
  }

  /** The blocks' bytes stopped coming in midway, and the peer will not go on. */
  abandonReceiving(range: PieceRange): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (this.#state[block] === INCOMING) this.#state[block] = MISSING;
      this.#unask(block);
    }
  }

  /** All bytes of these blocks, which were coming in from that sender, are in the buffer. */
  arrive(range: PieceRange, sender: Sender): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      this.#state[block] = HERE;
      this.#senders[block] = sender;
      this.#missing--;
      this.#unask(block);
    }
  }

  /** Whether all of these blocks are here. */
  has(range: PieceRange): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) if (this.#state[block] !== HERE) return false;
    return true;
  }

  /** Whether a request for one of these blocks is outstanding. */
  isAsked(range: PieceRange): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) if (this.#asked[block] !== 0) return true;
    return false;
  }

  /** Forgets the blocks that are here; outstanding requests stay counted. */
  reset(): void {
    for (let block = 0; block < this.#state.length; block++) {
      if (this.#state[block] !== HERE) continue;
      this.#state[block] = MISSING;
      this.#senders[block] = undefined;
      this.#missing++;
      if (this.#asked[block] === 0) this.#free++;
    }
    this.#firstFree = 0;
    this.#isPrefilled = false;
  }

  #isFree(block: number): boolean {
    return this.#asked[block] === 0 && this.#state[block] === MISSING;
  }

  #unask(block: number): void {
    if (this.#asked[block] === 0) return;
    this.#asked[block]!--;
    if (!this.#isFree(block)) return;
    this.#free++;
    this.#firstFree = Math.min(this.#firstFree, block);
  }
}

function blocksOf({ begin, sizeBytes }: PieceRange): { first: number; end: number } {
  return { first: begin / BLOCK_BYTES, end: Math.ceil((begin + sizeBytes) / BLOCK_BYTES) };
}
