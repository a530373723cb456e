/** Tests of the budget: of a service, and of its racks and sites. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  areasOf,
  budgetHosts,
  checkBudget,
  type HostCount,
  isInArea,
  isMiscounted,
  type Policy,
  shareOfHosts,
  toCensus,
} from "../../../rollout/mod.ts";
import { slot, view, type ViewChanges } from "./views.ts";

const ROSTER = ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6"];
/** The first three stand in r1, the others in r2. */
const RACKS = { "web-4": "r2", "web-5": "r2", "web-6": "r2" };
const ROOMY = { maxUnavailable: 4, maxConcurrent: 4, quorum: 1 } as const;

function waits(changes: ViewChanges, host = "web-1"): string | null {
  const fleet = view({ roster: ROSTER, racks: RACKS, ...changes });
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

Deno.test("areasOf: a rack is told from one of the same name in another site", () => {
  const here = { site: "ams", rack: "r1" };
  assert.deepEqual(areasOf(here).map(({ key, words }) => [key, words]), [
    ["ams", "site ams"],
    ["r1@ams", "rack r1"],
  ]);
  const [site, rack] = areasOf(here);
  assert.ok(site !== undefined && rack !== undefined);
  for (
    const [place, inSite, inRack] of [
      [here, true, true],
      [{ site: "ams", rack: "r2" }, true, false],
      [{ site: "fra", rack: "r1" }, false, false],
      [{ site: "r1", rack: "ams" }, false, false],
    ] as const
  ) {
    assert.deepEqual([isInArea(place, site), isInArea(place, rack)], [inSite, inRack]);
  }
});

Deno.test("checkBudget: a rack has a budget of its own, and counts its own hosts", () => {
  const policy = { ...ROOMY, maxUnavailablePerRack: 1 };
  assert.equal(waits({ policy, slots: [slot("web-4")] }), null);
  assert.equal(
    waits({ policy, slots: [slot("web-4"), slot("web-2", { step: "baking" })] }),
    "budget of rack r1: 1 of 1 down, web-2 holds the slot (baking)",
  );
  assert.equal(
    waits({ policy, current: { "web-3": { state: "down" }, "web-5": null } }),
    "budget of rack r1: 1 of 1 down, web-3 is down",
  );
  assert.equal(waits({ policy, current: { "web-5": null, "web-6": null } }), null);
  assert.equal(waits({ policy, current: { "web-3": null }, newcomers: ["web-3"] }), null);
  const half = { ...ROOMY, maxUnavailablePerRack: "67%" } as const;
  assert.equal(waits({ policy: half, current: { "web-3": null } }), null);
  assert.equal(
    waits({ policy: half, current: { "web-2": null, "web-3": null } }),
    "budget of rack r1: 2 of 2 down, web-2 is offline, web-3 is offline",
  );
});

Deno.test("checkBudget: a site has one as well, and the service's is said first", () => {
  const policy = { ...ROOMY, maxUnavailablePerSite: 2 };
  const current = { "web-5": null, "web-6": null };
  assert.equal(
    waits({ policy, current }),
    "budget of site north: 2 of 2 down, web-5 is offline, web-6 is offline",
  );
  assert.equal(
    waits({ policy: { ...policy, maxUnavailable: 2 }, current }),
    "budget: 2 of 2 down, web-5 is offline, web-6 is offline",
  );
});

Deno.test("checkBudget: nobody goes down as long as it is not known who else is down in its rack", () => {
  const policy = { ...ROOMY, maxUnavailablePerRack: 1 };
  const census = toCensus(view({ roster: ROSTER, policy }), "web-1");
  assert.equal(checkBudget(census, "web-1"), null);
  assert.match(
    checkBudget({ ...census, areas: null }, "web-1")?.waitingFor ?? "",
    /^budget: the hosts of its rack and site are not counted yet$/,
  );
  assert.match(
    checkBudget({ ...census, roster: null }, "web-1")?.waitingFor ?? "",
    /^budget: its entry on the roster cannot be read/,
  );
  // A holder that may stand in the rack counts there.
  const held = toCensus(
    view({ roster: ROSTER, policy, slots: [slot("web-4")], racks: RACKS }),
    "web-1",
  );
  assert.equal(checkBudget(held, "web-1"), null);
  const holder = held.slots.get("web-4");
  assert.ok(holder !== undefined);
  const unknown = { ...held, slots: new Map([["web-4", { ...holder, roster: null }]]) };
  assert.match(checkBudget(unknown, "web-1")?.waitingFor ?? "", /^budget of rack r1: 1 of 1 down/);
});

Deno.test("checkBudget: where the hosts are only counted, it asks for the names of that rack", () => {
  const policy = { ...ROOMY, maxUnavailablePerRack: 1 };
  const census = toCensus(
    view({ roster: ROSTER, racks: RACKS, policy, current: { "web-3": null } }),
    "web-1",
  );
  const counted = { ...census, awayHosts: null, awayInAreas: new Map() };
  const { area, ...wait } = checkBudget(counted, "web-1") ?? assert.fail();
  assert.deepEqual(wait, { waitingFor: "budget of rack r1: 1 of 1 down", isForUnnamed: true });
  assert.equal(area?.key, "r1@north");
  const named = { ...counted, awayInAreas: new Map([["r1@north", ["web-3 is offline"]]]) };
  assert.equal(
    checkBudget(named, "web-1")?.waitingFor,
    "budget of rack r1: 1 of 1 down, web-3 is offline",
  );
});

/** What a host may be doing. */
const STATES = ["serving", "down", "offline", "switching", "newcomer"] as const;

const count = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.nat(100).map((percent): HostCount => `${percent}%`),
);

Deno.test("checkBudget: whoever goes down leaves enough online, in the service, its site and its rack", () => {
  const limits = fc.record({
    maxUnavailable: count,
    minOnline: fc.option(count, { nil: undefined }),
    maxUnavailablePerRack: fc.option(count, { nil: undefined }),
    maxUnavailablePerSite: fc.option(count, { nil: undefined }),
  });
  const host = fc.record({
    state: fc.constantFrom(...STATES),
    rack: fc.constantFrom("r1", "r2", "r3"),
  });
  fc.assert(
    fc.property(fc.array(host, { minLength: 1, maxLength: 12 }), limits, (others, limits) => {
      const hosts = [{ state: "serving", rack: "r1" }, ...others].map((one, index) => ({
        ...one,
        name: `web-${index + 1}`,
      }));
      const of = (...states: string[]) =>
        hosts.filter(({ state }) => states.includes(state)).map(({ name }) => name);
      const fleet = view({
        roster: hosts.map(({ name }) => name),
        racks: Object.fromEntries(hosts.map(({ name, rack }) => [name, rack])),
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
      const members = hosts.filter(({ state }) => state !== "newcomer");
      const away = (where: typeof members) =>
        where.filter(({ state, name }) => state !== "serving" || name === "web-1").length;
      const inRack = members.filter(({ rack }) => rack === "r1");
      const { policy } = fleet;
      const needed = limits.minOnline === undefined
        ? 0
        : typeof limits.minOnline === "number"
        ? limits.minOnline
        : (Number.parseInt(limits.minOnline) * members.length) / 100;
      const isKept = away(members) <= budgetHosts(policy, members.length) &&
        members.length - away(members) >= Math.min(needed, members.length) &&
        away(members) <= shareOfHosts(policy.maxUnavailablePerSite ?? 1_000, members.length) &&
        away(inRack) <= shareOfHosts(policy.maxUnavailablePerRack ?? 1_000, inRack.length);
      assert.equal(isAllowed, isKept);
    }),
  );
});
