/**
 * What a seed suggests: each piece that nobody has to one peer alone (super-seeding, BEP 16), so that several leechers
 * that ask at once, before they can know of each other, do not all fetch the same pieces from it. Pure.
 */

import type { Random } from "../../../base/random.ts";
import type { RequestTarget } from "../pieces/request_target.ts";
import type { SwarmPeer } from "../swarm_peer.ts";
import type { PieceSuggester } from "./suggestions.ts";

/** The pieces in the order in which they are suggested, each once. All peers of a seed share it. */
export class SuperSeeding implements PieceSuggester<Pick<SwarmPeer, "isChoked">> {
  readonly #pieceCount: number;
  readonly #first: number;
  readonly #peers: () => Iterable<Pick<RequestTarget, "has">>;
  readonly #isStriped: () => boolean;
  #passed = 0;

  /**
   * Begins at a random piece, so that two seeds do not suggest alike. Pieces that one of `peers` has are passed over. While
   * the import `isStriped` those who ask fetch different pieces anyway, and nothing is suggested.
   */
  constructor(
    { pieceCount, random, peers, isStriped = () => false }: {
      readonly pieceCount: number;
      readonly random: Random;
      readonly peers: () => Iterable<Pick<RequestTarget, "has">>;
      readonly isStriped?: () => boolean;
    },
  ) {
    this.#pieceCount = pieceCount;
    this.#first = Math.floor(random() * pieceCount);
    this.#peers = peers;
    this.#isStriped = isStriped;
  }

  /** The next piece; undefined for a peer that is choked, and when every piece was suggested. */
  next({ isChoked }: Pick<SwarmPeer, "isChoked">): number | undefined {
    while (!isChoked && !this.#isStriped() && this.#passed < this.#pieceCount) {
      const piece = (this.#first + this.#passed++) % this.#pieceCount;
      if (!this.#isHeld(piece)) return piece;
    }
    return undefined;
  }

  #isHeld(piece: number): boolean {
    for (const { has } of this.#peers()) if (has.has(piece)) return true;
    return false;
  }
}
