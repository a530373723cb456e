/**
 * What a service can bear during an upgrade: how many hosts must be ready first, how many may be away at once, when a
 * new version counts as healthy.
 *
 * @module
 */

import { z } from "zod";
import { durationSchema } from "./duration.ts";

/** A number of hosts, or a share of the roster in percent. */
export type HostCount = number | `${number}%`;

const hostCountSchema = z.union([
  z.int().min(0),
  z.string().regex(/^(100|\d{1,2})%$/, "expected a number of hosts or a percentage such as 75%"),
]).transform((value) => value as HostCount);

/**
 * A service's policy as it stands in ZooKeeper: plain data, times in milliseconds.
 *
 * `maxUnavailable` is the budget: hosts that are away from any cause count against it. `maxConcurrent` is how many
 * hosts may be switching at once; it never lends more than the budget.
 */
export const policySchema = z.looseObject({
  quorum: hostCountSchema,
  maxUnavailable: hostCountSchema,
  maxConcurrent: z.int().min(1),
  maxFailures: z.int().min(0),
  bakeMs: z.int().min(0),
  health: z.looseObject({
    deadlineMs: z.int().min(1),
    intervalMs: z.int().min(1),
    successes: z.int().min(1),
  }),
});

/** A service's policy with every default filled in. */
export type Policy = z.infer<typeof policySchema>;

/** The policy of a service whose plan says nothing: as careful as can be while still ending. */
export const DEFAULT_POLICY: Policy = {
  // Three quarters: enough copies in the fleet that the slowest quarter fetches from neighbours while others switch,
  // and a few dead hosts do not hold the upgrade up for ever.
  quorum: "75%",
  // One by one, as an operator would do by hand.
  maxUnavailable: 1,
  maxConcurrent: 1,
  // The first host that does not come back healthy stops the rollout: the second would most likely fail as well.
  maxFailures: 0,
  // Long enough for a crash at first requests to show.
  bakeMs: 10_000,
  health: { deadlineMs: 120_000, intervalMs: 500, successes: 2 },
};

/** The policy as a plan file says it: everything optional, times as `30s`, unknown keys refused. */
export const policyInputSchema = z.strictObject({
  quorum: hostCountSchema.optional(),
  maxUnavailable: hostCountSchema.optional(),
  maxConcurrent: z.int().min(1).optional(),
  maxFailures: z.int().min(0).optional(),
  bakeTime: durationSchema.optional(),
  health: z.strictObject({
    deadline: durationSchema.optional(),
    interval: durationSchema.optional(),
    successes: z.int().min(1).optional(),
  }).optional(),
});

/** A policy as a plan file says it. */
export type PolicyInput = z.infer<typeof policyInputSchema>;

/** Fills a plan's policy up with the defaults. */
export function resolvePolicy(input: PolicyInput = {}): Policy {
  const { health } = DEFAULT_POLICY;
  return {
    quorum: input.quorum ?? DEFAULT_POLICY.quorum,
    maxUnavailable: input.maxUnavailable ?? DEFAULT_POLICY.maxUnavailable,
    maxConcurrent: input.maxConcurrent ?? DEFAULT_POLICY.maxConcurrent,
    maxFailures: input.maxFailures ?? DEFAULT_POLICY.maxFailures,
    bakeMs: input.bakeTime ?? DEFAULT_POLICY.bakeMs,
    health: {
      deadlineMs: input.health?.deadline ?? health.deadlineMs,
      intervalMs: input.health?.interval ?? health.intervalMs,
      successes: input.health?.successes ?? health.successes,
    },
  };
}

/** Hosts that must be ready before the first one switches: a percentage is rounded up, and at least one. */
export function quorumHosts(policy: Policy, hostsCount: number): number {
  return Math.max(1, resolveCount(policy.quorum, hostsCount, Math.ceil));
}

/**
 * Hosts that may be away at once. A percentage is rounded down, so that it never means more than it says, but to at
 * least one as long as it is not zero: 10 % of five hosts would otherwise never let anyone switch.
 */
export function budgetHosts(policy: Policy, hostsCount: number): number {
  const budget = resolveCount(policy.maxUnavailable, hostsCount, Math.floor);
  const isZero = policy.maxUnavailable === 0 || policy.maxUnavailable === "0%";
  return isZero ? 0 : Math.max(1, budget);
}

function resolveCount(
  count: HostCount,
  hostsCount: number,
  round: (value: number) => number,
): number {
  if (typeof count === "number") return count;
  return round((Number.parseInt(count, 10) * hostsCount) / 100);
}
