/**
 * The small fleets that are gone through whole, and what may happen in each.
 *
 * @module
 */

import { NOTHING_DONE } from "../../../actors/upgrade_coordinator/machine/drain.ts";
import type { Gate, Policy } from "../../../rollout/mod.ts";
import { fleet, rollWaves } from "../../unit/rollout/memory_tree.ts";
import type { Allowance, Host, World } from "./world.ts";

/** A fleet, at the begin of a rollout, with what may happen in it. */
export interface Plan {
  readonly hostCount: number;
  readonly may: Partial<Allowance>;
  readonly policy?: Partial<Policy>;
  /** The gate before its second wave, which is of all; the first one is of `web-1`. Default: there is one wave, of all. */
  readonly gate?: Gate;
}

const NOTHING: Allowance = {
  crashes: 0,
  powerCuts: 0,
  expiries: 0,
  losses: 0,
  failures: 0,
  pauses: 0,
  aborts: 0,
  forgets: 0,
  drains: 0,
};

/** Two at a time of three. */
const TWO_OF_THREE = { quorum: 2, maxUnavailable: 2, maxConcurrent: 2 } as const;

/** The plans that are gone through with the tests: some 50,000 states. */
export const SHARE: readonly Plan[] = [
  { hostCount: 2, may: { crashes: 1 } },
  { hostCount: 2, may: { powerCuts: 1, forgets: 1 } },
  { hostCount: 2, may: { expiries: 1, losses: 1 } },
  { hostCount: 2, may: { failures: 1, pauses: 1 } },
  { hostCount: 2, may: { failures: 1 }, policy: { maxFailures: 1 } },
  { hostCount: 2, may: { aborts: 1, losses: 1 } },
  { hostCount: 2, may: { crashes: 1 }, gate: { afterMs: 1 } },
  { hostCount: 2, may: { losses: 1 }, gate: {} },
  { hostCount: 2, may: { drains: 1 } },
  { hostCount: 1, may: { drains: 1, forgets: 1, crashes: 1 } },
  { hostCount: 3, may: {} },
  { hostCount: 3, may: {}, policy: TWO_OF_THREE },
];

/** All plans: some million states. */
export const ALL: readonly Plan[] = [
  ...SHARE,
  { hostCount: 2, may: { crashes: 1, aborts: 1, forgets: 1 } },
  { hostCount: 2, may: { crashes: 1, losses: 1, failures: 1 } },
  { hostCount: 2, may: { crashes: 1, expiries: 1, forgets: 1, pauses: 1 } },
  { hostCount: 2, may: { powerCuts: 1, aborts: 1, pauses: 1 } },
  { hostCount: 2, may: { powerCuts: 2 } },
  { hostCount: 2, may: { crashes: 1, pauses: 1 }, gate: { afterMs: 1 } },
  { hostCount: 2, may: { powerCuts: 1, aborts: 1 }, gate: {} },
  { hostCount: 2, may: { drains: 2 } },
  { hostCount: 2, may: { drains: 1, crashes: 1 } },
  { hostCount: 2, may: { drains: 1, losses: 1 } },
  { hostCount: 2, may: { drains: 1, forgets: 1, powerCuts: 1 } },
  { hostCount: 2, may: { drains: 1, forgets: 1, crashes: 1 } },
  { hostCount: 3, may: { drains: 1 } },
  { hostCount: 3, may: { drains: 1, expiries: 1 } },
  { hostCount: 3, may: { crashes: 1 } },
  { hostCount: 3, may: { powerCuts: 1 } },
  { hostCount: 3, may: { expiries: 1 } },
  { hostCount: 3, may: { losses: 1, failures: 1 } },
  { hostCount: 3, may: { pauses: 1, aborts: 1 } },
  { hostCount: 3, may: { failures: 2 }, policy: { maxFailures: 1 } },
  { hostCount: 3, may: { crashes: 1 }, policy: TWO_OF_THREE },
];

/** A plan in words. */
export function describePlan({ hostCount, may, policy, gate }: Plan): string {
  const happens = Object.entries(may).map(([what, count]) => `${what} ${count}`);
  const differs = Object.entries(policy ?? {}).map(([what, value]) => `${what} ${value}`);
  const waits = gate === undefined ? [] : [gate.afterMs === undefined ? "promotion" : "time"];
  return [`${hostCount} hosts`, ...happens, ...differs, ...waits].join(", ");
}

/** The state that a plan begins with: all hosts serve version 1, and a rollout of version 2 has just been started. */
export function beginningOf({ hostCount, may, policy = {}, gate }: Plan): World {
  const names = Array.from({ length: hostCount }, (_, index) => `web-${index + 1}`);
  const tree = fleet(...names);
  rollWaves(tree, "2", {
    // A canary has no other host.
    quorum: gate === undefined ? Math.min(2, hostCount) : 1,
    maxUnavailable: 1,
    maxConcurrent: 1,
    maxFailures: 0,
    ...policy,
  }, gate === undefined ? [{ hosts: null }] : [{ hosts: ["web-1"] }, { hosts: null, gate }]);
  const hosts = names.map((name): Host => ({
    name,
    running: "1",
    journal: null,
    isStopped: false,
    isOut: false,
    leftSession: null,
    late: null,
    count: 0,
    agent: {
      session: name,
      registration: "registered",
      epoch: 0,
      phase: { kind: "idle" },
      hasRejoined: false,
      drain: NOTHING_DONE,
      request: null,
    },
  }));
  return { tree, hosts, left: { ...NOTHING, ...may }, forgotten: [] };
}
