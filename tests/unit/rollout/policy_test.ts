/** Tests of what a service can bear: percentages, rounding, defaults. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  budgetHosts,
  DEFAULT_POLICY,
  type Policy,
  policyInputSchema,
  policySchema,
  quorumHosts,
  resolvePolicy,
} from "../../../rollout/mod.ts";

function quorum(count: Policy["quorum"], hosts: number): number {
  return quorumHosts({ ...DEFAULT_POLICY, quorum: count }, hosts);
}

function budget(count: Policy["maxUnavailable"], hosts: number): number {
  return budgetHosts({ ...DEFAULT_POLICY, maxUnavailable: count }, hosts);
}

Deno.test("quorumHosts: a percentage is rounded up, and at least one", () => {
  assert.deepEqual([1, 2, 3, 4, 5].map((hosts) => quorum("75%", hosts)), [1, 2, 3, 3, 4]);
  assert.equal(quorum("100%", 7), 7);
  assert.equal(quorum("7%", 100), 7);
  assert.equal(quorum("0%", 5), 1);
  assert.equal(quorum(0, 5), 1);
  assert.equal(quorum("50%", 0), 1);
  assert.equal(quorum(9, 5), 9);
});

Deno.test("budgetHosts: a percentage is rounded down, but to at least one unless it is zero", () => {
  assert.deepEqual([1, 3, 9, 10, 25].map((hosts) => budget("10%", hosts)), [1, 1, 1, 1, 2]);
  assert.equal(budget("29%", 100), 29);
  assert.equal(budget("0%", 5), 0);
  assert.equal(budget(0, 5), 0);
  assert.equal(budget(3, 5), 3);
});

Deno.test("quorumHosts, budgetHosts: a percentage stays between one and all hosts", () => {
  fc.assert(fc.property(fc.nat(100), fc.integer({ min: 1, max: 2_000 }), (percent, hosts) => {
    const isQuorumFair = quorum(`${percent}%`, hosts) >= 1 &&
      quorum(`${percent}%`, hosts) <= hosts &&
      quorum(`${percent}%`, hosts) * 100 >= percent * hosts;
    const away = budget(`${percent}%`, hosts);
    return isQuorumFair && (away <= 1 || away * 100 <= percent * hosts);
  }));
});

Deno.test("resolvePolicy: fills up with the defaults, field by field", () => {
  assert.deepEqual(resolvePolicy(), DEFAULT_POLICY);
  assert.deepEqual(resolvePolicy(policyInputSchema.parse({})), DEFAULT_POLICY);
  const input = policyInputSchema.parse({
    quorum: "50%",
    maxFailures: 2,
    bakeTime: "1m",
    health: { deadline: "5s" },
    preparation: { deadline: "6h" },
  });
  assert.deepEqual(resolvePolicy(input), {
    ...DEFAULT_POLICY,
    quorum: "50%",
    maxFailures: 2,
    bakeMs: 60_000,
    health: { ...DEFAULT_POLICY.health, deadlineMs: 5_000 },
    preparation: { ...DEFAULT_POLICY.preparation, deadlineMs: 6 * 3_600_000 },
  });
  const zero = resolvePolicy({ maxUnavailable: 0, bakeTime: 0 });
  assert.deepEqual([zero.maxUnavailable, zero.bakeMs], [0, 0]);
});

Deno.test("DEFAULT_POLICY: is itself a policy, and lets one host after the other go", () => {
  assert.deepEqual(policySchema.parse(DEFAULT_POLICY), DEFAULT_POLICY);
  assert.equal(budgetHosts(DEFAULT_POLICY, 1_000), 1);
  assert.equal(DEFAULT_POLICY.maxConcurrent, 1);
  assert.equal(DEFAULT_POLICY.maxFailures, 0);
});

Deno.test("policyInputSchema: refuses unknown keys and impossible numbers", () => {
  const refused: unknown[] = [
    { quorom: 1 },
    { health: { deadlin: "5s" } },
    { quorum: "101%" },
    { quorum: "-1%" },
    { quorum: "7.5%" },
    { quorum: -1 },
    { quorum: 1.5 },
    { maxConcurrent: 0 },
    { maxFailures: -1 },
    { bakeTime: 10 },
    { health: { successes: 0 } },
    { preparation: { stall: "0s" } },
    { preparation: { stal: "5m" } },
  ];
  for (const input of refused) {
    assert.equal(policyInputSchema.safeParse(input).success, false, JSON.stringify(input));
  }
});

Deno.test("policySchema: keeps fields that it does not know", () => {
  const policy = { ...DEFAULT_POLICY, autoRollback: true };
  assert.deepEqual(policySchema.parse(policy), policy);
});

Deno.test("policySchema: an entry of an earlier version says nothing of the preparation, and gets the default", () => {
  const { preparation: _, ...earlier } = DEFAULT_POLICY;
  assert.deepEqual(policySchema.parse(earlier), DEFAULT_POLICY);
});

Deno.test("budgetHosts: minOnline is rounded up, and never leaves less than it says", () => {
  const spare = (minOnline: Policy["maxUnavailable"], hosts: number) =>
    budgetHosts({ ...DEFAULT_POLICY, maxUnavailable: 1_000, minOnline }, hosts);
  assert.deepEqual([1, 2, 3, 5, 10].map((hosts) => spare("75%", hosts)), [0, 0, 0, 1, 2]);
  assert.equal(spare(3, 5), 2);
  assert.equal(spare(9, 5), 0);
  assert.equal(spare("0%", 5), 5);
  fc.assert(fc.property(fc.nat(100), fc.nat(100), fc.nat(2_000), (away, online, hosts) => {
    const policy = {
      ...DEFAULT_POLICY,
      maxUnavailable: `${away}%`,
      minOnline: `${online}%`,
    } as const;
    const budget = budgetHosts(policy, hosts);
    return budget === 0 ||
      ((hosts - budget) * 100 >= online * hosts && (budget === 1 || budget * 100 <= away * hosts));
  }));
});

Deno.test("resolvePolicy: what has no default is left out", () => {
  assert.equal("minOnline" in resolvePolicy(), false);
  assert.equal(resolvePolicy({ minOnline: "75%" }).minOnline, "75%");
});
