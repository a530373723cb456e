/**
 * What an actor's messages cost it. Measured now and then by the dispatcher, not at each message.
 *
 * @module
 */

/** From here on an actor handles one message per turn: 32 would hold up the others for some ms. */
const SLOW_MS_PER_MESSAGE = 0.1;
/** What a new measurement counts in the mean of the earlier ones: some ten of them matter. */
const NEW_MEASUREMENT_WEIGHT = 0.125;

/** A moving mean. */
export class MessageCost {
  #msPerMessage: number;

  constructor(firstMs: number) {
    this.#msPerMessage = firstMs;
  }

  /** How long a message takes to handle, in milliseconds. */
  get msPerMessage(): number {
    return this.#msPerMessage;
  }

  /** Whether it should not handle several messages in a row. */
  get isSlow(): boolean {
    return this.#msPerMessage > SLOW_MS_PER_MESSAGE;
  }

  /** Takes a measurement in. */
  add(msPerMessage: number): void {
    this.#msPerMessage += (msPerMessage - this.#msPerMessage) * NEW_MEASUREMENT_WEIGHT;
  }
}
