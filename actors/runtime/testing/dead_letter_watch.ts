/**
 * Dead letters as expectations of a test: most often, that there are none.
 *
 * @module
 */

import type { DeadLetter, DeadLetterReason } from "../observe/dead_letters.ts";
import type { ActorSystem } from "../system.ts";

/** The dead letters of a system since {@linkcode watchDeadLetters} was called. */
export interface DeadLetterWatch {
  /** Those that were not expected yet, oldest first. */
  readonly letters: readonly DeadLetter[];
  /**
   * Takes the oldest letter of that reason, and of that message type if one is given.
   *
   * @throws {Error} If there is none.
   */
  expect(reason: DeadLetterReason, type?: string): DeadLetter;
  /**
   * Checks that there are no dead letters besides those that were expected.
   *
   * @throws {Error} With the list of what there is.
   */
  expectNoOthers(): void;
  /** Ends the watch. */
  end(): void;
}

/** Letters that are kept: a test that causes more has another problem than a missing expectation. */
const KEPT = 10_000;

/** Begins to watch the dead letters of a system. With a virtual clock, `settle` before looking. */
export function watchDeadLetters(system: ActorSystem): DeadLetterWatch {
  const letters: DeadLetter[] = [];
  const end = system.deadLetters.subscribe((letter) => {
    if (letters.length < KEPT) letters.push(letter);
  });
  return {
    letters,
    end,
    expect(reason, type) {
      const index = letters.findIndex((letter) =>
        letter.reason === reason && (type === undefined || typeOf(letter.message) === type)
      );
      const [letter] = index === -1 ? [] : letters.splice(index, 1);
      if (letter !== undefined) return letter;
      const what = type === undefined ? reason : `${reason} of "${type}"`;
      throw new Error(`expect a dead letter: expected ${what}, there ${list(letters)}`);
    },
    expectNoOthers() {
      if (letters.length === 0) return;
      throw new Error(`expect no other dead letters: there ${list(letters)}`);
    },
  };
}

function typeOf(message: unknown): unknown {
  return typeof message === "object" && message !== null && "type" in message
    ? message.type
    : message;
}

function list(letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return "is none";
  const shown = letters.slice(0, 10).map(({ recipient, message, reason }) =>
    `${reason} for ${recipient}: ${String(typeOf(message))}`
  );
  return `are ${letters.length}: ${shown.join("; ")}`;
}
