/**
 * Puts each planted bug into the code, and looks for the first seed that shows it: `deno task simulate:bugs --help`.
 *
 * @module
 */

import { countingNumber, newCommand } from "../../../../scripts/command_line.ts";
import { readFindings, SEEDS_MAX, writeFindings } from "./page.ts";
import { readBugs } from "./planted_bug.ts";
import { findSeed } from "./search.ts";

const bugs = await readBugs();
const command = newCommand(
  "simulate:bugs",
  "Puts planted bugs into the code that ships, one at a time, and looks for the first seed of the simulation that shows " +
    "each. Ends with status 1 if one is not found.",
)
  .usage("[options] [NAME...]")
  .argument("[NAME...]", "which bugs; the default is all")
  .option("--from <n>", "the first seed to try", countingNumber, 1)
  .option("--seeds <n>", "most seeds to try", countingNumber, SEEDS_MAX)
  .option("--jobs <n>", "how many at once", countingNumber, navigator.hardwareConcurrency)
  .option(
    "--page",
    "only make docs/planted_bugs.md anew from findings.json, as after a merge",
    false,
  )
  .option("--write", "write the seeds to findings.json and docs/planted_bugs.md", false)
  .action(async (names) => {
    const unknown = names.filter((name) => !bugs.has(name));
    if (unknown.length > 0) {
      command.error(`error: expected some of ${[...bugs.keys()].join(", ")}, was ${unknown}`);
    }
    if (command.opts().page) return await writeFindings(bugs, await readFindings());
    Deno.exitCode = await search(names.length === 0 ? [...bugs.keys()] : names);
  });
await command.parseAsync(Deno.args, { from: "user" });

/** Looks for all of them. Returns the exit status. */
async function search(names: readonly string[]): Promise<number> {
  const { from, seeds, jobs, write } = command.opts();
  const findings = await readFindings();
  const waiting = [...names];
  let missed = 0;
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const bug = bugs.get(name);
      if (bug === undefined) continue;
      const found = await findSeed(bug, { from, count: seeds });
      if (found === null) {
        missed++;
        findings.delete(name);
        say(`${name}: not noticed within ${seeds} seeds`);
      } else {
        findings.set(name, { seed: found.seed, check: found.check });
        say(`${name}: seed ${found.seed}, ${found.message.split("\n", 1)[0]}`);
      }
    }
  }));
  if (write) await writeFindings(bugs, findings);
  say(`${names.length - missed} of ${names.length} bugs are noticed`);
  return missed === 0 ? 0 : 1;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
