/** One peer's dealings with the host's rate limits, in one direction: may this go now, and if not, when. */

import type { Distance } from "../../../base/locality.ts";
import type { RateLimits } from "./rate_limits.ts";
import type { Direction } from "./rate_schedule.ts";

/** See the file's head. Without limits it costs one comparison. */
export class PeerAllowance {
  readonly #limits: RateLimits;
  readonly #direction: Direction;
  readonly #signal: AbortSignal;
  readonly #onRoom: () => void;
  /** Paid for and not used. */
  #creditBytes = 0;
  #isWaiting = false;

  constructor(
    limits: RateLimits,
    options: { direction: Direction; signal: AbortSignal; onRoom: () => void },
  ) {
    this.#limits = limits;
    this.#direction = options.direction;
    this.#signal = options.signal;
    this.#onRoom = options.onRoom;
  }

  /** Whether nothing can go before `onRoom` is called. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** True: the bytes may go now, and are paid for. False: `onRoom` will be called. */
  take(distance: Distance, sizeBytes: number): boolean {
    if (!this.#limits.isLimiting) return true;
    if (this.#isWaiting) return false;
    const dueBytes = sizeBytes - this.#creditBytes;
    if (dueBytes > 0) {
      const turn = this.#limits.wait(this.#direction, distance, {
        sizeBytes: dueBytes,
        signal: this.#signal,
      });
      if (turn !== undefined) {
        this.#await(turn, dueBytes);
        return false;
      }
      this.#creditBytes += dueBytes;
    }
    this.#creditBytes -= sizeBytes;
    return true;
  }

  /** So much of what was paid for is not needed; it is used for what comes next. */
  refund(sizeBytes: number): void {
    if (this.#limits.isLimiting) this.#creditBytes += sizeBytes;
  }

  #await(turn: Promise<boolean>, dueBytes: number): void {
    this.#isWaiting = true;
    // It does not reject: a wait that is aborted answers false.
    void turn.then((paid) => {
      this.#isWaiting = false;
      if (!paid) return;
      this.#creditBytes += dueBytes;
      this.#onRoom();
    });
  }
}
