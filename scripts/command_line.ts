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

/** Reads an argument as a whole number between two others, both included. */
export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

/** Reads an argument as some of these names, separated by commas; `none` is none of them. */
export function someOf<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) => {
    if (text === "none") return [];
    return text.split(",").map((word) => {
      const name = known.find((one) => one === word);
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`Expected some of ${known.join(", ")}, was ${word}.`);
    });
  };
}

/** Reads an argument that has to be one of these names. */
export function oneOf<Name extends string>(known: readonly Name[]): (text: string) => Name {
  return (text) => {
    const name = known.find((one) => one === text);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`Expected one of ${known.join(", ")}.`);
  };
}
