/**
 * Counts events per second over the last minute.
 *
 * @module
 */

/** Length of the history: long enough to see what happened while one looked away. */
const windowSeconds = 60;

/** Length of the average: long enough for a steady figure, short enough to show the present. */
const averagedSeconds = 10;

/** Counts events in a ring with one counter per second. */
export class RateMeter {
  /** One more than the history: the present second is not over. */
  readonly #counts = new Array<number>(windowSeconds + 1).fill(0);
  readonly #startedMs: number;
  #second = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** Counts `count` events now. */
  add(nowMs: number, count = 1): void {
    this.#advance(nowMs);
    const place = this.#second % this.#counts.length;
    this.#counts[place] = (this.#counts[place] ?? 0) + count;
  }

  /** Returns events per second, averaged over the last ten seconds, or since the start if that is less. */
  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    const seconds = Math.min(averagedSeconds, Math.max(1, (nowMs - this.#startedMs) / 1000));
    let sum = 0;
    for (let ago = 0; ago < averagedSeconds; ago++) sum += this.#ago(ago);
    return sum / seconds;
  }

  /** Returns the events in each of the last sixty whole seconds, or since the start if that is less; the latest last. */
  bySecond(nowMs: number): number[] {
    this.#advance(nowMs);
    const length = Math.min(windowSeconds, this.#second);
    return Array.from({ length }, (_, index) => this.#ago(length - index));
  }

  #ago(seconds: number): number {
    if (seconds > this.#second) return 0;
    return this.#counts[(this.#second - seconds) % this.#counts.length] ?? 0;
  }

  #advance(nowMs: number): void {
    const second = Math.floor((nowMs - this.#startedMs) / 1000);
    for (let step = 0; this.#second < second && step < this.#counts.length; step++) {
      this.#second++;
      this.#counts[this.#second % this.#counts.length] = 0;
    }
    this.#second = Math.max(this.#second, second);
  }
}
