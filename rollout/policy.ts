/**
 * The policy of a service during an upgrade: how many hosts must be ready first, how many may be away at once, and
 * when a new version counts as healthy.
 *
 * @module
 */

import { z } from "zod";
import { durationSchema } from "./duration.ts";
import { freezeInputSchema, freezeSchema } from "./freeze/mod.ts";

/** A number of hosts, or a share of the roster in percent. */
export type HostCount = number | `${number}%`;

/** Most hosts that a policy counts; no fleet has as many. */
const HOSTS_MAX = 1_000_000;

/** The longest time in a policy, in milliseconds: a week. A switch that takes longer holds its slot as if for ever. */
const POLICY_MAX_MS = 7 * 24 * 3_600_000;

/** Most health checks in a row that a policy asks for. */
const SUCCESSES_MAX = 1_000;

/**
 * Default of `progressDeadlineMs`. It has to be longer than anything that is as it should be and shows no progress: the longest
 * is a large machine that reboots, which takes ten minutes.
 */
const PROGRESS_DEADLINE_MS = 15 * 60_000;

/**
 * How long the preparation of a release may make no progress at all, in milliseconds: ten minutes. A build machine that is
 * started again, or a site that is cut off for a moment, is back within that; a full disk or a limit that is too low is not.
 */
const STALL_MS = 600_000;

/** Schema of a duration in a plan's policy. */
const policyDurationSchema = durationSchema.refine(
  (durationMs) => durationMs <= POLICY_MAX_MS,
  "expected at most a week (168h)",
);

/** Schema of a duration in a plan's policy that is not zero. */
const positiveDurationSchema = policyDurationSchema.refine(
  (durationMs) => durationMs > 0,
  "expected more than 0",
);

/** Schema of how many hosts may fail. */
export const maxFailuresSchema = z.int().min(0).max(HOSTS_MAX);

/** Schema of a {@link HostCount}. */
const hostCountSchema = z.union([
  z.int().min(0).max(HOSTS_MAX),
  z.string().regex(/^(100|\d{1,2})%$/, "expected a number of hosts or a percentage such as 75%"),
]).transform((value) => value as HostCount);

/**
 * A service's policy as it stands in ZooKeeper: plain data, times in milliseconds.
 *
 * `maxUnavailable` is the budget: hosts that are away from any cause count against it. `minOnline` is how many have to serve at
 * any time; the stricter of both holds. `maxUnavailablePerRack` and `maxUnavailablePerSite` are budgets of each rack and of
 * each site beside it. `maxConcurrent` is how many hosts may be switching at once; it never lends more than the budget.
 * `progressDeadlineMs` is how long a wave may get no further until the rollout is halted (`progress.ts`). `preparation` says
 * when a host that cannot get a release ready has failed: after `stallMs` without any progress, or after `deadlineMs` whatever
 * progress it makes.
 */
export const policySchema = z.looseObject({
  quorum: hostCountSchema,
  maxUnavailable: hostCountSchema,
  /** Left out: none has to. */
  minOnline: hostCountSchema.optional(),
  /** Left out: no limit. */
  maxUnavailablePerRack: hostCountSchema.optional(),
  /** Left out: no limit. */
  maxUnavailablePerSite: hostCountSchema.optional(),
  maxConcurrent: z.int().min(1).max(HOSTS_MAX),
  maxFailures: maxFailuresSchema,
  bakeMs: z.int().min(0).max(POLICY_MAX_MS),
  /** Left out in the entries of earlier versions. */
  progressDeadlineMs: z.int().min(1).max(POLICY_MAX_MS).default(PROGRESS_DEADLINE_MS),
  health: z.looseObject({
    deadlineMs: z.int().min(1).max(POLICY_MAX_MS),
    intervalMs: z.int().min(1).max(POLICY_MAX_MS),
    successes: z.int().min(1).max(SUCCESSES_MAX),
  }),
  /** How long a host watches a new version after its switch. Left out: as long as the rollout lasts. */
  watchMs: z.int().min(0).max(POLICY_MAX_MS).optional(),
  // Entries of earlier versions have none.
  preparation: z.looseObject({
    stallMs: z.int().min(1).max(POLICY_MAX_MS),
    /** Left out: none. */
    deadlineMs: z.int().min(1).max(POLICY_MAX_MS).optional(),
  }).default({ stallMs: STALL_MS }),
  /** Times in which nobody begins to switch. Left out: there are none. */
  freeze: freezeSchema.optional(),
});

/** A service's policy with every default filled in. */
export type Policy = z.infer<typeof policySchema>;

/** The policy of a service whose plan has none: as careful as possible while the rollout still ends. */
export const DEFAULT_POLICY: Policy = {
  // Three quarters: enough copies that the slowest quarter fetches from neighbours while others switch, and a few dead
  // hosts do not block the upgrade for ever.
  quorum: "75%",
  // One by one, as an operator would do it by hand.
  maxUnavailable: 1,
  maxConcurrent: 1,
  // The first host that fails halts the rollout: the second one would most likely fail, too.
  maxFailures: 0,
  // Long enough to see a crash at the first requests.
  bakeMs: 10_000,
  progressDeadlineMs: PROGRESS_DEADLINE_MS,
  health: { deadlineMs: 120_000, intervalMs: 500, successes: 2 },
  // No deadline for all of it: how long a release takes depends on its size and the network.
  preparation: { stallMs: STALL_MS },
};

