/**
 * What a reading could not read: entries that are dropped while the rest counts. Each is told once, and the list is bounded,
 * however many nodes a stranger has written.
 *
 * @module
 */

/** Most problems that are listed; the others are counted. An operator mends the first few and looks again. */
const PROBLEMS_MAX = 100;

/** Collects problems, one message each. */
export class Problems {
  readonly #listed = new Set<string>();
  #othersCount = 0;

  /** Adds a problem; an error by its message. */
  add(problem: string | Error): void {
    const message = typeof problem === "string" ? problem : problem.message;
    if (this.#listed.size < PROBLEMS_MAX) this.#listed.add(message);
    else if (!this.#listed.has(message)) this.#othersCount++;
  }

  /** The messages, the last of which counts those that are not listed. */
  get messages(): string[] {
    const others = this.#othersCount === 0
      ? []
      : [`and ${this.#othersCount} more nodes that cannot be read`];
    return [...this.#listed, ...others];
  }
}
