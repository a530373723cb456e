/**
 * `deno task test:chaos`: the fleet as real processes under faults. `--help` says how.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { addCounts, explain, isolatedRun, isolationProblem } from "./campaign.ts";
import { parseChaosOptions } from "./options.ts";

const EXIT_FAILURE = 1;
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const options = parseChaosOptions(Deno.args);

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(`${text}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

/** Progress goes to stderr if stdout is for programs. */
function say(text: string): void {
  write(options.json ? Deno.stderr : Deno.stdout, text);
}

const stop = new AbortController();
let stoppedBy: keyof typeof STOP_SIGNALS | null = null;
for (const name of Object.keys(STOP_SIGNALS) as (keyof typeof STOP_SIGNALS)[]) {
  Deno.addSignalListener(name, () => {
    stoppedBy = name;
    stop.abort(new Error(`stopped by ${name}`));
  });
}

/** Makes the runs one after the other; the exit status. */
async function main(): Promise<number> {
  const problem = await isolationProblem();
  if (problem !== null) {
    write(Deno.stderr, `test:chaos: nothing was run: ${problem}`);
    return EXIT_FAILURE;
  }
  const totals = { events: {}, decisions: {}, commands: {} };
  const runs = [];
  for (let seed = options.seed; seed < options.seed + options.runs; seed++) {
    try {
      const result = await isolatedRun(
        {
          seed,
          hostCount: options.hosts,
          faultsMs: options.seconds * 1_000,
          kinds: options.faults,
        },
        {
          signal: stop.signal,
          onLine: (line) => options.verbose && write(Deno.stderr, line),
        },
      );
      for (const kind of ["events", "decisions", "commands"] as const) {
        addCounts(totals[kind], result.counts[kind]);
      }
      const { violations, seconds, counts, unexpectedEnds, sightings } = result;
      runs.push({ seed, violations, seconds, counts, unexpectedEnds, sightings });
      const all = seconds.start + seconds.faults + seconds.end;
      say(
        `seed ${seed}: ${violations.length === 0 ? "ok" : "VIOLATED"} in ${all.toFixed(0)} s ` +
          `(${seconds.start.toFixed(0)} to start, ${seconds.end.toFixed(0)} to end), ` +
          `${sightings} service processes, ${unexpectedEnds} agents ended by themselves`,
      );
      if (violations.length > 0) say(explain(result));
    } catch (error) {
      if (stop.signal.aborted) break;
      const message = reasonOf(error);
      runs.push({ seed, failure: message });
      say(`seed ${seed}: the run could not be made: ${message}`);
    }
  }
  if (stoppedBy !== null) say(`stopped by ${stoppedBy} after ${runs.length} runs`);
  const bad = runs.filter((run) => "failure" in run || run.violations.length > 0);
  if (options.json) write(Deno.stdout, JSON.stringify({ runs, totals }));
  else {
    for (const [name, counts] of Object.entries(totals)) {
      const list = Object.entries<number>(counts).sort(([, one], [, other]) => other - one);
      say(`${name}: ${list.map(([what, count]) => `${what} ${count}`).join(", ")}`);
    }
    const seeds = bad.map(({ seed }) => seed).join(", ");
    say(bad.length > 0 ? `wrong: seeds ${seeds}` : `all invariants hold in ${runs.length} runs`);
  }
  return bad.length === 0 ? 0 : EXIT_FAILURE;
}

const status = await main();
Deno.exit(stoppedBy === null ? status : 128 + STOP_SIGNALS[stoppedBy]);
