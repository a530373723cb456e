/**
 * The command line of `deno task simulate`.
 *
 * @module
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { newCommand, oneOf, someOf, wholeNumber } from "../../../scripts/command_line.ts";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import { type Check, CHECKS } from "./invariants.ts";
import { PENDING_CHECK_NAMES, STANDING_KINDS } from "./pending.ts";
import { type NamedBug, skippedFor } from "./planted/planted_bug.ts";

/** What the user asked for. Ends the program with one message if the arguments are wrong, or after `--help`. */
export function parseSimulateOptions(
  args: readonly string[],
  bugs: ReadonlyMap<string, NamedBug>,
) {
  const command = newCommand(
    "simulate",
    "Runs a fleet of real agents in virtual time, with faults drawn from a seed, and checks the invariants. Of the first " +
      "run that breaks one it shows the shortest schedule that it finds, what happened on the hosts that have to do with " +
      "it, and the command that replays it.",
  )
    .option("--seeds <n>", "how many runs", wholeNumber, 1_000)
    .option("--seed <n>", "the first seed", wholeNumber, 1)
    .option("--hosts <n>", "hosts of the fleet; the default is drawn from the seed", wholeNumber)
    .option("--services <n>", "services; the default is drawn from the seed", wholeNumber)
    .option(
      "--faults <kinds>",
      "kinds of faults, separated by commas, or all or none; the default is what the protocol stands (pending.ts)",
      parseKinds,
    )
    .option(
      "--skip <checks>",
      "what is not checked, separated by commas, or none; the default, unless faults are named, is what pending.ts names",
      someOf(Object.keys(CHECKS) as Check[]),
    )
    .option(
      "--only <faults>",
      "with --trace: which faults of the seed to keep, by their numbers, or none; 3:500 lets the fourth one last for 500 ms",
      parseKeptFaults,
    )
    .option("--only-hosts <names>", "with --trace: which hosts of the seed to keep", parseNames)
    .option("--only-services <names>", "with --trace: which services to keep", parseNames)
    .option(
      "--bug <name>",
      "a planted bug (planted/bugs) to put into the code; faults and checks are those that are named for it",
      oneOf([...bugs.keys()]),
    )
    .option(
      "--first",
      "end at the first run that breaks an invariant, and do not shorten it",
      false,
    )
    .option("--jobs <n>", "threads", wholeNumber, Math.max(1, navigator.hardwareConcurrency))
    .option("--trace", "show all that happened in the run of the first seed", false)
    .option("--json", "one JSON object on stdout", false);
  command.parse([...args], { from: "user" });
  const { faults, skip, bug: name, ...others } = command.opts();
  const bug = name === undefined ? null : bugs.get(name) ?? null;
  return {
    ...others,
    bug,
    kinds: faults ?? bug?.kinds ?? STANDING_KINDS,
    skipped: skip ??
      (bug !== null ? skippedFor(bug) : faults === undefined ? PENDING_CHECK_NAMES : []),
    /** The options that say which code, which faults and which checks, as they have to be given again. */
    given: [
      ...bug === null ? [] : [`--bug ${bug.name}`],
      ...faults === undefined ? [] : [`--faults ${wordFor(faults)}`],
      ...skip === undefined ? [] : [`--skip "${skip.join(",") || "none"}"`],
    ],
  };
}

function parseNames(text: string): readonly string[] {
  return text.split(",");
}

function parseKeptFaults(text: string): readonly string[] {
  if (text === "none") return [];
  const faults = text.split(",");
  const wrong = faults.find((fault) => !/^\d+(:\d+)?$/.test(fault));
  if (wrong === undefined) return faults;
  throw new InvalidArgumentError(`Expected numbers of faults, such as 0,3:500, was ${wrong}.`);
}

function parseKinds(text: string): readonly FaultKind[] {
  return text === "all" ? FAULT_KINDS : someOf(FAULT_KINDS)(text);
}

function wordFor(kinds: readonly FaultKind[]): string {
  return kinds === FAULT_KINDS ? "all" : kinds.join(",") || "none";
}
