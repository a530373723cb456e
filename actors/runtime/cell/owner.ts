/**
 * What the parts of an incarnation (its timers, tasks, asks, watches) need of it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Deadlines } from "../dispatch/deadlines.ts";
import type { Envelope } from "../dispatch/mailbox.ts";
import type { PendingAsk } from "./pending_ask.ts";

/** The incarnation, as its parts see it. */
export interface Owner {
  readonly clock: Clock;
  /** Where its asks keep their deadlines. */
  readonly deadlines: Deadlines;
  readonly path: string;
  /** The message in hand, if it is an ask. */
  readonly askInHand: PendingAsk<never> | undefined;
  /** Whether it has ended: then nothing new starts. */
  readonly ended: boolean;
  /** Puts an envelope into the actor's mailbox, for which there is always room. */
  deliver(envelope: Envelope): void;
  /** Records content that came too late. */
  buryStale(content: unknown): void;
  /** Throws if the actor owns too much already. */
  checkOwnedWork(): void;
}
