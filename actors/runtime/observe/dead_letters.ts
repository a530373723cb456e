/**
 * Dead letters: messages that no actor will handle. They are counted by reason and shown to
 * subscribers. They are not kept.
 *
 * @module
 */

import type { ActorLogger } from "../logger.ts";

/**
 * Why a message was not handled.
 *
 * - `overflow`: the mailbox was full.
 * - `stopped`: the actor had ended, or ended with the message waiting.
 * - `failed`: the actor threw while it handled it.
 * - `stale`: it was for an earlier incarnation: the outcome of a task or ask that the incarnation
 *   started, or a message through one of its adapters.
 * - `invalid`: it came from another process, or was to be sent there, and does not match the schema.
 * - `late_answer`: an answer to an ask that had ended already.
 */
export type DeadLetterReason =
  | "overflow"
  | "stopped"
  | "failed"
  | "stale"
  | "late_answer"
  | "invalid";

/** A message that no actor will handle. */
export interface DeadLetter {
  /** The path of the actor that it was for. */
  readonly recipient: string;
  /** The message itself. */
  readonly message: unknown;
  /** Why it was not handled. */
  readonly reason: DeadLetterReason;
}

/**
 * Dead letters that listeners may cause, and are shown, per letter from elsewhere. Further ones are
 * only counted: a listener that always causes another would never end.
 */
const NESTED_LIMIT = 100;

/** The dead letters of one actor system. */
export class DeadLetters {
  readonly #log: ActorLogger;
  readonly #listeners = new Set<(letter: DeadLetter) => void>();
  readonly #counts: Record<DeadLetterReason, number> = {
    overflow: 0,
    stopped: 0,
    failed: 0,
    stale: 0,
    late_answer: 0,
    invalid: 0,
  };
  #total = 0;
  /** Letters that arose while listeners ran; undefined when none run. */
  #nested: DeadLetter[] | undefined;

  /** Internal: a system makes its own. */
  constructor(log: ActorLogger) {
    this.#log = log;
  }

  /** Number of dead letters so far. */
  get total(): number {
    return this.#total;
  }

  /** Number of dead letters so far, by reason. */
  get counts(): Readonly<Record<DeadLetterReason, number>> {
    return { ...this.#counts };
  }

  /**
   * Calls the listener with each dead letter from now on, in the turn in which it was dropped.
   * Returns the function that unsubscribes. Errors of the listener are logged.
   */
  subscribe(listener: (letter: DeadLetter) => void): () => void {
    // A wrapper of its own, so that the same function may be subscribed twice and removed once.
    const entry = (letter: DeadLetter): void => listener(letter);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Records a dead letter. Internal: only the runtime decides what is one. */
  publish(letter: DeadLetter): void {
    this.#counts[letter.reason]++;
    this.#total++;
    // One record at each power of two: a flood of dead letters must not become a flood of records.
    if ((this.#total & (this.#total - 1)) === 0) {
      const { recipient, reason } = letter;
      this.#log.warn("dead letter number {total}", { total: this.#total, recipient, reason });
    }
    if (this.#listeners.size === 0) return;
    if (this.#nested !== undefined) {
      if (this.#nested.length <= NESTED_LIMIT) this.#nested.push(letter);
      return;
    }
    this.#nested = [letter];
    // The array grows while it is walked; NESTED_LIMIT ends that.
    for (const next of this.#nested) this.#show(next);
    this.#nested = undefined;
  }

  #show(letter: DeadLetter): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(letter);
      } catch (error) {
        this.#log.error("dead letter listener threw", { error });
      }
    }
  }
}
