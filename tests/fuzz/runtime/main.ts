/**
 * The guarantees of the actor runtime under random trees, crashes and messages, at any length. Without a seed the cases
 * are new ones; the seed is printed first.
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { reasonOf } from "../../../base/reason.ts";
import { countingNumber, newCommand } from "../../../scripts/command_line.ts";
import { checkModel } from "../../unit/actors/runtime/model.ts";

const { path, seed, count: cases } = newCommand(
  "test:model",
  "The guarantees of the actor runtime under random trees, crashes and messages",
)
  .option("--count <n>", "how many cases", countingNumber, 100_000)
  .option(
    "--seed <n>",
    "the seed of the cases; the default is another one each time",
    parseSeed,
    crypto.getRandomValues(new Int32Array(1))[0] ?? 0,
  )
  .option("--path <path>", "of that seed only the case at this path, as a failure names it")
  .parse(Deno.args, { from: "user" }).opts();

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

say(path === undefined ? `${cases} cases from seed ${seed}` : `case ${path} of seed ${seed}`);
const startedMs = performance.now();
try {
  await checkModel({ cases, seed, ...path === undefined ? {} : { path } });
  say(`all keep the guarantees; ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
} catch (error) {
  say(reasonOf(error));
  Deno.exitCode = 1;
}

/** A seed is a signed integer of 32 bits. */
function parseSeed(text: string): number {
  if (/^-?\d+$/.test(text) && Number(text) === (Number(text) | 0)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number of 32 bits.");
}
