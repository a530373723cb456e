/**
 * Goes through all states of small fleets: `deno task simulate:exhaustive`.
 *
 * @module
 */

import { newCommand } from "../../../scripts/command_line.ts";
import { explore } from "./explore.ts";
import { ALL, beginningOf, describePlan, SHARE } from "./fleets.ts";

const { quick, json } = newCommand(
  "simulate:exhaustive",
  "Goes through every order of what two and three hosts do in a rollout, with every crash, loss and verb that is allowed, and " +
    "checks the invariants in every state. The decisions and transactions are those that ship.",
)
  .option("--quick", "the fleets of the tests", false)
  .option("--json", "one JSON object on stdout", false)
  .parse(Deno.args, { from: "user" }).opts();

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

const rows = [];
for (const plan of quick ? SHARE : ALL) {
  const name = describePlan(plan);
  const { states, transitions, ends, violation } = explore(beginningOf(plan));
  rows.push({ name, states, transitions, ends, violation });
  if (!json) {
    say(`${name}: ${states} states, ${transitions} transitions, ${ends} ends`);
    if (violation !== null) say([violation.message, ...violation.trace].join("\n  "));
  }
  if (violation !== null) Deno.exitCode = 1;
}
const states = rows.reduce((sum, row) => sum + row.states, 0);
if (json) say(JSON.stringify({ states, rows }));
else say(`${states} states in all`);
