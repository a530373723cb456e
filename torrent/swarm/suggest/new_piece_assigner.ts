/**
 * Deals what we have just got: of the hosts that are equally far away one is suggested each piece, and the others leave it
 * alone for a while (`deferred_pieces.ts`), in which it comes to them from there. Pure.
 */

import type { Distance, Locality } from "../../../base/locality.ts";
import { PATIENCE_PIECES } from "./deferred_pieces.ts";
import type { Suggestions } from "./suggestions.ts";

/** Who may be dealt a piece. */
export interface Assignee {
  /** Missing if it does not understand them. */
  readonly suggestions: Pick<Suggestions, "dealt" | "hasRoom" | "fill"> | undefined;
  readonly distance: Distance;
  /** Where it stands; only hosts of ours say so. */
  readonly locality: Locality | undefined;
  readonly isInterested: boolean;
  readonly upload: { readonly isChoked: boolean };
  readonly download: { readonly pieces: { holds(piece: number): boolean } };
}

/** See the file's head. */
export class NewPieceAssigner {
  /** Those that nobody there could take yet, oldest first; beyond so many, they have been waited for long enough. */
  readonly #left: Readonly<Record<Distance, number[]>> = { rack: [], site: [], remote: [] };
  readonly #takers: () => Iterable<Assignee>;

  constructor(takers: () => Iterable<Assignee>) {
    this.#takers = takers;
  }

  /** We have got that piece: at each distance it goes to the one that was dealt least. */
  add(piece: number): void {
    for (const left of Object.values(this.#left)) {
      left.push(piece);
      if (left.length > PATIENCE_PIECES) left.shift();
    }
    const least: Partial<Record<Distance, NonNullable<Assignee["suggestions"]>>> = {};
    for (const taker of this.#takers()) {
      const { suggestions, distance, download } = taker;
      if (!canTake(taker) || !suggestions?.hasRoom || download.pieces.holds(piece)) continue;
      if (suggestions.dealt < (least[distance]?.dealt ?? Infinity)) least[distance] = suggestions;
    }
    for (const suggestions of Object.values(least)) suggestions.fill();
  }

  /** What that one is to be dealt next, if anything is. */
  next(taker: Assignee): number | undefined {
    if (!canTake(taker)) return undefined;
    const left = this.#left[taker.distance];
    const at = left.findIndex((piece) => !taker.download.pieces.holds(piece));
    return at === -1 ? undefined : left.splice(at, 1)[0];
  }
}

function canTake({ isInterested, locality, upload }: Assignee): boolean {
  return isInterested && locality !== undefined && !upload.isChoked;
}
