/**
 * Runs, each in namespaces of its own, and what is told about them.
 *
 * @module
 */

import { isolationProblem, runIsolated } from "./isolation.ts";
import type { RunResult } from "./run.ts";
import { EVENT_KINDS, type ScheduleOptions } from "./schedule.ts";

export { isolationProblem };

/** How long a run may take beside its faults. It has deadlines of its own; this one is for a run that hangs. */
const HUNG_MS = 600_000;

/** Makes one run. Rejects if it could not be made, or was stopped. */
export async function isolatedRun(
  options: ScheduleOptions,
  { signal, onLine }: {
    readonly signal: AbortSignal;
    readonly onLine: (line: string) => void;
  },
): Promise<RunResult> {
  let result: RunResult | null = null;
  let failure = "";
  const limit = AbortSignal.timeout(options.faultsMs + HUNG_MS);
  await runIsolated("./inside.ts", {
    args: [JSON.stringify(options)],
    signal: AbortSignal.any([signal, limit]),
    onLine(text) {
      const said: { line?: string; result?: RunResult; failure?: string } = JSON.parse(text);
      if (said.line !== undefined) onLine(said.line);
      if (said.result !== undefined) result = said.result;
      if (said.failure !== undefined) failure = said.failure;
    },
  });
  signal.throwIfAborted();
  if (result !== null) return result;
  throw new Error(failure || `the run of seed ${options.seed} ended without a result`);
}

/** Everything about a run in which something was wrong. */
export function explain({ seed, violations, story, logs, schedule }: RunResult): string {
  const hosts = schedule.hosts.length;
  return [
    `seed ${seed}, ${hosts} hosts: ${violations.length} violations`,
    ...violations.map(({ check, what }) => `  ${check}: ${what}`),
    "",
    "what happened:",
    ...story,
    "",
    "drawn by the seed:",
    ...schedule.events.map((event) => `  ${JSON.stringify(event)}`),
    ...Object.entries(logs).flatMap(([host, lines]) => ["", `log of ${host}:`, ...lines]),
    "",
    `again: deno task test:chaos --runs 1 --seed ${seed} --hosts ${hosts} ` +
    `--seconds ${schedule.faultsMs / 1_000}` +
    (schedule.kinds.length === EVENT_KINDS.length
      ? ""
      : ` --faults ${schedule.kinds.join(",") || "none"}`),
  ].join("\n");
}

/** Adds up how often each thing was seen. */
export function addCounts(
  total: Record<string, number>,
  counts: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
}
