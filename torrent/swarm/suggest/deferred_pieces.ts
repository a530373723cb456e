/**
 * Pieces that a peer has only just got and that we leave to others for a while. The peer suggests each new piece to one
 * of its downloaders (`new_piece_assigner.ts`); the others wait for it to come to them from that one. Without the wait
 * all would ask for the same pieces as long as they are close behind, and the link over which new pieces come would
 * carry each of them several times. Pure.
 */

/**
 * A piece is deferred until this many more pieces could have come from the peer at its rate. The number has to be larger than
 * what is outstanding on the way to the next rack and on from there, or all ask for all again: with 16 they did, after a
 * few seconds.
 */
export const PATIENCE_PIECES = 96;
/** The longest wait, however slowly pieces come. */
const MAX_PATIENCE_MS = 10_000;
/** The shortest wait, however fast pieces come. */
const MIN_PATIENCE_MS = 50;
/** Assumed time between two pieces until it has been measured: it makes the first wait half a second. */
const FIRST_INTERVAL_MS = 5;
/** Weight of the last interval in the average; it is small because pieces come several at a time. */
const SMOOTHING = 1 / 16;

/** One peer's deferred pieces, and when each of them may be asked for. */
export class DeferredPieces {
  /** Each deferred piece with the time at which the peer got it, oldest first. */
  readonly #deferred = new Map<number, number>();
  #intervalMs = FIRST_INTERVAL_MS;
  #lastMs: number | undefined;

  /** The peer has just got that piece: it is deferred. */
  add(piece: number, nowMs: number): void {
    const intervalMs = nowMs - (this.#lastMs ?? nowMs - FIRST_INTERVAL_MS);
    this.#lastMs = nowMs;
    // A pause says nothing about how fast pieces come.
    const sampleMs = Math.min(intervalMs, MAX_PATIENCE_MS / PATIENCE_PIECES);
    this.#intervalMs += SMOOTHING * (sampleMs - this.#intervalMs);
    if (!this.#deferred.has(piece)) this.#deferred.set(piece, nowMs);
  }

  /** Whether that piece is deferred. */
  has(piece: number): boolean {
    return this.#deferred.has(piece);
  }

  /** How many pieces are deferred. */
  get size(): number {
    return this.#deferred.size;
  }

  /** Ends the piece's wait, since the peer has suggested it to us or we have it; whether it was deferred. */
  take(piece: number): boolean {
    return this.#deferred.delete(piece);
  }

  /** Ends the wait of all pieces that have waited long enough, oldest first, and of those that are too many. */
  *due(nowMs: number): Generator<number> {
    for (const [piece, gotMs] of this.#deferred) {
      const isEarly = nowMs - gotMs < this.#patienceMs;
      if (isEarly && this.#deferred.size <= PATIENCE_PIECES) return;
      this.#deferred.delete(piece);
      yield piece;
    }
  }

  /** Ends the wait of the oldest piece and returns it, or undefined if none is deferred. */
  shift(): number | undefined {
    const [piece] = this.#deferred.keys();
    if (piece !== undefined) this.#deferred.delete(piece);
    return piece;
  }

  /** How long until the next piece is due, or undefined if none is deferred. */
  dueInMs(nowMs: number): number | undefined {
    const [gotMs] = this.#deferred.values();
    return gotMs === undefined ? undefined : Math.max(gotMs + this.#patienceMs - nowMs, 0);
  }

  get #patienceMs(): number {
    return Math.max(PATIENCE_PIECES * this.#intervalMs, MIN_PATIENCE_MS);
  }
}
