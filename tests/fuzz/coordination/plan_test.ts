/**
 * Plan files that nobody should write: a plan is read and checked, or refused with one clear message; it never ends in another
 * error. ROLLCALL_SEED and ROLLCALL_FUZZ_INPUTS say which files and how many; one file is one seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isName, isVersion } from "../../../base/names.ts";
import { UsageError } from "../../../cli/shared/errors.ts";
import { parseYaml } from "../../../cli/shared/yaml_file.ts";
import { checkPlan, type KnownService, planSchema } from "../../../rollout/mod.ts";
import { service } from "../../unit/rollout/views.ts";
import { Dice, inputCount, seedOfRun } from "../zookeeper/random.ts";

const seed = seedOfRun();
const count = inputCount(2_000);

const PLAN = `feed: http://build:7001/feed.json
services:
  web:
    version: v2
    dependsOn: [db]
    policy: { quorum: 75%, maxUnavailable: 1, bakeTime: 10s, health: { deadline: 2m, successes: 2 } }
  db:
    version: v2
order:
  - { service: db, hosts: [db-1] }
  - db
  - web
`;

/** What stands where something else should. */
const PIECES = [
  "",
  "null",
  "~",
  "-1",
  "1e999",
  "99999999999999999999h",
  "0s",
  "../../pwn",
  '"a\\0b"',
  "'\\u202egnp'",
  "x".repeat(300),
  "[]",
  "{}",
  "[a, [b, [c]]]",
  "{ __proto__: { version: v2 } }",
  "constructor",
  "*anchor",
  "&anchor v2",
  "!!binary aGk=",
  "!!js/function 'x'",
  "? [a]\n: b",
  "100%",
  "v2",
  "web",
  "zz",
  "\t",
  "{",
  "}",
  ": ",
  "- ",
  "\n",
];

function makePlan(dice: Dice): string {
  let text = PLAN;
  for (let left = 1 + dice.below(4); left > 0; left--) {
    const words = text.split(/(\s+|[:,{}[\]]+)/);
    const at = dice.below(words.length);
    words[at] = dice.chance(0.15) ? "" : dice.pick(dice.chance(0.5) ? PIECES : words);
    text = words.join("");
  }
  return dice.chance(0.1) ? text.slice(0, dice.below(text.length)) : text;
}

const FLEET: ReadonlyMap<string, KnownService> = new Map([
  ["web", { entry: service(), roster: ["web-1", "web-2"] }],
  ["db", { entry: service({ dependsOn: ["web"] }), roster: ["db-1"] }],
  ["zz", { entry: service({ dependsOn: ["zz"] }), roster: [] }],
]);

Deno.test(`plan: ${count} files that nobody should write are taken or refused with a message`, () => {
  let taken = 0;
  for (let index = 0; index < count; index++) {
    const ownSeed = (seed + index) >>> 0;
    const text = makePlan(new Dice(ownSeed));
    try {
      const plan = parseYaml(text, { path: "plan.yaml", kind: "plan", schema: planSchema });
      for (const [name, { version }] of Object.entries(plan.services)) {
        assert.ok(isName(name) && isVersion(version), `${name} ${version}`);
      }
      const checked = checkPlan(plan, FLEET);
      if (!checked.ok) assert.ok(checked.problems.every((problem) => problem.length < 3_000));
      taken++;
    } catch (cause) {
      if (cause instanceof UsageError) {
        assert.match(cause.message, /^read plan plan\.yaml:/);
        continue;
      }
      throw new Error(
        `plan of seed ${ownSeed}; again with: ROLLCALL_SEED=${ownSeed} ROLLCALL_FUZZ_INPUTS=1 ` +
          `deno test -A tests/fuzz/coordination/plan_test.ts\n${text}`,
        { cause },
      );
    }
  }
  if (count >= 1_000) assert.ok(taken > 0 && taken < count, `${taken} of ${count} taken`);
});
