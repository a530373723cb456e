/** How fast bytes pass, averaged over the last seconds, for people to read. Pure. */

/** Weight of the last second: a change shows within about three. */
const SMOOTHING = 0.4;

/** A rate in bytes per second. */
export class RateMeter {
  #sinceTickBytes = 0;
  #bytesPerSecond = 0;

  /** Averaged over the last seconds. */
  get bytesPerSecond(): number {
    return Math.round(this.#bytesPerSecond);
  }

  /** Bytes have passed. */
  onBytes(sizeBytes: number): void {
    this.#sinceTickBytes += sizeBytes;
  }

  /** Updates the rate; `seconds` have passed since the last call. */
  onTick(seconds: number): void {
    this.#bytesPerSecond += SMOOTHING * (this.#sinceTickBytes / seconds - this.#bytesPerSecond);
    this.#sinceTickBytes = 0;
  }
}
