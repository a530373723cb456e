/**
 * The guarantees of the actor runtime under random trees, crashes and messages, at any length:
 *
 *     deno run -A tests/fuzz/runtime/main.ts [--count N] [--seed N [--path PATH]]
 *
 * Without a seed the cases are new ones; the seed is printed first.
 */

import { parseArgs } from "node:util";
import { checkModel } from "../../unit/actors/runtime/model.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: `${crypto.getRandomValues(new Int32Array(1))[0]}` },
    path: { type: "string" },
  },
});
const { path } = values;
const seed = Number(values.seed);
const cases = Number(values.count);
if (!Number.isInteger(seed) || !Number.isInteger(cases) || cases < 1) {
  throw new Error(
    `read the arguments: expected whole numbers, got ${values.count}, ${values.seed}`,
  );
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

say(path === undefined ? `${cases} cases from seed ${seed}` : `case ${path} of seed ${seed}`);
const startedMs = performance.now();
try {
  await checkModel({ cases, seed, ...path === undefined ? {} : { path } });
  say(`all keep the guarantees; ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  Deno.exitCode = 1;
}
