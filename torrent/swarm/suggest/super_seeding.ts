/**
 * What an origin suggests to whom: each piece that nobody has to one peer, so that several who ask at once, before they
 * can know of each other, do not all fetch the same ones from it. Pure.
 */

import type { PieceSet } from "../../content/piece_set.ts";
import type { Random } from "../../../base/random.ts";

/** The pieces in the order in which they are dealt, each once. Shared by all peers of an origin. */
export class SuperSeeding {
  readonly #pieceCount: number;
  readonly #first: number;
  readonly #peers: () => Iterable<{ readonly has: PieceSet }>;
  #dealt = 0;

  /** Begins anywhere, so that two origins do not deal alike. What one of `peers` has need not be dealt. */
  constructor(
    { pieceCount, random, peers }: {
      readonly pieceCount: number;
      readonly random: Random;
      readonly peers: () => Iterable<{ readonly has: PieceSet }>;
    },
  ) {
    this.#pieceCount = pieceCount;
    this.#first = Math.floor(random() * pieceCount);
    this.#peers = peers;
  }

  /** The next one, or undefined for whoever may not ask for it now, and when all have been dealt. */
  next({ upload }: { readonly upload: { readonly isChoked: boolean } }): number | undefined {
    while (!upload.isChoked && this.#dealt < this.#pieceCount) {
      const piece = (this.#first + this.#dealt++) % this.#pieceCount;
      if (!this.#isHeld(piece)) return piece;
    }
    return undefined;
  }

  #isHeld(piece: number): boolean {
    for (const { has } of this.#peers()) if (has.has(piece)) return true;
    return false;
  }
}
