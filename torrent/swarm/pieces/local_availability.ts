/**
 * How many local peers (of our rack; for a seed, of its site) have each piece, and how many of our pieces no local peer
 * has. Peers that had every piece when they joined are counted by one number. Pure.
 */

import { type Distance, isWithin } from "../../../base/locality.ts";
import { PieceSet } from "../../content/piece_set.ts";

/** Counts of local peers by piece. The cost of an operation does not depend on the number of pieces. */
export class LocalAvailability {
  readonly #scope: Distance;
  readonly #counts: Uint32Array;
  readonly #present: PieceSet;
  readonly #isOurs: (piece: number) => boolean;
  #seeds = 0;
  /** Of our pieces those that no local peer has, seeds left aside. */
  #missing: number;

  /**
   * `scope`: which peers are local. `ours`: how many pieces we have from the start; `isOurs`: whether we have one now.
   */
  constructor(
    pieceCount: number,
    { scope, ours, isOurs }: {
      readonly scope: "rack" | "site";
      readonly ours: number;
      readonly isOurs: (piece: number) => boolean;
    },
  ) {
    this.#scope = scope;
    this.#counts = new Uint32Array(pieceCount);
    this.#present = new PieceSet(pieceCount);
    this.#isOurs = isOurs;
    this.#missing = ours;
  }

  /** Whether a peer at this distance is local. */
  includes(distance: Distance): boolean {
    return isWithin(this.#scope, distance);
  }

  /** Whether a local peer joined as a seed. */
  get hasSeed(): boolean {
    return this.#seeds > 0;
  }

  /** One bit per piece: whether a counted local peer has it. */
  get bytes(): Uint8Array {
    return this.#present.bytes;
  }

  /** How many of our pieces no local peer has. */
  get missing(): number {
    return this.#seeds > 0 ? 0 : this.#missing;
  }

  /** Whether a counted local peer has that piece. */
  has(piece: number): boolean {
    return this.#present.has(piece);
  }

  /** A local peer has got that piece. */
  raise(piece: number): void {
    this.#counts[piece] = this.#counts[piece]! + 1;
    if (this.#counts[piece] !== 1) return;
    this.#present.add(piece);
    if (this.#isOurs(piece)) this.#missing--;
  }

  /** A local peer that had that piece has gone. */
  lower(piece: number): void {
    this.#counts[piece] = this.#counts[piece]! - 1;
    if (this.#counts[piece] !== 0) return;
    this.#present.delete(piece);
    if (this.#isOurs(piece)) this.#missing++;
  }

  /** A local peer that joined as a seed has come (1) or gone (-1). */
  addSeed(by: 1 | -1): void {
    this.#seeds += by;
  }

  /** We have got that piece. */
  got(piece: number): void {
    if (!this.#present.has(piece)) this.#missing++;
  }
}
