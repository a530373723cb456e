/**
 * One piece that is being fetched: which of its blocks are free, asked for, or here, and who sent
 * them. Pure; who is asked is decided in `request_scheduler.ts`.
 */

import { BLOCK_BYTES } from "../wire/messages.ts";

/** A range of blocks within one piece. */
export interface Range {
  readonly begin: number;
  readonly sizeBytes: number;
}

/** The bytes are not here; they are coming in right now; they are here. */
const MISSING = 0;
const COMING = 1;
const HERE = 2;

/** Once more than the first time: a third request for the same block would only load the network. */
const MAX_REQUESTS_PER_BLOCK = 2;

/** See the file's head. `Sender` identifies who sends; it is only compared. */
export class PartialPiece<Sender> {
  readonly index: number;
  readonly sizeBytes: number;
  /** The piece's bytes, from the first block that arrives. */
  buffer: Uint8Array | undefined;
  /** Whoever is asked for the rest of it. */
  owner: Sender | undefined;
  /** To be fetched from one sender alone, so that a wrong hash tells who lied. */
  readonly exclusive: boolean;
  /** Per block: how many requests for it are out. */
  readonly #asked: Uint8Array;
  readonly #state: Uint8Array;
  readonly #senders: (Sender | undefined)[];
  #isPrefilled = false;
  /** Blocks that are missing and not asked for. */
  #free: number;
  /** Blocks that are not here. */
  #missing: number;
  /** No block before it is free. */
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

  /** Whether a block is neither here nor asked for. */
  get hasFree(): boolean {
    return this.#free > 0;
  }

  /** Whether nothing of it is here or asked for. */
  get isUntouched(): boolean {
    return this.#free === this.#state.length;
  }

  /** Whether all of it is here. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Whether a part of it was on disk before, and so came from nobody. */
  get isPrefilled(): boolean {
    return this.#isPrefilled;
  }

  /** Who sent each block that is here, in the order of the blocks. */
  get senderOfBlocks(): readonly (Sender | undefined)[] {
    return this.#senders;
  }

  /** Everybody who sent a part of what is here. */
  get senders(): Set<Sender> {
    const senders = new Set<Sender>();
    for (const sender of this.#senders) if (sender !== undefined) senders.add(sender);
    return senders;
  }

  /** These whole blocks, which nobody was asked for, are in the buffer: they were on disk before. */
  prefill(range: Range): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (!this.#isFree(block)) continue;
      this.#state[block] = HERE;
      this.#free--;
      this.#missing--;
      this.#isPrefilled = true;
    }
  }

  /** The first run of free blocks, of at most that size; a request for them is out from now on. */
  takeFree(maxBytes: number): Range | undefined {
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

  /** Counts one more request for these blocks; false, and nothing counted, where that is too much. */
  askAgain(range: Range): boolean {
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

  /** A request for these blocks will not be answered. */
  release(range: Range): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) this.#unask(block);
  }

  /** Their bytes begin to come in; false if they are here already, or coming from somebody else. */
  startReceiving(range: Range): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (this.#state[block] !== MISSING) return false;
    }
    this.#state.fill(COMING, first, end);
    return true;
  }

  /** They stopped coming in midway; whoever was asked for them will not go on. */
  abandonReceiving(range: Range): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      if (this.#state[block] === COMING) this.#state[block] = MISSING;
      this.#unask(block);
    }
  }

  /** All bytes of these blocks, which were coming in, are in the buffer. */
  arrive(range: Range, sender: Sender): void {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) {
      this.#state[block] = HERE;
      this.#senders[block] = sender;
      this.#missing--;
      this.#unask(block);
    }
  }

  /** Whether all of these blocks are here. */
  has(range: Range): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) if (this.#state[block] !== HERE) return false;
    return true;
  }

  /** Whether somebody else is still being asked for one of these blocks. */
  isAsked(range: Range): boolean {
    const { first, end } = blocksOf(range);
    for (let block = first; block < end; block++) if (this.#asked[block] !== 0) return true;
    return false;
  }

  /** Forgets what is here; what is asked for stays so. */
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

function blocksOf({ begin, sizeBytes }: Range): { first: number; end: number } {
  return { first: begin / BLOCK_BYTES, end: Math.ceil((begin + sizeBytes) / BLOCK_BYTES) };
}
