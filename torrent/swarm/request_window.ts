/**
 * How many bytes may be asked for and not yet here, per peer: bandwidth × delay, within bounds. Too
 * few leave the connection idle between an answer and the next request; too many tie pieces to a peer
 * that others could have brought. Pure; fed once a second.
 */

import type { Distance } from "../locality.ts";

/** Sixteen blocks: a peer that has not shown anything yet, or next to nothing. */
export const MIN_WINDOW_BYTES = 256 * 1024;
/**
 * By distance. Within a data center a round trip takes well below a millisecond, and 2 MiB take 1.7 ms
 * at 10 Gbit/s: more was slower on loopback (it no longer fits the processor's cache), and made a
 * seeder send the same pieces more often (1.9 instead of 1.2 copies to eight hosts). Between sites it
 * is tens of milliseconds: 16 MiB fill 1 Gbit/s at 100 ms.
 */
const MAX_WINDOW_BYTES: Readonly<Record<Distance, number>> = {
  rack: 2 * 1024 * 1024,
  site: 2 * 1024 * 1024,
  remote: 16 * 1024 * 1024,
};
/** What is asked for is here after about this time, at the rate that was measured. */
const DELAY_SECONDS = 0.25;
/** Weight of the last second: the average follows within about three. */
const SMOOTHING = 0.5;

/** Per second; what a peer has shown half a minute ago still counts for half. */
const FORGETTING = 0.98;

/** See the file's head. */
export class RequestWindow {
  #limitBytes = 4 * MIN_WINDOW_BYTES;
  distance: Distance = "remote";
  #sinceTickBytes = 0;
  #bytesPerSecond = 0;
  #bestBytesPerSecond = 0;

  /** The most to have asked for at a time. */
  get limitBytes(): number {
    return Math.min(this.#limitBytes, MAX_WINDOW_BYTES[this.distance]);
  }

  /** Averaged over the last seconds. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** The most that was seen, slowly forgotten. */
  get bestBytesPerSecond(): number {
    return this.#bestBytesPerSecond;
  }

  /**
   * Bytes of blocks have arrived. Until the first second is over the window grows with them, as a
   * connection's own does: a peer that is fast shows it within milliseconds.
   */
  onBytes(sizeBytes: number): void {
    this.#sinceTickBytes += sizeBytes;
    const maxBytes = MAX_WINDOW_BYTES[this.distance];
    if (this.#limitBytes < maxBytes && this.#sinceTickBytes > this.#limitBytes) {
      this.#limitBytes = Math.min(this.#limitBytes * 2, maxBytes);
    }
  }

  /** So much time has passed since the last call. */
  onTick(seconds: number): void {
    const bytesPerSecond = this.#sinceTickBytes / seconds;
    this.#sinceTickBytes = 0;
    this.#bytesPerSecond += SMOOTHING * (bytesPerSecond - this.#bytesPerSecond);
    this.#bestBytesPerSecond = Math.max(
      this.#bestBytesPerSecond * FORGETTING,
      this.#bytesPerSecond,
    );
    const wantedBytes = Math.max(bytesPerSecond, this.#bytesPerSecond) * DELAY_SECONDS;
    this.#limitBytes = Math.min(
      Math.max(wantedBytes, MIN_WINDOW_BYTES),
      MAX_WINDOW_BYTES[this.distance],
    );
  }

  /** The peer has not answered for long: only enough to see when it comes back. */
  onStall(): void {
    this.#limitBytes = MIN_WINDOW_BYTES;
    this.#bytesPerSecond = 0;
    this.#sinceTickBytes = 0;
  }
}
