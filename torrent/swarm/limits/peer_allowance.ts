/** One peer's use of the host's rate limits in one direction: whether bytes may go now, and a call when they may. */

import type { Distance } from "../../../base/locality.ts";
import type { RateLimits } from "./rate_limits.ts";
import type { Direction } from "./rate_schedule.ts";

/** What one peer may send or request in one direction. Without limits a call costs one comparison. */
export class PeerAllowance {
  readonly #limits: RateLimits;
  readonly #direction: Direction;
  readonly #signal: AbortSignal;
  readonly #onRoom: () => void;
  /** Bytes that were paid for and not used. */
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

  /** Whether nothing may go before `onRoom` is called. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** True: the bytes may go now and are paid for. False: not yet, and `onRoom` will be called. */
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

  /** Gives back bytes that were paid for and are not needed: they count for what comes next. */
  refund(sizeBytes: number): void {
    if (this.#limits.isLimiting) this.#creditBytes += sizeBytes;
  }

  #await(turn: Promise<boolean>, dueBytes: number): void {
    this.#isWaiting = true;
    // The promise does not reject: a wait that is aborted gives false.
    void turn.then((paid) => {
      this.#isWaiting = false;
      if (!paid) return;
      this.#creditBytes += dueBytes;
      this.#onRoom();
    });
  }
}