/** Schema of a policy in a plan file: everything is optional, durations as `30s`, unknown keys are refused. */
export const policyInputSchema = z.strictObject({
  quorum: hostCountSchema.optional(),
  maxUnavailable: hostCountSchema.optional(),
  minOnline: hostCountSchema.optional(),
  maxUnavailablePerRack: hostCountSchema.optional(),
  maxUnavailablePerSite: hostCountSchema.optional(),
  maxConcurrent: z.int().min(1).max(HOSTS_MAX).optional(),
  maxFailures: maxFailuresSchema.optional(),
  bakeTime: policyDurationSchema.optional(),
  progressDeadline: policyDurationSchema.refine((ms) => ms > 0, "expected more than 0").optional(),
  watch: policyDurationSchema.optional(),
  health: z.strictObject({
    deadline: positiveDurationSchema.optional(),
    interval: positiveDurationSchema.optional(),
    successes: z.int().min(1).max(SUCCESSES_MAX).optional(),
  }).optional(),
  preparation: z.strictObject({
    stall: positiveDurationSchema.optional(),
    deadline: positiveDurationSchema.optional(),
  }).optional(),
  freeze: freezeInputSchema.optional(),
});

/** A policy in a plan file. */
export type PolicyInput = z.infer<typeof policyInputSchema>;

/** Fills the defaults into a plan's policy. */
export function resolvePolicy(input: PolicyInput = {}): Policy {
  const { health, preparation } = DEFAULT_POLICY;
  const { minOnline, maxUnavailablePerRack, maxUnavailablePerSite } = input;
  const { deadline = preparation.deadlineMs } = input.preparation ?? {};
  return {
    quorum: input.quorum ?? DEFAULT_POLICY.quorum,
    maxUnavailable: input.maxUnavailable ?? DEFAULT_POLICY.maxUnavailable,
    // Without such a limit there is none: these have no default.
    ...(minOnline === undefined ? {} : { minOnline }),
    ...(maxUnavailablePerRack === undefined ? {} : { maxUnavailablePerRack }),
    ...(maxUnavailablePerSite === undefined ? {} : { maxUnavailablePerSite }),
    maxConcurrent: input.maxConcurrent ?? DEFAULT_POLICY.maxConcurrent,
    maxFailures: input.maxFailures ?? DEFAULT_POLICY.maxFailures,
    bakeMs: input.bakeTime ?? DEFAULT_POLICY.bakeMs,
    progressDeadlineMs: input.progressDeadline ?? DEFAULT_POLICY.progressDeadlineMs,
    ...(input.watch === undefined ? {} : { watchMs: input.watch }),
    health: {
      deadlineMs: input.health?.deadline ?? health.deadlineMs,
      intervalMs: input.health?.interval ?? health.intervalMs,
      successes: input.health?.successes ?? health.successes,
    },
    preparation: {
      stallMs: input.preparation?.stall ?? preparation.stallMs,
      ...(deadline === undefined ? {} : { deadlineMs: deadline }),
    },
    ...(input.freeze === undefined ? {} : { freeze: input.freeze }),
  };
}

/** Number of hosts that must be ready before the first one switches: a percentage is rounded up; at least one. */
export function quorumHosts(policy: Policy, hostsCount: number): number {
  return Math.max(1, resolveCount(policy.quorum, hostsCount, Math.ceil));
}

/** Number of hosts of the service that may be away at once: what `maxUnavailable` allows, and what `minOnline` leaves. */
export function budgetHosts(policy: Policy, hostsCount: number): number {
  return Math.min(shareOfHosts(policy.maxUnavailable, hostsCount), spareHosts(policy, hostsCount));
}

/** Whether it is `minOnline` that allows no more hosts to be away, and not `maxUnavailable`. */
export function isHeldByMinOnline(policy: Policy, hostsCount: number): boolean {
  return spareHosts(policy, hostsCount) < shareOfHosts(policy.maxUnavailable, hostsCount);
}

/** How many hosts there are beyond `minOnline`, of which a percentage is rounded up. */
function spareHosts({ minOnline = 0 }: Policy, hostsCount: number): number {
  return Math.max(0, hostsCount - resolveCount(minOnline, hostsCount, Math.ceil));
}

/**
 * Number of hosts, among so many, that may be away. A percentage is rounded down, so that it never allows more than it says,
 * but to at least one unless it is zero: 10 % of five hosts would otherwise let no host switch.
 */
export function shareOfHosts(limit: HostCount, hostsCount: number): number {
  const count = resolveCount(limit, hostsCount, Math.floor);
  const isZero = limit === 0 || limit === "0%";
  return isZero ? 0 : Math.max(1, count);
}

function resolveCount(
  count: HostCount,
  hostsCount: number,
  round: (value: number) => number,
): number {
  if (typeof count === "number") return count;
  return round((Number.parseInt(count, 10) * hostsCount) / 100);
}
