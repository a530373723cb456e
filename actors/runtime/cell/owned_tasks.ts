/**
 * The tasks of one incarnation: work outside the actor whose outcome comes back as a message.
 *
 * @module
 */

import type { PipeMapping } from "../actor_definition.ts";
import { Envelope, takenBack } from "../dispatch/mailbox.ts";
import type { Owner } from "./owner.ts";

interface Task {
  readonly controller: AbortController;
  readonly key: string | undefined;
  /** Whether the actor took it back: then nobody misses its outcome. */
  cancelled: boolean;
}

/** See `pipeToSelf` and `cancelTask` of `ActorContext`. */
export class OwnedTasks {
  readonly #owner: Owner;
  readonly #tasks = new Set<Task>();

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** How many are in flight. */
  get size(): number {
    return this.#tasks.size;
  }

  run<T>(
    start: (signal: AbortSignal) => Promise<T>,
    map: PipeMapping<T, unknown>,
    key: string | undefined,
  ): void {
    if (key !== undefined) this.cancel(key);
    this.#owner.checkOwnedWork();
    const task: Task = { controller: new AbortController(), key, cancelled: false };
    this.#tasks.add(task);
    // An async function, so that a task that throws before its first await rejects as well.
    (async () => await start(task.controller.signal))().then(
      (value) => {
        if (this.#owner.ended && !task.cancelled) this.#owner.buryStale(value);
        else this.#settle(task, value, () => map.ok(value));
      },
      // After the end an error is most often the abort that the end itself caused: no dead letter.
      (error: unknown) => this.#settle(task, error, () => map.error(error)),
    );
  }

  cancel(key: string): void {
    for (const task of this.#tasks) {
      if (task.key !== key || task.cancelled) continue;
      task.cancelled = true;
      task.controller.abort();
      this.#tasks.delete(task);
    }
  }

  /** Aborts all. */
  end(): void {
    for (const { controller } of this.#tasks) controller.abort();
  }

  #settle(task: Task, content: unknown, toMessage: () => unknown): void {
    if (task.cancelled) return;
    const open = (): unknown => {
      this.#tasks.delete(task);
      return task.cancelled ? takenBack : toMessage();
    };
    this.#owner.deliver(new Envelope(open, content, true));
  }
}
