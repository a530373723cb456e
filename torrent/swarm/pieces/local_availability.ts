/**
 * How many peers at home (of the own rack, or of an origin's site) have each piece, and how many of ours none of them
 * has: what is still owed to them. Peers that had everything when they joined are counted as one number. Pure.
 */

import { type Distance, isWithin } from "../../../base/locality.ts";
import { PieceSet } from "../../content/piece_set.ts";

/** See the file's head. Every operation costs the same however many pieces there are. */
export class LocalAvailability {
  readonly #home: Distance;
  readonly #counts: Uint32Array;
  readonly #present: PieceSet;
  readonly #isOurs: (piece: number) => boolean;
  #full = 0;
  #owed: number;

  /** `home`: who is at home. `ours` pieces are ours from the start; `isOurs` says it of each at any time. */
  constructor(
    pieceCount: number,
    { home, ours, isOurs }: {
      readonly home: "rack" | "site";
      readonly ours: number;
      readonly isOurs: (piece: number) => boolean;
    },
  ) {
    this.#home = home;
    this.#counts = new Uint32Array(pieceCount);
    this.#present = new PieceSet(pieceCount);
    this.#isOurs = isOurs;
    this.#owed = ours;
  }

  /** Whether somebody so far away is at home. */
  includes(distance: Distance): boolean {
    return isWithin(this.#home, distance);
  }

  /** One bit per piece: whether a counted peer at home has it. */
  get bytes(): Uint8Array {
    return this.#present.bytes;
  }

  /** How many of our pieces nobody else at home has. */
  get owed(): number {
    return this.#full > 0 ? 0 : this.#owed;
  }

  /** Whether a counted peer at home has it. */
  has(piece: number): boolean {
    return this.#present.has(piece);
  }

  /** A peer at home has it now. */
  raise(piece: number): void {
    this.#counts[piece] = this.#counts[piece]! + 1;
    if (this.#counts[piece] !== 1) return;
    this.#present.add(piece);
    if (this.#isOurs(piece)) this.#owed--;
  }

  /** A peer at home that had it has gone. */
  lower(piece: number): void {
    this.#counts[piece] = this.#counts[piece]! - 1;
    if (this.#counts[piece] !== 0) return;
    this.#present.delete(piece);
    if (this.#isOurs(piece)) this.#owed++;
  }

  /** A peer with everything has come home (1) or left (-1). */
  addFull(by: 1 | -1): void {
    this.#full += by;
  }

  /** We have got a piece. */
  got(piece: number): void {
    if (!this.#present.has(piece)) this.#owed++;
  }
}
