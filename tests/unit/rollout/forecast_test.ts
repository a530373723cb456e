/** Tests of what a plan is said to do. */

import assert from "node:assert/strict";
import {
  type ForecastHost,
  forecastPlan,
  type Gate,
  type PlannedWave,
  type PolicyInput,
  resolvePolicy,
  type SwitchTimes,
} from "../../../rollout/mod.ts";
import { failedSlot, slot } from "./views.ts";

const HASH = "a".repeat(40);

function host(name: string, changes: Partial<ForecastHost> = {}): ForecastHost {
  return {
    host: name,
    site: "s1",
    rack: "r1",
    online: true,
    state: "serving",
    version: "1",
    slot: null,
    drained: null,
    quarantined: null,
    newcomer: false,
    ...changes,
  };
}

const OFFLINE = { online: false, state: "down", version: null } as const;

function forecast(
  hosts: readonly ForecastHost[],
  { policy = {}, waves = [null], gates = [], switchTimes, wallTimeMs = 0 }: {
    readonly policy?: PolicyInput;
    /** The hosts of each wave; null: all. */
    readonly waves?: readonly PlannedWave["hosts"][];
    /** The gate of each wave. */
    readonly gates?: readonly (Gate | undefined)[];
    readonly switchTimes?: SwitchTimes;
    readonly wallTimeMs?: number;
  } = {},
) {
  return forecastPlan({
    services: new Map([["A", { version: "2", dependsOn: [], policy: resolvePolicy(policy) }]]),
    waves: waves.map((covered, index) => {
      const gate = gates[index];
      const wave = { service: "A", version: "2", hosts: covered };
      return gate === undefined ? wave : { ...wave, gate };
    }),
    ...(switchTimes === undefined ? {} : { switchTimes: new Map([["A", switchTimes]]) }),
    releases: new Map([["A", {
      service: "A",
      version: "2",
      infoHash: HASH,
      sizeBytes: 1_000,
      torrentUrl: null,
      origin: { site: "s1", rack: "r1" },
    }]]),
    hosts: new Map([["A", hosts]]),
    wallTimeMs,
  });
}

Deno.test("forecastPlan: who switches, who is there already, who catches up later", () => {
  const { waves: [wave], services: [service] } = forecast([
    host("web-1"),
    host("web-2", { version: "2", infoHash: HASH }),
    host("web-3", OFFLINE),
    host("web-4", { site: "s2" }),
    host("web-5", { version: "2", infoHash: "b".repeat(40), site: "s2" }),
  ], { policy: { maxUnavailable: 3, maxConcurrent: 2 } });
  assert.deepEqual(wave?.switching, ["web-1", "web-4", "web-5"]);
  assert.deepEqual(wave.alreadyThere, ["web-2"]);
  assert.deepEqual(wave.offline, ["web-3"]);
  assert.deepEqual([wave.servingCount, wave.concurrentCount, wave.leastServingCount], [4, 2, 2]);
  assert.deepEqual(wave.warnings, []);
  assert.deepEqual([service?.lackingCount, service?.otherSites], [3, ["s2"]]);
});

Deno.test("forecastPlan: a second wave has what the first one leaves", () => {
  const hosts = [host("web-1"), host("web-2"), host("web-3")];
  const { waves } = forecast(hosts, { waves: [["web-2"], null] });
  assert.deepEqual(waves.map(({ switching }) => switching), [["web-2"], ["web-1", "web-3"]]);
  assert.deepEqual(waves.map(({ alreadyThere }) => alreadyThere), [[], ["web-2"]]);
});

Deno.test("forecastPlan: checks and bake time, one round of hosts after the other", () => {
  const hosts = ["web-1", "web-2", "web-3", "web-4", "web-5"].map((name) => host(name));
  const policy: PolicyInput = {
    maxUnavailable: 2,
    maxConcurrent: 5,
    bakeTime: 10_000,
    health: { interval: 500, successes: 2 },
  };
  assert.equal(forecast(hosts, { policy }).waves[0]?.leastMs, 3 * 11_000);
  // Hosts that are down do not wait for each other.
  const down = hosts.map((each) => ({ ...each, state: "down" } as const));
  assert.equal(forecast(down, { policy }).waves[0]?.leastMs, 11_000);
});

