/** A token bucket: bytes are earned at a rate and spent, and each spender has a turn. It has no clock and no timer. */

/** How much may go at once after a pause: a tenth of a second's worth evens out timers and keeps queues short. */
const BURST_SECONDS = 0.1;

/** The burst is at least one block of 16 KiB: with less, nothing could ever go without a wait. */
const LEAST_BURST_BYTES = 16 * 1024;

/** A token bucket. Times are milliseconds of one monotonic clock, amounts are bytes. */
export class TokenBucket {
  #bytesPerSecond = Infinity;
  /**
   * Both since the beginning. A spender's ticket is the sum that was spent up to and including it, and its turn is when
   * that sum is earned.
   */
  #earnedBytes = 0;
  #spentBytes = 0;
  #earnedAtMs: number;

  constructor(nowMs: number) {
    this.#earnedAtMs = nowMs;
  }

  /** Sets the rate from now on; what was earned before stays earned, up to the burst. Infinity: no limit. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#earn(nowMs);
    this.#bytesPerSecond = bytesPerSecond;
    this.#earn(nowMs);
  }

  /** How many bytes may go now; negative while spenders wait. */
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

  /** Undoes a spending. The bytes count as earned, so that all waiters move up. */
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
