/** Tests of the budget of a service. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  budgetHosts,
  checkBudget,
  type HostCount,
  isMiscounted,
  type Policy,
  toCensus,
} from "../../../rollout/mod.ts";
import { slot, view, type ViewChanges } from "./views.ts";

const ROSTER = ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6"];
const ROOMY = { maxUnavailable: 4, maxConcurrent: 4, quorum: 1 } as const;

function waits(changes: ViewChanges, host = "web-1"): string | null {
  const fleet = view({ roster: ROSTER, ...changes });
  return checkBudget(toCensus(fleet, host), host)?.waitingFor ?? null;
}

Deno.test("checkBudget: minOnline holds beside maxUnavailable, the stricter of both", () => {
  const policy = { ...ROOMY, minOnline: 5 };
  assert.equal(waits({ policy }), null);
  assert.equal(
    waits({ policy, current: { "web-6": null } }),
    "budget (minOnline 5): 1 of 1 down, web-6 is offline",
  );
  assert.equal(
    waits({ policy: { ...policy, minOnline: "50%" }, current: { "web-6": null } }),
    null,
  );
  const strict = { ...ROOMY, maxUnavailable: 1, minOnline: 1 };
  assert.equal(
    waits({ policy: strict, current: { "web-6": null } }),
    "budget: 1 of 1 down, web-6 is offline",
  );
});

Deno.test("checkBudget: who has never served is not away, and in no share of the hosts", () => {
  // Regression, found by trial: a new host that fetched 200 GB counted as away, and held everybody up.
  const policy = { maxUnavailable: 1 };
  const fetching = { "web-6": { version: null, state: "down" as const } };
  assert.equal(waits({ policy, current: fetching }), "budget: 1 of 1 down, web-6 is down");
  assert.equal(waits({ policy, current: fetching, newcomers: ["web-6"] }), null);
  assert.equal(waits({ policy, current: { "web-6": null }, newcomers: ["web-6"] }), null);
  assert.equal(
    waits({ policy, current: { ...fetching, "web-5": null }, newcomers: ["web-6"] }),
    "budget: 1 of 1 down, web-5 is offline",
  );
  // Of four that have served, half are two; of all six they would be three.
  const half = { maxUnavailable: "50%", maxConcurrent: 4 } as const;
  const newcomers = ["web-5", "web-6"];
  const down = { "web-5": null, "web-6": null, "web-4": null, "web-3": null };
  assert.equal(
    waits({ policy: half, current: down, newcomers }),
    "budget: 2 of 2 down, web-3 is offline, web-4 is offline",
  );
});

Deno.test("isMiscounted: also by more newcomers than there are hosts that do not serve", () => {
  const census = toCensus(view({ roster: ROSTER, newcomers: ["web-6"] }), "web-1");
  assert.equal(isMiscounted(census), false);
  assert.equal(isMiscounted({ ...census, newcomerCount: 2 }), true);
});

/** What a host may be doing. */
const STATES = ["serving", "down", "offline", "switching", "newcomer"] as const;

const count = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.nat(100).map((percent): HostCount => `${percent}%`),
);

Deno.test("checkBudget: whoever goes down leaves enough online", () => {
  const limits = fc.record({
    maxUnavailable: count,
    minOnline: fc.option(count, { nil: undefined }),
  });
  const states = fc.array(fc.constantFrom(...STATES), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(states, limits, (others, limits) => {
      const hosts = ["serving", ...others].map((state, index) => ({
        state,
        name: `web-${index + 1}`,
      }));
      const of = (...states: string[]) =>
        hosts.filter(({ state }) => states.includes(state)).map(({ name }) => name);
      const fleet = view({
        roster: hosts.map(({ name }) => name),
        current: Object.fromEntries([
          ...of("offline", "newcomer").map((name) => [name, null]),
          ...of("down").map((name) => [name, { state: "down" }]),
        ]),
        newcomers: of("newcomer"),
        slots: of("switching").map((name) => slot(name)),
        policy: limits as Partial<Policy>,
      });
      const isAllowed = checkBudget(toCensus(fleet, "web-1"), "web-1") === null;
      // Truth: who would be away if it went down, of those that can be.
      const memberCount = hosts.length - of("newcomer").length;
      const awayCount = memberCount - of("serving").length + 1;
      const needed = limits.minOnline === undefined
        ? 0
        : typeof limits.minOnline === "number"
        ? limits.minOnline
        : (Number.parseInt(limits.minOnline) * memberCount) / 100;
      const isKept = awayCount <= budgetHosts(fleet.policy, memberCount) &&
        memberCount - awayCount >= Math.min(needed, memberCount);
      assert.equal(isAllowed, isKept);
    }),
  );
});