Deno.test("forecastPlan: warns of a wave that waits for ever", () => {
  const onlyOffline = forecast([host("web-1", OFFLINE), host("web-2")], {
    waves: [["web-1"], null],
  });
  assert.match(
    onlyOffline.waves[0]?.warnings[0] ?? "",
    /its only host web-1 is offline: the wave waits, and the rollout halts after 15m/,
  );
  const noBudget = forecast([host("web-1", OFFLINE), host("web-2"), host("web-3")]);
  assert.match(noBudget.waves[0]?.warnings[0] ?? "", /1 of 1 hosts are away already \(web-1\)/);
  assert.deepEqual(noBudget.waves[0]?.concurrentCount, 0);
  const noQuorum = forecast([host("web-1", OFFLINE), host("web-2")], {
    policy: { quorum: "100%", maxUnavailable: 2 },
  });
  assert.match(noQuorum.waves[0]?.warnings[0] ?? "", /2 of 2 hosts .* only 1 are online/);
});

Deno.test("forecastPlan: a slot that is held uses the budget, and a failure keeps its host", () => {
  const { waves: [wave] } = forecast([
    host("web-1", { slot: slot("web-1", { to: "3" }) }),
    host("web-2", { slot: failedSlot("web-2", { to: "2", infoHash: HASH, reason: "broken" }) }),
    host("web-3"),
  ], { policy: { maxUnavailable: 1 } });
  assert.deepEqual(wave?.failedBefore, [{ host: "web-2", reason: "broken" }]);
  assert.deepEqual(wave.concurrentCount, 0);
  assert.match(wave.warnings[0] ?? "", /away already \(web-1\)/);
});

Deno.test("forecastPlan: gates, and the time that switches were measured to take", () => {
  const hosts = ["web-1", "web-2", "web-3"].map((name) => host(name));
  const policy: PolicyInput = { bakeTime: 10_000, health: { interval: 500, successes: 2 } };
  const plan = {
    policy,
    waves: [["web-1"], ["web-2"], null],
    gates: [
      undefined,
      {},
      {
        afterMs: 60_000,
        check: { name: "errors", hosts: [], forMs: 5_000, withinMs: 1, everyMs: 1 },
      },
    ],
  };
  const unmeasured = forecast(hosts, plan);
  assert.deepEqual(unmeasured.waves.map(({ gate }) => gate), [null, ...plan.gates.slice(1)]);
  assert.deepEqual([unmeasured.leastMs, unmeasured.expectedMs], [3 * 11_000 + 65_000, null]);
  const measured = forecast(hosts, { ...plan, switchTimes: { count: 4, medianMs: 1_500 } });
  assert.equal(measured.expectedMs, 3 * 11_500 + 65_000);
  // Where nobody switches there is nothing to estimate.
  const there = hosts.map((each) => ({ ...each, version: "2", infoHash: HASH }));
  assert.deepEqual(forecast(there).expectedMs, 0);
});

Deno.test("forecastPlan: a host in quarantine goes along with no wave, and counts as away", () => {
  const quarantined = { reason: "started again more than 10 times", sinceMs: 0 };
  const { waves: [wave], services: [service] } = forecast([
    host("web-1", { quarantined }),
    host("web-2"),
    host("web-3"),
  ], { policy: { maxUnavailable: 2 } });
  assert.deepEqual(wave?.quarantined, [{ host: "web-1", reason: quarantined.reason }]);
  assert.deepEqual(wave.switching, ["web-2", "web-3"]);
  assert.deepEqual([service?.hostCount, service?.servingCount, service?.leastServingCount], [
    3,
    2,
    1,
  ]);
  const only = forecast([host("web-1", { quarantined })]);
  assert.match(only.waves[0]?.warnings[0] ?? "", /its only host web-1 is in quarantine: the wave/);
});

Deno.test("forecastPlan: says when a service is frozen, and nothing of it where there is nothing to do", () => {
  const policy: PolicyInput = { freeze: [{ to: "06:00", timeZone: "UTC", reason: "backups" }] };
  const warnings = (hosts: readonly ForecastHost[], wallTimeMs: number) =>
    forecast(hosts, { policy, wallTimeMs }).waves[0]?.warnings;
  assert.deepEqual(warnings([host("web-1"), host("web-2")], 0), [
    "frozen until Thu 06:00 UTC: backups: its hosts get ready, and none begins to switch before " +
    "(to switch at once: rollout start --ignore-freeze REASON)",
  ]);
  assert.deepEqual(warnings([host("web-1"), host("web-2")], 6 * 3_600_000), []);
  assert.deepEqual(warnings([host("web-1", { version: "2", infoHash: HASH })], 0), []);
});

