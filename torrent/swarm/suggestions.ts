/**
 * What a host suggests to those who ask (BEP 6), so that several of them do not fetch the same piece from it while none
 * of them can know of the other. An origin deals each piece that nobody has to one peer; whoever else gets one deals it
 * to one host of another rack (see `fresh_pieces.ts`). Who does not listen only loses that. Pure.
 */

import type { Distance, Locality } from "../locality.ts";
import type { PieceSet } from "../piece_set.ts";
import type { Random } from "../random.ts";

/** Pieces that a peer has been dealt and has not asked for yet: enough to fill its window with, of small pieces. */
const AHEAD_BYTES = 1024 * 1024;
const MIN_AHEAD = 2;
/** Who asks late holds up no more than that; once all are dealt, others fetch them as well. */
const MAX_AHEAD = 16;

/** The pieces in the order in which they are dealt, each once. Shared by all peers of an origin. */
export class PieceDeal {
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

  /** The next one, or undefined when all have been dealt. */
  next(): number | undefined {
    while (this.#dealt < this.#pieceCount) {
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

/** What one peer has been dealt. */
export class Suggestions {
  readonly #deal: PieceDeal | undefined;
  readonly #ahead: number;
  readonly #suggest: (piece: number) => void;
  readonly #open = new Set<number>();
  #dealt = 0;

  /** `deal`: an origin's. */
  constructor(
    { deal, pieceBytes, suggest }: {
      readonly deal: PieceDeal | undefined;
      readonly pieceBytes: number;
      readonly suggest: (piece: number) => void;
    },
  ) {
    this.#deal = deal;
    this.#ahead = Math.min(Math.max(Math.ceil(AHEAD_BYTES / pieceBytes), MIN_AHEAD), MAX_AHEAD);
    this.#suggest = suggest;
  }

  /** How many it was dealt since it came. */
  get dealt(): number {
    return this.#dealt;
  }

  /** One more for it. */
  add(piece: number): void {
    this.#dealt++;
    this.#suggest(piece);
  }

  /** Deals as many as may be ahead. */
  fill(): void {
    while (this.#deal !== undefined && this.#open.size < this.#ahead) {
      const piece = this.#deal.next();
      if (piece === undefined) return;
      this.#open.add(piece);
      this.add(piece);
    }
  }

  /** It has asked for a block of that piece. */
  onRequest(piece: number): void {
    if (this.#open.delete(piece)) this.fill();
  }
}

/** Who may be dealt a piece that we have got. */
export interface Neighbour {
  readonly suggestions: Pick<Suggestions, "dealt" | "add"> | undefined;
  readonly distance: Distance;
  /** Where it stands; only hosts of ours say so. */
  readonly locality: Locality | undefined;
  readonly isInterested: boolean;
  readonly upload: { readonly isChoked: boolean };
  readonly download: { readonly pieces: { holds(piece: number): boolean } };
}

/** Deals a piece that we have got to the host of another rack that was dealt least. */
export function dealAcross(piece: number, neighbours: Iterable<Neighbour>): void {
  let least: Neighbour["suggestions"];
  for (const neighbour of neighbours) {
    const { suggestions, distance, locality, isInterested, upload, download } = neighbour;
    if (suggestions === undefined || locality === undefined || distance === "rack") continue;
    if (isInterested && upload.isChoked || download.pieces.holds(piece)) continue;
    if (least === undefined || suggestions.dealt < least.dealt) least = suggestions;
  }
  least?.add(piece);
}

/** Hints of which the oldest are out of date. */
const MAX_HINTS = 2 * MAX_AHEAD;

/** What a peer has suggested to us. */
export class Hints {
  readonly #pieces: number[] = [];

  /** One more; nobody can make it more than a few. */
  add(piece: number): void {
    this.#pieces.push(piece);
    if (this.#pieces.length > MAX_HINTS) this.#pieces.shift();
  }

  /** Takes the oldest out. */
  take(): number | undefined {
    return this.#pieces.shift();
  }
}
