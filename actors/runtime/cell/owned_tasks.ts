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
  /** Whether the actor cancelled it: then its outcome is no dead letter. */
  cancelled: boolean;
}

/** The tasks that one incarnation has in flight: what `pipeToSelf` and `cancelTask` do. */
export class OwnedTasks {
  readonly #owner: Owner;
  readonly #tasks = new Set<Task>();

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Tasks in flight. */
  get size(): number {
    return this.#tasks.size;
  }

  /**
   * Starts a task, after cancelling the one under the same key.
   *
   * @throws {ActorError} `too_much_owned_work`.
   */
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
        if (this.#owner.ended && !task.cancelled) this.#owner.deadLetterStale(value);
        else this.#settle(task, value, () => map.ok(value));
      },
      // After the end an error is most often the abort that the end itself has caused: no dead letter.
      (error: unknown) => this.#settle(task, error, () => map.error(error)),
    );
  }

  /** Cancels the task under this key. */
  cancel(key: string): void {
    for (const task of this.#tasks) {
      if (task.key !== key || task.cancelled) continue;
      task.cancelled = true;
      task.controller.abort();
      this.#tasks.delete(task);
    }
  }

  /** Aborts all tasks. */
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
