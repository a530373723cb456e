/**
 * How long an actor's messages take to handle. The dispatcher measures some runs, not each message.
 *
 * @module
 */

/** Above this an actor handles one message per turn: 32 would hold up the others for some ms. */
const SLOW_MS_PER_MESSAGE = 0.1;
/** Weight of a new measurement in the moving mean: about the last ten measurements matter. */
const NEW_MEASUREMENT_WEIGHT = 0.125;

/** A moving mean of the time per message. */
export class MessageCost {
  #msPerMessage: number;

  constructor(firstMs: number) {
    this.#msPerMessage = firstMs;
  }

  /** Mean time that a message takes to handle, in milliseconds. */
  get msPerMessage(): number {
    return this.#msPerMessage;
  }

  /** Whether messages take so long that the actor should handle one per turn. */
  get isSlow(): boolean {
    return this.#msPerMessage > SLOW_MS_PER_MESSAGE;
  }

  /** Adds a measurement. */
  add(msPerMessage: number): void {
    this.#msPerMessage += (msPerMessage - this.#msPerMessage) * NEW_MEASUREMENT_WEIGHT;
  }
}
