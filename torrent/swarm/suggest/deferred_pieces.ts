/**
 * What a peer has only just got. It suggests each such piece to one of those who ask it; the others leave it alone for a
 * while, in which it comes to them from there. Without that all would ask for the same pieces as long as they are close
 * behind, and the link over which those come new would carry each of them several times. Pure.
 */

/**
 * Until as many more have come from that peer, or would have come at its rate. Less than what is asked for at a time on
 * the way to the next rack and on from there, and all ask for all again: with 16 they did, after a few seconds.
 */
export const PATIENCE_PIECES = 96;
/** However slowly they come, and however fast. */
const MAX_PATIENCE_MS = 10_000;
const MIN_PATIENCE_MS = 50;
/** Between two pieces, before anything is known: that gives half a second. */
const FIRST_INTERVAL_MS = 5;
/** Of the interval: weight of the last one. Pieces come several at a time. */
const SMOOTHING = 1 / 16;

/** See the file's head. */
export class DeferredPieces {
  /** The waiting ones with the time at which they came, oldest first. */
  readonly #waiting = new Map<number, number>();
  #intervalMs = FIRST_INTERVAL_MS;
  #lastMs: number | undefined;

  /** The peer has got that piece now. */
  add(piece: number, nowMs: number): void {
    const intervalMs = nowMs - (this.#lastMs ?? nowMs - FIRST_INTERVAL_MS);
    this.#lastMs = nowMs;
    // A pause says nothing about how fast they come.
    const sampleMs = Math.min(intervalMs, MAX_PATIENCE_MS / PATIENCE_PIECES);
    this.#intervalMs += SMOOTHING * (sampleMs - this.#intervalMs);
    if (!this.#waiting.has(piece)) this.#waiting.set(piece, nowMs);
  }

  /** Whether that one is waiting. */
  has(piece: number): boolean {
    return this.#waiting.has(piece);
  }

  /** How many are waiting. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether that one was waiting, which it is no more: it has been suggested to us. */
  take(piece: number): boolean {
    return this.#waiting.delete(piece);
  }

  /** Those that need not wait any longer, oldest first; they are not waiting any more. */
  *due(nowMs: number): Generator<number> {
    for (const [piece, cameMs] of this.#waiting) {
      const isEarly = nowMs - cameMs < this.#patienceMs;
      if (isEarly && this.#waiting.size <= PATIENCE_PIECES) return;
      this.#waiting.delete(piece);
      yield piece;
    }
  }

  /** The oldest waiting one, which is waiting no more, or undefined. */
  shift(): number | undefined {
    const [piece] = this.#waiting.keys();
    if (piece !== undefined) this.#waiting.delete(piece);
    return piece;
  }

  /** How long until the next one is due, or undefined if none is waiting. */
  dueInMs(nowMs: number): number | undefined {
    const [cameMs] = this.#waiting.values();
    return cameMs === undefined ? undefined : Math.max(cameMs + this.#patienceMs - nowMs, 0);
  }

  get #patienceMs(): number {
    return Math.max(PATIENCE_PIECES * this.#intervalMs, MIN_PATIENCE_MS);
  }
}
