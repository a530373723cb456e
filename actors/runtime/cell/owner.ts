/**
 * What an incarnation's timers, tasks and asks need of it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Deadlines } from "../dispatch/deadlines.ts";
import type { Envelope } from "../dispatch/mailbox.ts";

/** The incarnation that owns timers, tasks and asks, as these see it. */
export interface Owner {
  readonly clock: Clock;
  /** Where its asks register their deadlines. */
  readonly deadlines: Deadlines;
  readonly path: string;
  /** Whether it has ended: then nothing new starts. */
  readonly ended: boolean;
  /** Puts an envelope into the actor's mailbox, for which there is always room. */
  deliver(envelope: Envelope): void;
  /** Makes a dead letter of an outcome that came after the incarnation's end. */
  deadLetterStale(content: unknown): void;
  /** @throws {ActorError} `too_much_owned_work` if the actor owns too much already. */
  checkOwnedWork(): void;
}
