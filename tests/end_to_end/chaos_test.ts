/**
 * A small share of `deno task test:chaos`: one short run, and the end of everything that a run has started when it is
 * stopped.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findMarked } from "../../scripts/demo/marked_processes.ts";
import { explain, isolatedRun, isolationProblem } from "../chaos/campaign.ts";
import { markOf } from "../chaos/run.ts";
import { EVENT_KINDS } from "../chaos/schedule.ts";
import { TextLineStream } from "../integration/cli/text_lines.ts";

const PROBLEM = await isolationProblem();
const WHERE = PROBLEM === null ? "" : ` (not on this machine: ${PROBLEM})`;

Deno.test({
  name: `chaos: a fleet of real processes keeps its invariants under faults${WHERE}`,
  ignore: PROBLEM !== null,
  async fn() {
    const result = await isolatedRun(
      { seed: 1, hostCount: 4, faultsMs: 20_000, kinds: EVENT_KINDS },
      { signal: new AbortController().signal, onLine() {} },
    );
    assert.equal(result.violations.length, 0, explain(result));
    // A run in which nothing happened shows nothing.
    const { decisions } = result.counts;
    assert.ok((decisions["fence passed"] ?? 0) >= 4, JSON.stringify(result.counts));
    assert.ok(result.sightings >= 8, `${result.sightings}`);
  },
});

Deno.test({
  name: `chaos: nothing is left of a run that is stopped${WHERE}`,
  ignore: PROBLEM !== null,
  async fn() {
    const seed = 900_000_000 + Math.floor(Math.random() * 99_999_999);
    const program = fileURLToPath(new URL("../chaos/main.ts", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", program, "--seed", `${seed}`, "--hosts", "2", "--verbose"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const lines = child.stderr.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      if (!line.includes("all agents are registered")) continue;
      assert.ok(findMarked(markOf(seed)).length >= 4);
      child.kill("SIGINT");
    }
    assert.equal((await child.status).code, 130);
    assert.deepEqual(findMarked(markOf(seed)), []);
  },
});
