/**
 * The benchmark of the actor runtime, beside other actor libraries on the same Deno and beside Erlang.
 * Each contender runs in a process of its own; rounds alternate, so that other load on the machine
 * affects all of them alike; medians and spreads are shown.
 */

import { benchCommand } from "../command_line.ts";
import { progress } from "../report.ts";
import { type Case, CROSSINGS, DELAYS, MEMORY, RATES } from "./cases.ts";
import {
  type Answer,
  type Contender,
  ContenderProcess,
  CONTENDERS,
  CROSSING_CONTENDERS,
  peerVersions,
} from "./contender.ts";
import { runErlang } from "./erlang.ts";
import { type Results, toMarkdown, toRows } from "./results.ts";

const HERE = new URL("./", import.meta.url);
const PAGE = new URL("../../../docs/benchmarks/actors.md", HERE);

const { quick, json, write } = benchCommand({
  name: "actors",
  compares: "The actor runtime beside other actor libraries on the same Deno, and beside Erlang",
  quick: "without Erlang, within 50 s",
  page: "docs/benchmarks/actors.md",
}).parse(Deno.args, { from: "user" }).opts();

const ROUNDS = quick ? 3 : 7;
const ROUND_MS = quick ? 200 : 1_000;
const WARM_UP_MS = quick ? 150 : 1_000;
const DELAY_MS = quick ? 500 : 2_000;
const IDLE_ACTORS = 100_000;
/** Fewer for Comedy, which takes ten times as long to spawn; its memory per actor does not depend on their number. */
const IDLE_ACTORS_OF_COMEDY = quick ? 20_000 : IDLE_ACTORS;
/** Contenders whose busy actors let the event loop turn at all. */
const WITH_DELAYS = ["ours", "nact", "Effect"];
const OWN_LOADS = [undefined, "one busy actor", "100 busy actors", "one caller that asks"];

/** The other libraries are installed as a package of their own, which the project does not depend on. */
async function installPeers(): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--frozen", "--quiet"],
    cwd: HERE,
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("install the peers: expected deno install to work, see above");
}

const values = new Map<string, Map<string, number[]>>();

function record(name: string, contender: string, value: number | undefined): void {
  if (value === undefined) return;
  const byContender = values.get(name) ?? new Map<string, number[]>();
  values.set(name, byContender);
  byContender.set(contender, [...byContender.get(contender) ?? [], value]);
}

async function runRates(
  cases: readonly Case[],
  contenders: readonly Contender[],
): Promise<void> {
  const processes = contenders.map((contender) => new ContenderProcess(contender));
  for (const { name } of cases) {
    for (const process of processes) {
      await process.run({ kind: "rate", name, durationMs: WARM_UP_MS });
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const process of processes) {
        const { value } = await process.run({ kind: "rate", name, durationMs: ROUND_MS });
        record(name, process.name, value);
      }
    }
    progress(`${name}: ${ROUNDS} rounds`);
  }
  for (const process of processes) await process.end();
}

/** Each case in new processes, because earlier cases would affect the memory. */
async function runMemory(): Promise<void> {
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const contender of CONTENDERS) {
      const process = new ContenderProcess(contender);
      const count = contender.name === "Comedy" ? IDLE_ACTORS_OF_COMEDY : IDLE_ACTORS;
      record(MEMORY.name, contender.name, (await process.run({ kind: "memory", count })).value);
      await process.end();
    }
  }
  progress(MEMORY.name);
}

async function runDelay(contender: Contender, name: string | undefined) {
  const process = new ContenderProcess(contender);
  const answer: Answer = await process.run({
    kind: "delay",
    durationMs: DELAY_MS,
    ...name === undefined ? {} : { name },
  });
  await process.end();
  const { timer, socket } = answer;
  if (timer === undefined || socket === undefined) throw new Error("no delays were measured");
  return { timer, socket };
}

async function runDelays(): Promise<Results["ownDelays"]> {
  const [timerCase, socketCase] = DELAYS;
  const own: Map<string, Awaited<ReturnType<typeof runDelay>>> = new Map();
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const contender of CONTENDERS.filter(({ name }) => WITH_DELAYS.includes(name))) {
      const { timer, socket } = await runDelay(contender, "one busy actor");
      record(timerCase?.name ?? "", contender.name, timer.p99);
      record(socketCase?.name ?? "", contender.name, socket.median);
    }
  }
  for (const load of quick ? [] : OWN_LOADS) {
    own.set(load ?? "none", await runDelay(CONTENDERS[0], load));
  }
  progress("delays under load");
  return own;
}

await installPeers();
await runRates(RATES, CONTENDERS);
for (const crossing of CROSSINGS) {
  await runRates([crossing], CROSSING_CONTENDERS[crossing.name] ?? []);
}
await runMemory();
const ownDelays = await runDelays();
const results: Results = {
  values,
  ownDelays,
  erlang: quick ? undefined : await runErlang(3, ROUND_MS),
  versions: await peerVersions(),
};

if (json) {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify({ rows: toRows(results) })}\n`));
} else {
  Deno.stdout.writeSync(new TextEncoder().encode(`${toMarkdown(results)}\n`));
}
if (write) await Deno.writeTextFile(PAGE, page(results));

function page(of: Results): string {
  const what = [...RATES, ...CROSSINGS, MEMORY, ...DELAYS]
    .map(({ name, what }) => `- _${name}_: ${what}.`)
    .join("\n");
  return `<!-- deno-fmt-ignore-file -->
<!-- Generated by scripts/bench/actors/main.ts --write. -->

# The actor runtime beside others

Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${navigator.hardwareConcurrency} cores. Each contender runs in a process of its own; ${ROUNDS} rounds of
${ROUND_MS} ms take turns. A value is the median, ± is half the distance between the quartiles. All that our
runtime guarantees is on: bounded mailboxes, supervision, dead letters, deadlines.

${what}

XState handles an event inline while the sender waits, so it neither queues nor yields, and has no
delays under load to measure: a busy actor there lets nobody else run, and nor does one of Comedy's,
which go on in microtasks. nact handles one message per turn of the event loop, which makes it slow and the
process lively: see [how we dispatch](../decisions/010-dispatch.md). nact, XState and Effect have no actors in workers
or other processes.

${toMarkdown(of)}
`;
}
