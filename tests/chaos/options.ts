/**
 * The command line of `deno task test:chaos`.
 *
 * @module
 */

import { newCommand, numberBetween, someOf } from "../../scripts/command_line.ts";
import { EVENT_KINDS, type EventKind } from "./schedule.ts";

/** The first address of a host ends with 1, and that of everything else with 254. */
const HOSTS_MAX = 100;

/** What the user asked for. Ends the program with one message if the arguments are wrong, or after `--help`. */
export function parseChaosOptions(args: readonly string[]) {
  return newCommand(
    "test:chaos",
    "Runs a fleet of real processes (an ensemble of three ZooKeeper servers, a tracker, a build machine, and an agent with " +
      "a service for each host), rolls out one version after the other while faults are made by a seed, and checks from " +
      "outside what the services did. Of a run in which something was wrong it shows what, the faults with their times, " +
      "and the logs of the hosts that have to do with it. Needs root, or unprivileged user namespaces.",
  )
    .option("--runs <n>", "how many runs, each with the next seed", numberBetween(1, 10_000), 20)
    .option("--seed <n>", "the first seed", numberBetween(0, 999_999_999), 1)
    .option("--hosts <n>", "hosts of the fleet", numberBetween(1, HOSTS_MAX), 12)
    .option("--seconds <n>", "how long faults are made in each run", numberBetween(1, 3_600), 60)
    .option(
      "--faults <kinds>",
      "kinds of faults and orders, separated by commas, or all or none",
      parseKinds,
      EVENT_KINDS,
    )
    .option("--verbose", "show on stderr what happens while it does", false)
    .option("--json", "one JSON object on stdout", false)
    .parse([...args], { from: "user" }).opts();
}

function parseKinds(text: string): readonly EventKind[] {
  return text === "all" ? EVENT_KINDS : someOf(EVENT_KINDS)(text);
}
