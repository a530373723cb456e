/**
 * The benchmark of a rollout: what it costs at ZooKeeper, and how long one host waits for the next, with the real client
 * and the real actors over sockets to a real server. Beside it the plain recipe, kazoo's Lock, on the same server in the
 * same run; both are counted by the same proxy. A fleet that no machine holds runs in virtual time. What does not complete
 * is not counted; it is said on stderr, on the page, and under `failures` in the JSON.
 *
 * @module
 */

import { systemClock } from "../../../base/clock.ts";
import { type RealZooKeeper, startRealZooKeeper } from "../../../tests/real_zookeeper.ts";
import { progress } from "../report.ts";
import type { Contender } from "./contender.ts";
import { findKazoo, kazoo } from "./contenders/kazoo.ts";
import { ours } from "./contenders/ours.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import { measure, type Outcome } from "./measure.ts";
import { parseOptions } from "./options.ts";
import { toPage } from "./page.ts";
import { SESSION_TIMEOUT_MS } from "./plan.ts";
import { RealSetting } from "./real_setting.ts";
import { type Case, failuresOf, OURS, toRows, toTable } from "./results.ts";
import { simulate } from "./simulate.ts";

const PAGE = new URL("../../../docs/benchmarks/rollout.md", import.meta.url);

const options = parseOptions(Deno.args);

/** How much is measured. */
const EXTENT = options.quick
  ? {
    hosts: [10, 20],
    simulated: [],
    rounds: 1,
    idleMs: 10_500,
    settleMs: 1_000,
    limitMs: 20_000,
  }
  : {
    hosts: [10, 100, 1_000],
    simulated: [100, 10_000],
    rounds: 3,
    idleMs: 60_000,
    settleMs: 3_000,
    limitMs: 300_000,
  };

/** Most real time for a fleet in virtual time, in ms: a thousand times as much happens as in a fleet of ten. */
const SIMULATION_LIMIT_MS = 2_400_000;

/** Other programs slow down whoever has many threads less than whoever has one. */
const loadBefore = Deno.loadavg()[0] ?? NaN;

const { hosts: HOST_COUNTS = EXTENT.hosts, simulated: SIMULATED_COUNTS = EXTENT.simulated } =
  options;

const ROUNDS = options.rounds ?? EXTENT.rounds;

/** An idle fleet that is watched for less says nothing. */
const IDLE_LEAST_MS = 2_000;

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
  const rounds = hostCount < ONE_ROUND_FROM_HOSTS ? ROUNDS : 1;
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
          settleMs: settleMsOf(hostCount),
          limitMs: () => Math.min(EXTENT.limitMs, leftMs()),
          idleMs: () => round === rounds - 1 ? idleMsOf(hostCount) : 0,
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
    isSimulated: false,
    outcomes: failures.has(name) ? [] : outcomes.get(name) ?? [],
    failure: failures.get(name) ?? null,
  }));
}

/** Measures ours in virtual time. */
async function measureSimulated(hostCount: number): Promise<Case> {
  const { idleMs } = EXTENT;
  const settleMs = settleMsOf(hostCount);
  const facts = { hostCount, contender: OURS, isSimulated: true };
  try {
    const realLimitMs = Math.min(SIMULATION_LIMIT_MS, leftMs());
    const outcome = await simulate({ hostCount, settleMs, idleMs, realLimitMs });
    progress(`${hostCount} hosts, simulated`);
    return { ...facts, outcomes: [outcome], failure: null };
  } catch (error) {
    if (!(error instanceof DidNotComplete)) throw error;
    progress(`${hostCount} hosts, simulated: did not complete: ${error.message}`);
    return { ...facts, outcomes: [], failure: error.message };
  }
}

/** How long a fleet is left alone: the end of a rollout wakes each host at a moment of its own, within 5 ms per host. */
function settleMsOf(hostCount: number): number {
  return Math.max(EXTENT.settleMs, Math.min(36_000, 6 * hostCount));
}

/** How long an idle fleet is watched. In a quick run that is the last one alone, and there may not be much time left. */
function idleMsOf(hostCount: number): number {
  if (options.quick && hostCount !== HOST_COUNTS.at(-1)) return 0;
  const idleMs = Math.min(EXTENT.idleMs, leftMs());
  return idleMs < IDLE_LEAST_MS ? 0 : idleMs;
}

const missing = options.ours ? null : await findKazoo();
if (missing !== null) progress(missing);
const cases = HOST_COUNTS.length === 0
  ? []
  : await measureAll(options.ours || missing !== null ? [ours] : [ours, kazoo]);
for (const hostCount of SIMULATED_COUNTS) cases.push(await measureSimulated(hostCount));
const text = options.json
  ? JSON.stringify({ rows: toRows(cases), failures: failuresOf(cases) })
  : [toTable(cases), ...failuresOf(cases)].join("\n\n");
Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
if (options.write) {
  await Deno.writeTextFile(PAGE, toPage(cases, { ...EXTENT, rounds: ROUNDS, loadBefore }));
}
