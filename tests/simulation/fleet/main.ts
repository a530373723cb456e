/**
 * The simulation at any length, and the replay of one run: `deno task simulate --help` says how. Runs that many seeds; of
 * the first that breaks an invariant it shows the shortest schedule that it finds, what happened on the hosts that have to
 * do with it, and the command that replays it.
 *
 * @module
 */

import process from "node:process";
import { runCampaign } from "./campaign.ts";
import { parseSimulateOptions } from "./options.ts";
import { readBugs } from "./planted/planted_bug.ts";
import { runPlanted } from "./planted/planted_tree.ts";
import type { FirstViolation } from "./planted/search.ts";
import { PLANTED } from "./planted/this_tree.ts";
import { reduce, type Reduction, reductionOf, reductionOptions } from "./reduction.ts";
import { runScenario } from "./run.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { runInThreads } from "./threads.ts";
import type { TraceLine } from "./world.ts";

/** Lines of the trace that are shown of a run that breaks an invariant. */
const SHOWN_LINES = 60;

const options = parseSimulateOptions(Deno.args, await readBugs());
const { bug, kinds, skipped, seed: first, seeds: count, hosts: hostCount, services: serviceCount } =
  options;

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** The command that makes a run again, with what matters of it. */
function replayOf(seed: number, all: Scenario, kept: Reduction): string {
  return [
    `deno task simulate --seeds 1 --seed ${seed}`,
    ...hostCount === undefined ? [] : [`--hosts ${hostCount}`],
    ...serviceCount === undefined ? [] : [`--services ${serviceCount}`],
    ...options.given,
    ...reductionOptions(all, kept),
    "--trace",
  ].join(" ");
}

function lineOf({ atMs, place, what }: TraceLine): string {
  return `${atMs.toFixed(0).padStart(8)} ms  ${place.padEnd(12)} ${what}`;
}

/** Shows one run in full. */
async function showOne(): Promise<number> {
  const all = drawScenario({ seed: first, hostCount, serviceCount, kinds });
  const kept = reduce(all, reductionOf(all, options));
  if (kept.hosts.length === 0 || kept.services.length === 0) {
    const hosts = all.hosts.map(({ name }) => name).join(", ");
    const services = all.services.map(({ name }) => name).join(", ");
    const expected =
      `simulate: expected some of the hosts ${hosts} and of the services ${services}`;
    Deno.stderr.writeSync(new TextEncoder().encode(`${expected}\n`));
    return 2;
  }
  const result = await runScenario(kept, { skipped });
  if (options.json) {
    say(JSON.stringify({ ...result, violation: result.violation?.message ?? null }));
  } else {
    say(JSON.stringify(kept, null, 2));
    for (const line of result.lines) say(lineOf(line));
    say(result.violation === null ? "all invariants hold" : result.violation.message);
  }
  return result.violation === null ? 0 : 1;
}

/** Explains a run that breaks an invariant. */
async function explain(seed: number): Promise<Record<string, unknown>> {
  const scenario = drawScenario({ seed, hostCount, serviceCount, kinds });
  const shrunk = await shrink(scenario, await runScenario(scenario, { skipped }), { skipped });
  const { violation, lines } = shrunk.result;
  const hosts = new Set(violation?.hosts ?? []);
  const involved = lines.filter(({ place }) =>
    place === "" || hosts.size === 0 || hosts.has(place)
  );
  return {
    seed,
    violation: violation?.message,
    fleet: { ...shrunk.scenario, faults: undefined },
    schedule: shrunk.scenario.faults,
    faultsBefore: scenario.faults.length,
    trace: involved.slice(-SHOWN_LINES).map(lineOf),
    replay: replayOf(seed, scenario, shrunk.kept),
  };
}

/** Makes runs until one breaks an invariant. */
async function runUntilFirst(): Promise<number> {
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  let found: FirstViolation | null = null;
  await runCampaign({
    seeds,
    hostCount,
    serviceCount,
    kinds,
    skipped,
    onRun(_, { seed, violation }) {
      if (violation === null) return true;
      found = { seed, check: violation.check, message: violation.message };
      return false;
    },
  });
  say(JSON.stringify(found));
  return found === null ? 0 : 1;
}

/** The commit of the code that runs; null if that is not known. */
async function commit(): Promise<string | null> {
  try {
    const cwd = new URL(".", import.meta.url);
    const git = (...args: string[]) => new Deno.Command("git", { args, cwd }).output();
    const [head, changes] = await Promise.all([
      git("rev-parse", "--short=12", "HEAD"),
      git("status", "--porcelain"),
    ]);
    if (!head.success) return null;
    const name = new TextDecoder().decode(head.stdout).trim();
    return changes.stdout.length === 0 ? name : `${name} and changes`;
  } catch {
    return null;
  }
}

async function runMany(): Promise<number> {
  const startedMs = performance.now();
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  const { figures, violations } = await runInThreads(
    { seeds, hostCount, serviceCount, kinds, skipped },
    options.jobs,
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage();
  const [worst] = violations.keys();
  const explained = worst === undefined ? null : await explain(worst);
  const summary = {
    commit: await commit(),
    seeds: count,
    first,
    kinds,
    seconds,
    seedsPerSecond: count / seconds,
    seedsPerCpuSecond: count / ((user + system) / 1e6),
    ...figures,
    violations: Object.fromEntries(violations),
    explained,
  };
  if (options.json) say(JSON.stringify(summary));
  else show(summary);
  return violations.size === 0 ? 0 : 1;
}

function show(summary: {
  seeds: number;
  seedsPerSecond: number;
  seedsPerCpuSecond: number;
  violations: Record<string, string>;
  faults: Record<string, number>;
  transactions: Record<string, number>;
  verbs: Record<string, number>;
  explained: Record<string, unknown> | null;
}): void {
  const counts = (of: Record<string, number>) =>
    Object.entries(of).sort(([, a], [, b]) => b - a).map(([name, n]) => `${name} ${n}`).join(", ");
  say(
    `${summary.seeds} seeds, ${summary.seedsPerSecond.toFixed(1)} per second ` +
      `(${summary.seedsPerCpuSecond.toFixed(1)} per second of processor time)`,
  );
  say(`faults: ${counts(summary.faults)}`);
  say(`transactions: ${counts(summary.transactions)}`);
  say(`operators: ${counts(summary.verbs)}`);
  const broken = Object.entries(summary.violations);
  if (broken.length === 0) return say("all invariants hold");
  say(`${broken.length} seeds break an invariant:`);
  for (const [seed, message] of broken.slice(0, 50)) {
    say(`  ${seed}: ${message.split("\n", 1)[0]?.slice(0, 160)}`);
  }
  const { explained } = summary;
  if (explained === null) return;
  say(`\nseed ${explained["seed"]}: ${explained["violation"]}`);
  say(`\n${(explained["trace"] as string[]).join("\n")}`);
  say(`\nschedule (${explained["faultsBefore"]} faults before it was shortened):`);
  say(JSON.stringify(explained["schedule"], null, 1));
  say(`\nagain: ${explained["replay"]}`);
}

if (bug !== null && bug.name !== PLANTED) {
  Deno.exitCode = (await runPlanted(bug, Deno.args, { stdout: "inherit" })).code;
} else if (options.trace) Deno.exitCode = await showOne();
else Deno.exitCode = options.first ? await runUntilFirst() : await runMany();