Deno.test("forecastPlan: a host that has never served takes no capacity away, and goes along", () => {
  // Regression: a host that had joined and fetched was away, so nobody could switch by the forecast.
  const { waves: [wave], services: [service] } = forecast([
    host("web-1"),
    host("web-2"),
    host("web-3", { newcomer: true, state: "down", version: null }),
  ]);
  assert.deepEqual([wave?.newcomers, wave?.warnings], [["web-3"], []]);
  assert.deepEqual(wave?.switching, ["web-1", "web-2", "web-3"]);
  assert.deepEqual([wave.concurrentCount, service?.leastServingCount], [1, 1]);
});

Deno.test("forecastPlan: limits per rack and per site say how many go at once, and how often", () => {
  const hosts = [
    ...["web-1", "web-2", "web-3"].map((name) => host(name)),
    ...["web-4", "web-5"].map((name) => host(name, { rack: "r2" })),
  ];
  const rollOut = (changed: readonly ForecastHost[]) => {
    const policy: PolicyInput = {
      ...{ maxUnavailable: "100%", maxConcurrent: 5, maxUnavailablePerRack: 1, bakeTime: 1_000 },
      health: { interval: 0, successes: 1 },
    };
    const { waves: [wave] } = forecast(changed, { policy });
    return [wave?.concurrentCount, wave?.leastMs, wave?.warnings];
  };
  // One in each of the two racks at once, and the larger rack takes three rounds.
  assert.deepEqual(rollOut(hosts), [2, 3_000, []]);
  const [first, ...others] = hosts;
  assert.ok(first !== undefined);
  assert.deepEqual(rollOut([{ ...first, ...OFFLINE }, ...others]), [1, 4_000, [
    "budget of rack r1: 1 of 1 hosts are away already (web-1): none of its hosts that serves can " +
    "switch before they are back",
  ]]);
});

Deno.test("forecastPlan: a service that it depends on is below its budget", () => {
  const release = { infoHash: HASH, sizeBytes: 0, torrentUrl: null };
  const warnings = (db: readonly ForecastHost[]) =>
    forecastPlan({
      services: new Map([["A", { version: "2", dependsOn: ["db"], policy: resolvePolicy({}) }]]),
      waves: [{ service: "A", version: "2", hosts: null }],
      releases: new Map([["A", { service: "A", version: "2", ...release }]]),
      hosts: new Map([["A", [host("web-1")]], ["db", db]]),
      policies: new Map([["db", resolvePolicy({ maxUnavailable: 1 })]]),
      wallTimeMs: 0,
    }).waves[0]?.warnings;
  const [up, down] = [host("db-1"), { state: "down" } as const];
  assert.deepEqual(warnings([up, host("db-2", down), host("db-3", OFFLINE)]), [
    "dependency db is below its budget: 2 of 1 down: no host switches before it has recovered",
  ]);
  assert.deepEqual(warnings([up, host("db-2", down)]), []);
});

Deno.test("forecastPlan: a freeze that may begin before a wave is over is said", () => {
  const policy: PolicyInput = {
    freeze: [{ from: "06:00", to: "08:00", timeZone: "UTC" }],
    bakeTime: 40 * 60_000,
    health: { interval: 0, successes: 1 },
  };
  const warnings = (wallTimeMs: number) =>
    forecast([host("web-1"), host("web-2")], { policy, waves: [["web-1"], null], wallTimeMs })
      .waves.map((wave) => wave.warnings);
  const hourMs = 3_600_000;
  assert.deepEqual(warnings(4 * hourMs), [[], []]);
  const ahead = "a freeze begins in 1h, and may come before the wave is over (frozen until Thu " +
    "08:00 UTC): who has not begun to switch by then waits";
  // The first wave is over before that, by what its bake time takes.
  assert.deepEqual(warnings(5 * hourMs), [[], [ahead]]);
});

Deno.test("forecastPlan: a drained host switches, and is not counted on meanwhile", () => {
  const drained = { by: "ann", reason: null, sinceMs: 0 };
  const { waves: [wave] } = forecast([host("web-1", { drained }), host("web-2"), host("web-3")], {
    policy: { maxUnavailable: 1 },
  });
  assert.deepEqual(wave?.switching, ["web-1", "web-2", "web-3"]);
  assert.deepEqual(wave.drained, ["web-1"]);
  assert.deepEqual([wave.servingCount, wave.concurrentCount], [2, 0]);
  assert.match(wave.warnings[0] ?? "", /budget: 1 of 1 hosts are away already \(web-1\)/);
});
