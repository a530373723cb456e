/**
 * The planted bugs are noticed: each at the seed that is recorded for it, or soon after it. The recorded seed is the first one
 * that shows the bug as long as nothing else has changed in what is simulated; when the search from it on gets too long,
 * `deno task simulate:bugs --write` records it anew.
 *
 * @module
 */

import assert from "node:assert/strict";
import { expectedPage, PAGE, readFindings, SEEDS_MAX } from "./page.ts";
import { readBugs } from "./planted_bug.ts";
import { runPlanted } from "./planted_tree.ts";
import { findSeed } from "./search.ts";

/** Most seeds that are tried for one bug from the recorded one on. */
const TRIES = 40;

/** Most seeds that are tried for all of them beyond the recorded ones: the tests have to end. */
const TRIES_IN_ALL = 300;

const bugs = await readBugs();
const findings = await readFindings();
let triesLeft = TRIES_IN_ALL;

Deno.test("planted bugs: each has a seed that shows it, and the page of the docs has them all", async () => {
  assert.deepEqual([...findings.keys()].sort(), [...bugs.keys()]);
  for (const { seed } of findings.values()) assert.ok(seed <= SEEDS_MAX);
  assert.equal(await Deno.readTextFile(PAGE), await expectedPage(bugs, findings));
});

for (const [name, finding] of findings) {
  const bug = bugs.get(name);
  if (bug === undefined) continue;
  Deno.test(`planted bugs: ${name} is noticed, and the code without it is sound`, async () => {
    const from = finding.seed;
    const found = await findSeed(bug, { from, count: 1 + Math.min(TRIES, triesLeft) });
    triesLeft -= (found?.seed ?? from + TRIES) - from;
    assert.ok(
      found !== null,
      `not noticed from seed ${from} on; run: deno task simulate:bugs ${name} --write`,
    );
  });
}

interface Explained {
  readonly violation: string;
  readonly schedule: readonly unknown[];
  readonly faultsBefore: number;
  readonly replay: string;
}

Deno.test("planted bugs: a schedule is shortened to what shows the bug, and the command replays it", async () => {
  const name = "ephemeral_slot";
  const bug = bugs.get(name);
  assert.ok(bug !== undefined);
  const found = await findSeed(bug, { from: findings.get(name)?.seed ?? 1, count: SEEDS_MAX });
  const args = ["--bug", name, "--seed", `${found?.seed}`, "--seeds", "1", "--json"];
  const { code, text } = await runPlanted(bug, args, { stdout: "piped" });
  assert.equal(code, 1);
  const { explained } = JSON.parse(text) as { readonly explained: Explained };
  assert.ok(explained.violation.startsWith("I5 stands"));
  assert.ok(explained.schedule.length < explained.faultsBefore);

  const replay = explained.replay.split(" ").slice(3);
  const messageOf = async (command: readonly string[]) => {
    const replayed = await runPlanted(bug, [...command, "--json"], { stdout: "piped" });
    return (JSON.parse(replayed.text) as { readonly violation: string | null }).violation;
  };
  assert.equal(await messageOf(replay), explained.violation);
  // Without any one of the faults that are left it is not shown.
  const at = replay.indexOf("--only") + 1;
  const kept = replay[at]?.split(",") ?? [];
  assert.equal(kept.length, explained.schedule.length);
  for (const index of kept) {
    const others = kept.filter((one) => one !== index).join(",") || "none";
    const message = await messageOf(replay.with(at, others));
    assert.ok(!message?.startsWith("I5 stands"), `without fault ${index}`);
  }
});
