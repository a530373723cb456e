/**
 * Finds a piece of a peer that has few pieces, for which looking among the rarest of all does not help: first in a few
 * random bytes of its bitfield, then by a walk over the bitfield that remembers how far it came, so that all picks
 * together read each byte once.
 */

import type { PieceSet } from "../../content/piece_set.ts";
import type { Random } from "../../../base/random.ts";

/**
 * How many changes {@link ChangeLog} remembers. A walk that missed more starts again, which reads one byte per 8
 * pieces: at 200,000 pieces no more than 7 bytes per missed change.
 */
const REMEMBERED_CHANGES = 4_096;

/** The latest pieces that may have become candidates in a part of the bitfield that a walk has passed. */
export class ChangeLog {
  readonly #pieces = new Uint32Array(REMEMBERED_CHANGES);
  #count = 0;
  #era = 0;

  /** How many changes there were in all. */
  get count(): number {
    return this.#count;
  }

  /** Grows when more changed than can be listed, so that every walk has to start again. */
  get era(): number {
    return this.#era;
  }

  /** Notes that this piece has changed. */
  add(piece: number): void {
    this.#pieces[this.#count++ % REMEMBERED_CHANGES] = piece;
  }

  /** More has changed than can be listed: every walk starts again. */
  forgetAll(): void {
    this.#era++;
  }

  /** The piece of a change by the change's number, or undefined if it is no longer remembered. */
  at(number: number): number | undefined {
    if (number < this.#count - REMEMBERED_CHANGES) return undefined;
    return this.#pieces[number % REMEMBERED_CHANGES];
  }
}

/** Gives, for the index of a byte of a bitfield (see {@link PieceSet}), a byte with the bits of the candidates. */
export type Candidates = (byteIndex: number) => number;

/**
 * One walk over one peer's bitfield, once around from a place of its own. Between two calls only pieces that the log
 * names may become candidates; any may stop being one.
 */
export class BitfieldWalk {
  #start: number;
  #passed = 0;
  #seenChanges: number;
  #seenEra: number;

  /** The walk begins at the byte `start`: walks over other peers, which begin elsewhere, find other pieces. */
  constructor(log: ChangeLog, start: number) {
    this.#start = start;
    this.#seenChanges = log.count;
    this.#seenEra = log.era;
  }

  /**
   * Goes on to a byte that has a candidate and returns the byte's index, or -1 if there is none. `countStep` is called
   * for every byte and every change that was looked at.
   */
  find(has: PieceSet, log: ChangeLog, candidates: Candidates, countStep: () => void): number {
    const byteCount = has.bytes.length;
    if (this.#seenEra !== log.era || log.at(this.#seenChanges) === undefined) {
      this.#passed = 0;
      this.#seenEra = log.era;
      this.#seenChanges = log.count;
    }
    for (; this.#seenChanges < log.count; this.#seenChanges++) {
      countStep();
      const byteIndex = log.at(this.#seenChanges)! >> 3;
      // The change stays unseen while its byte has a candidate: nothing else would lead back to it.
      if (((has.bytes[byteIndex] ?? 0) & candidates(byteIndex)) !== 0) return byteIndex;
    }
    for (; this.#passed < byteCount; this.#passed++) {
      countStep();
      const byteIndex = (this.#start + this.#passed) % byteCount;
      if (((has.bytes[byteIndex] ?? 0) & candidates(byteIndex)) !== 0) return byteIndex;
    }
    return -1;
  }
}

/**
 * How many random bytes of a peer's bitfield are looked at. Hosts that only walked would all walk in the order in which
 * the peer got its pieces, ask it for the same ones, and have nothing to exchange with each other.
 */
export const SAMPLES = 16;

/** What decides between candidates: how many peers have each of them, and chance. */
export interface Rarity {
  readonly counts: Uint32Array;
  readonly random: Random;
}

/** The rarest candidate in a few random bytes of a peer's bitfield, or -1. `countStep` is called for each byte. */
export function sampleRarest(
  has: PieceSet,
  candidates: Candidates,
  { countStep, ...rarity }: Rarity & { readonly countStep: () => void },
): number {
  const { counts, random } = rarity;
  let best = -1;
  for (let sample = 0; sample < SAMPLES; sample++) {
    countStep();
    const byteIndex = Math.floor(random() * has.bytes.length);
    const bits = has.bytes[byteIndex]! & candidates(byteIndex);
    if (bits === 0) continue;
    const piece = rarestOf(byteIndex, bits, rarity);
    if (best === -1 || counts[piece]! < counts[best]!) best = piece;
  }
  return best;
}

/** Bitfields up to this size are searched as a whole: a microsecond or two, for releases of 8,192 pieces. */
const SEARCHED_BYTES = 1024;

/**
 * The rarest candidate in a peer's bitfield, by chance among equally rare ones; -1 if there is none, undefined if the
 * bitfield is too large to be searched for each pick.
 */
export function findRarest(
  has: PieceSet,
  candidates: Candidates,
  { countStep, counts, random }: Rarity & { readonly countStep: () => void },
): number | undefined {
  const byteCount = has.bytes.length;
  if (byteCount > SEARCHED_BYTES) return undefined;
  let [best, ties] = [-1, 0];
  for (let byteIndex = 0; byteIndex < byteCount; byteIndex++) {
    countStep();
    for (let bits = has.bytes[byteIndex]! & candidates(byteIndex); bits !== 0; bits &= bits - 1) {
      // The lowest bit of a byte is its last piece.
      const piece = byteIndex * 8 + 7 - (31 - Math.clz32(bits & -bits));
      const difference = best === -1 ? -1 : counts[piece]! - counts[best]!;
      if (difference > 0) continue;
      ties = difference < 0 ? 1 : ties + 1;
      if (ties === 1 || random() * ties < 1) best = piece;
    }
  }
  return best;
}

/** The rarest of the pieces whose bits are set, by chance among equally rare ones. */
export function rarestOf(byteIndex: number, bits: number, { counts, random }: Rarity): number {
  let best = -1;
  const first = Math.floor(random() * 8);
  for (let offset = 0; offset < 8; offset++) {
    const bit = (first + offset) % 8;
    if ((bits & (0x80 >> bit)) === 0) continue;
    const piece = byteIndex * 8 + bit;
    if (best === -1 || counts[piece]! < counts[best]!) best = piece;
  }
  return best;
}

/** Whether every piece is in the set. Reads four bytes at a time, and stops at the first gap. */
export function isFull(set: PieceSet, pieceCount: number): boolean {
  const { bytes } = set;
  const wholeBytes = pieceCount >> 3;
  // A set's bytes are an allocation of their own, so they begin at a multiple of four.
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, wholeBytes >> 2);
  for (let index = 0; index < words.length; index++) if (words[index] !== -1) return false;
  for (let index = words.length << 2; index < wholeBytes; index++) {
    if (bytes[index] !== 0xff) return false;
  }
  for (let index = wholeBytes << 3; index < pieceCount; index++) {
    if (!set.has(index)) return false;
  }
  return true;
}
