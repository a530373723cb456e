/**
 * Tells an operator what a reading of the tree could not read. The tree is read every few seconds and a broken node stays, so
 * each problem is told once in the life of an agent.
 *
 * @module
 */

import type { ActorLogger } from "../runtime/mod.ts";

/** Most different problems that are told; a stranger can write as many as there is room in ZooKeeper. */
const TOLD_MAX = 200;

/** The problems that were told. */
export class ReadingProblems {
  readonly #told = new Set<string>();

  /** Logs the problems that are new. */
  tell(service: string, problems: readonly string[], log: ActorLogger): void {
    for (const problem of problems) {
      if (this.#told.has(problem) || this.#told.size > TOLD_MAX) continue;
      this.#told.add(problem);
      if (this.#told.size <= TOLD_MAX) {
        log.warn("{service}: in the tree: {problem}", { service, problem });
      } else {
        log.warn(
          "{service}: in the tree: more than {max} nodes cannot be read, the others are not told; " +
            "see rollcall status",
          { service, max: TOLD_MAX },
        );
      }
    }
  }
}
