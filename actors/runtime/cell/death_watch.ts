/**
 * The actors whose end an incarnation watches.
 *
 * @module
 */

import type { Cancel } from "../clock.ts";
import type { StopReason } from "../stop_reason.ts";
import { ActorError } from "../errors.ts";
import { type ActorRef, isWatchable, onTermination } from "../ref.ts";

/** The death watches of one incarnation: what `watch` and `unwatch` of `ActorContext` do. */
export class DeathWatch {
  readonly #watcherPath: string;
  readonly #onEnd: (ref: ActorRef<never>, reason: StopReason) => void;
  readonly #watches = new Map<ActorRef<never>, Cancel>();

  constructor(
    watcherPath: string,
    onEnd: (ref: ActorRef<never>, reason: StopReason) => void,
  ) {
    this.#watcherPath = watcherPath;
    this.#onEnd = onEnd;
  }

  /** Whether this actor is watched. */
  has(ref: ActorRef<never>): boolean {
    return this.#watches.has(ref);
  }

  /**
   * Begins to watch an actor, once however often it is called.
   *
   * @throws {ActorError} `not_watchable`.
   */
  add(ref: ActorRef<never>): void {
    if (this.#watches.has(ref)) return;
    if (!isWatchable(ref)) {
      throw new ActorError(
        "not_watchable",
        `watch ${ref.path} from ${this.#watcherPath}: expected a reference made by this runtime, ` +
          "this one's end cannot be seen",
      );
    }
    // Entered first: on an actor that has ended the listener is called inline.
    this.#watches.set(ref, () => {});
    const undo = ref[onTermination]((reason) => this.#onEnd(ref, reason));
    this.#watches.set(ref, undo);
  }

  /** Ends a watch. */
  remove(ref: ActorRef<never>): void {
    this.#watches.get(ref)?.();
    this.#watches.delete(ref);
  }

  /** Ends all watches. */
  end(): void {
    for (const undo of this.#watches.values()) undo();
    this.#watches.clear();
  }
}
