// Counts events per second over the last seconds.

/** Long enough for a steady figure, short enough to show what goes on now. */
const windowSeconds = 10;

/** A ring of one count per second. */
export class RateMeter {
  readonly #counts = new Array<number>(windowSeconds).fill(0);
  readonly #startedMs: number;
  #second = 0;
  /** All that were ever counted. */
  total = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** Counts `count` events now. */
  add(nowMs: number, count = 1): void {
    this.#advance(nowMs);
    this.#counts[this.#second % windowSeconds] = (this.#counts[this.#second % windowSeconds] ?? 0) +
      count;
    this.total += count;
  }

  /** Events per second, over the last ten seconds or as long as there has been. */
  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    const seconds = Math.min(windowSeconds, Math.max(1, (nowMs - this.#startedMs) / 1000));
    return this.#counts.reduce((sum, count) => sum + count, 0) / seconds;
  }

  #advance(nowMs: number): void {
    const second = Math.floor((nowMs - this.#startedMs) / 1000);
    for (let step = 0; this.#second < second && step < windowSeconds; step++) {
      this.#second++;
      this.#counts[this.#second % windowSeconds] = 0;
    }
    this.#second = Math.max(this.#second, second);
  }
}
