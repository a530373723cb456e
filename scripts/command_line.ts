/**
 * What the command lines of the project's own programs have in common: benchmarks, the simulation, the long tests. A wrong
 * argument gets one message and exit status 2.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "@commander-js/extra-typings";

/** Exit status of a wrong command line. */
const EXIT_USAGE = 2;

/** A command without options yet. It ends the program after `--help`, and if the arguments are wrong. */
export function newCommand(name: string, description: string): Command {
  return new Command(name)
    .usage("[options]")
    .description(description)
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }) => Deno.exit(exitCode === 0 ? 0 : EXIT_USAGE));
}

/** Reads an argument as a whole number of at most nine digits. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number.");
}

/** Reads an argument as a whole number from 1 on, of at most nine digits. */
export function countingNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a whole number from 1 on.");
}

/** Reads an argument that has to be one of these names. */
export function oneOf<Name extends string>(known: readonly Name[]): (text: string) => Name {
  return (text) => {
    const name = known.find((one) => one === text);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`Expected one of ${known.join(", ")}.`);
  };
}
