/**
 * What one peer is suggested (BEP 6), as much as it can ask for soon; and what it has suggested to us. Who deals which
 * pieces to whom is in `super_seeding.ts` and `new_piece_assigner.ts`. Who does not listen only loses that. Pure.
 */

/** Pieces that a peer has been dealt and has not asked for yet: enough to fill its window with, of small pieces. */
const AHEAD_BYTES = 1024 * 1024;
const MIN_AHEAD = 2;
/** Who asks late holds up no more than that. With four, hosts that begin one after the other took a quarter longer. */
const MAX_AHEAD = 16;

/** What one peer has been dealt. */
export class Suggestions {
  readonly #ahead: number;
  readonly #next: () => number | undefined;
  readonly #suggest: (piece: number) => void;
  readonly #open = new Set<number>();
  #dealt = 0;

  /** `next` gives what is to be dealt to it next, if anything is. */
  constructor(
    { pieceBytes, next, suggest }: {
      readonly pieceBytes: number;
      readonly next: () => number | undefined;
      readonly suggest: (piece: number) => void;
    },
  ) {
    this.#ahead = Math.min(Math.max(Math.ceil(AHEAD_BYTES / pieceBytes), MIN_AHEAD), MAX_AHEAD);
    this.#next = next;
    this.#suggest = suggest;
  }

  /** How many it was dealt since it came. */
  get dealt(): number {
    return this.#dealt;
  }

  /** Whether it may be dealt more now. */
  get hasRoom(): boolean {
    return this.#open.size < this.#ahead;
  }

  /** Deals as many as may be ahead. */
  fill(): void {
    while (this.hasRoom) {
      const piece = this.#next();
      if (piece === undefined) return;
      this.#open.add(piece);
      this.#dealt++;
      this.#suggest(piece);
    }
  }

  /** It has asked for a block of that piece, or has it from elsewhere. */
  onTaken(piece: number): void {
    if (this.#open.delete(piece)) this.fill();
  }
}

/** Hints of which the oldest are out of date. */
const MAX_HINTS = 2 * MAX_AHEAD;

/** What a peer has suggested to us. */
export class ReceivedSuggestions {
  readonly #pieces: number[] = [];
  /** Those for which it still waits; see {@link settle}. */
  readonly #open = new Set<number>();

  /** One more; nobody can make it more than a few. */
  add(piece: number): void {
    this.#pieces.push(piece);
    if (this.#pieces.length > MAX_HINTS) this.#pieces.shift();
    this.#open.add(piece);
    const [oldest] = this.#open;
    if (this.#open.size > MAX_HINTS && oldest !== undefined) this.#open.delete(oldest);
  }

  /**
   * We ask it for that piece, or have it by now. Whether it was waiting for that: it deals us no more as long as many that
   * it has dealt us are open, so it has to hear of each that we get from elsewhere.
   */
  settle(piece: number): boolean {
    return this.#open.delete(piece);
  }

  /** Takes the oldest out. */
  take(): number | undefined {
    return this.#pieces.shift();
  }
}
