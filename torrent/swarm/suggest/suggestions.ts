/**
 * This room spreads new pieces by suggestions (BEP 6), so that hosts fetch different ones and exchange them. Which
 * piece is suggested to whom is decided in `super_seeding.ts` (by seeds) and `new_piece_assigner.ts` (by leechers);
 * this file keeps what one peer was suggested, as many pieces as it can ask for soon, and what it has suggested to us;
 * `deferred_pieces.ts` keeps what we leave to others meanwhile. A peer that ignores suggestions loses nothing but their
 * benefit. Pure.
 */

/** Decides which piece a peer is suggested next. */
export interface PieceSuggester<Peer> {
  /** The next piece for that peer, or undefined if there is none for it now. */
  next(peer: Peer): number | undefined;
}

/** Suggested pieces that a peer has not asked for yet: of small pieces as many as fill its request window. */
const AHEAD_BYTES = 1024 * 1024;
/** The least number of pieces suggested ahead, however large they are. */
const MIN_AHEAD = 2;
/**
 * The largest number of pieces suggested ahead: a peer that asks late holds up no more. With four, hosts that begin one
 * after the other took a quarter longer.
 */
const MAX_AHEAD = 16;

/** What one peer was suggested by us. */
export class Suggestions {
  readonly #ahead: number;
  readonly #next: () => number | undefined;
  readonly #suggest: (piece: number) => void;
  readonly #open = new Set<number>();
  #suggestedCount = 0;

  /** `next` gives the next piece for this peer, if there is one (see {@link PieceSuggester}); `suggest` sends it. */
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

  /** How many pieces were suggested since the peer connected. */
  get suggestedCount(): number {
    return this.#suggestedCount;
  }

  /** Whether another piece may be suggested now. */
  get hasRoom(): boolean {
    return this.#open.size < this.#ahead;
  }

  /** Suggests as many pieces as there is room for. */
  fill(): void {
    while (this.hasRoom) {
      const piece = this.#next();
      if (piece === undefined) return;
      this.#open.add(piece);
      this.#suggestedCount++;
      this.#suggest(piece);
    }
  }

  /** The peer has asked for a block of that piece, or has got it from elsewhere: there is room for another. */
  onTaken(piece: number): void {
    if (this.#open.delete(piece)) this.fill();
  }
}

/** Bound of what a peer may suggest to us: beyond it the oldest suggestions are out of date. */
const MAX_RECEIVED = 2 * MAX_AHEAD;

/** What a peer has suggested to us. */
export class ReceivedSuggestions {
  readonly #pieces: number[] = [];
  /** Suggestions that the peer counts as open; see {@link settle}. */
  readonly #open = new Set<number>();

  /** The peer suggests that piece; only the last {@link MAX_RECEIVED} are kept. */
  add(piece: number): void {
    this.#pieces.push(piece);
    if (this.#pieces.length > MAX_RECEIVED) this.#pieces.shift();
    this.#open.add(piece);
    const [oldest] = this.#open;
    if (this.#open.size > MAX_RECEIVED && oldest !== undefined) this.#open.delete(oldest);
  }

  /**
   * We ask the peer for that piece, or have it by now. Returns whether the peer still counted it as open. A peer
   * suggests nothing more while too many of its suggestions are open, so it has to be told of each that we get from
   * elsewhere.
   */
  settle(piece: number): boolean {
    return this.#open.delete(piece);
  }

  /** Takes out the oldest suggestion. */
  take(): number | undefined {
    return this.#pieces.shift();
  }
}
