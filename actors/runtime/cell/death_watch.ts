/**
 * Whose end an incarnation wants to know of.
 *
 * @module
 */

import type { Cancel } from "../clock.ts";
import type { StopReason } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";
import { type ActorRef, isWatchable, onTermination } from "../ref.ts";

/** See `watch` and `unwatch` of `ActorContext`. */
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

  has(ref: ActorRef<never>): boolean {
    return this.#watches.has(ref);
  }

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

  remove(ref: ActorRef<never>): void {
    this.#watches.get(ref)?.();
    this.#watches.delete(ref);
  }

  /** Takes all back. */
  end(): void {
    for (const undo of this.#watches.values()) undo();
    this.#watches.clear();
  }
}
