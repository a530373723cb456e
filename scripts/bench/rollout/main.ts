/**
 * The benchmark of a rollout: what it costs at ZooKeeper, and how long one host waits for the next, with the real client
 * and the real actors over sockets to a real server. Beside it the plain recipe, kazoo's Lock, on the same server in the
 * same run. Both are counted by the same proxy.
 *
 * deno run -A scripts/bench/rollout/main.ts [--quick] [--json] [--write] [--hosts N,N] [--ours]
 *
 * `--quick` takes less than 50 s. `--json` prints one object with the rows. `--write` writes docs/benchmarks/rollout.md.
 * What does not complete is not counted; it is said on stderr, and under `failures` in the JSON.
 *
 * @module
 */

import { systemClock } from "../../../base/clock.ts";
import { type RealZooKeeper, startRealZooKeeper } from "../../../tests/real_zookeeper.ts";
import type { Contender } from "./contender.ts";
import { findKazoo, kazoo } from "./contenders/kazoo.ts";
import { ours } from "./contenders/ours.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import { measure, type Outcome } from "./measure.ts";
import { parseOptions } from "./options.ts";
import { SESSION_TIMEOUT_MS } from "./plan.ts";
import { RealSetting } from "./real_setting.ts";
import { type Case, failuresOf, toRows, toTables } from "./results.ts";

const options = parseOptions(Deno.args);

/** How much is measured. */
const EXTENT = options.quick
  ? { hostCounts: [10, 20], rounds: 1, idleMs: 10_500, settleMs: 1_000, limitMs: 20_000 }
  : { hostCounts: [10, 100, 1_000], rounds: 3, idleMs: 60_000, settleMs: 3_000, limitMs: 600_000 };

/** The sizes of the fleets. */
const HOST_COUNTS = options.hosts ?? EXTENT.hostCounts;

/** Fleets that are so large are run once. */
const ONE_ROUND_FROM_HOSTS = 500;

/** A quick run has to be over by then; what has not been measured did not complete. */
const DEADLINE_MS = options.quick ? systemClock.nowMs() + 48_000 : Infinity;

function leftMs(): number {
  return Math.max(0, DEADLINE_MS - systemClock.nowMs());
}

async function measureAll(contenders: readonly Contender[]): Promise<Case[]> {
  const server = await startRealZooKeeper({
    optimized: true,
    config: [`maxSessionTimeout=${SESSION_TIMEOUT_MS}`],
  });
  try {
    const cases: Case[] = [];
    for (const hostCount of HOST_COUNTS) {
      cases.push(...await measureFleet(contenders, { server, hostCount }));
    }
    return cases;
  } finally {
    await server.stop();
  }
}

/** Measures all contenders with one size of fleet, in turns. */
async function measureFleet(
  contenders: readonly Contender[],
  { server, hostCount }: { server: RealZooKeeper; hostCount: number },
): Promise<Case[]> {
  const outcomes = new Map<string, Outcome[]>(contenders.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  const rounds = hostCount < ONE_ROUND_FROM_HOSTS ? EXTENT.rounds : 1;
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const { name } = contender;
      if (failures.has(name)) continue;
      try {
        await using setting = await RealSetting.open(contender, {
          serverPort: server.port,
          chroot: `/${name}-${hostCount}-${round}`,
        });
        const outcome = await measure(contender, setting, {
          hostCount,
          settleMs: EXTENT.settleMs,
          limitMs: () => Math.min(EXTENT.limitMs, leftMs()),
          idleMs: () => isIdleMeasured(hostCount) && leftMs() > EXTENT.idleMs ? EXTENT.idleMs : 0,
        });
        outcomes.get(name)?.push(outcome);
        progress(`${hostCount} hosts, ${name}: round ${round + 1} of ${rounds}`);
      } catch (error) {
        if (!(error instanceof DidNotComplete)) throw error;
        failures.set(name, error.message);
        progress(`${hostCount} hosts, ${name}: did not complete: ${error.message}`);
      }
    }
  }
  return contenders.map(({ name }) => ({
    hostCount,
    contender: name,
    outcomes: failures.has(name) ? [] : outcomes.get(name) ?? [],
    failure: failures.get(name) ?? null,
  }));
}

/** There is no time in a quick run to watch each fleet while it is idle. */
function isIdleMeasured(hostCount: number): boolean {
  return !options.quick || hostCount === HOST_COUNTS.at(-1);
}

function progress(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

const missing = options.ours ? null : await findKazoo();
if (missing !== null) progress(missing);
const cases = await measureAll(options.ours || missing !== null ? [ours] : [ours, kazoo]);
const text = options.json
  ? JSON.stringify({ rows: toRows(cases), failures: failuresOf(cases) })
  : toTables(cases);
Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
