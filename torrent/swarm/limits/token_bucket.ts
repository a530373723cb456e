/** One token bucket: what was earned at a rate, what was spent, and when a spender's turn comes. No clock, no timer. */

/** How much may go at once after a pause: a tenth of a second's worth evens out timers and keeps the queues short. */
const BURST_SECONDS = 0.1;

/** One block of BEP 3: below it nothing could ever go without a wait. */
const LEAST_BURST_BYTES = 16 * 1024;

/** See the file's head. Times in milliseconds of one monotonic clock, amounts in bytes. */
export class TokenBucket {
  #bytesPerSecond = Infinity;
  /** Both since the beginning: a spender's ticket is what had been spent with it, and its turn is when that is earned. */
  #earnedBytes = 0;
  #spentBytes = 0;
  #earnedAtMs: number;

  constructor(nowMs: number) {
    this.#earnedAtMs = nowMs;
  }

  /** Another rate from now on; what was earned at the former one stays earned, up to the burst. Infinity: no limit. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#earn(nowMs);
    this.#bytesPerSecond = bytesPerSecond;
    this.#earn(nowMs);
  }

  /** What may go now; negative while spenders wait. */
  level(nowMs: number): number {
    if (this.#bytesPerSecond === Infinity) return Infinity;
    this.#earn(nowMs);
    return this.#earnedBytes - this.#spentBytes;
  }

  /** Spends, if need be on credit. @returns the ticket for {@link waitMs}. */
  spend(sizeBytes: number, nowMs: number): number {
    this.#earn(nowMs);
    this.#spentBytes += sizeBytes;
    return this.#spentBytes;
  }

  /** Undoes a spending: as earned, so that all who wait move up. */
  giveBack(sizeBytes: number): void {
    this.#earnedBytes += sizeBytes;
  }

  /** How long until the ticket's turn at the present rate; 0: now. */
  waitMs(ticket: number, nowMs: number): number {
    this.#earn(nowMs);
    const missingBytes = ticket - this.#earnedBytes;
    if (missingBytes <= 0 || this.#bytesPerSecond === Infinity) return 0;
    return missingBytes / this.#bytesPerSecond * 1000;
  }

  #earn(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#earnedAtMs);
    this.#earnedAtMs = Math.max(nowMs, this.#earnedAtMs);
    if (this.#bytesPerSecond === Infinity) {
      this.#earnedBytes = Math.max(this.#earnedBytes, this.#spentBytes);
      return;
    }
    const burstBytes = Math.max(LEAST_BURST_BYTES, this.#bytesPerSecond * BURST_SECONDS);
    this.#earnedBytes = Math.min(
      this.#earnedBytes + this.#bytesPerSecond * elapsedMs / 1000,
      this.#spentBytes + burstBytes,
    );
  }
}
