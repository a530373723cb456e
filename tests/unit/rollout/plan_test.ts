/** Tests of the check of a plan against the fleet: each problem by its message, and all of them at once. */

import assert from "node:assert/strict";
import { checkPlan, DEFAULT_POLICY, type KnownService, planSchema } from "../../../rollout/mod.ts";
import { service } from "./views.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

/** A fleet of A, and B that depends on A. */
const FLEET: ReadonlyMap<string, KnownService> = new Map([
  ["A", { entry: service(), roster: HOSTS }],
  ["B", { entry: service({ dependsOn: ["A"] }), roster: HOSTS }],
]);

function check(plan: unknown, fleet = FLEET) {
  return checkPlan(planSchema.parse(plan), fleet);
}

function assertProblems(plan: unknown, problems: readonly string[], fleet = FLEET): void {
  assert.deepEqual(check(plan, fleet), { ok: false, problems });
}

function waves(plan: unknown, fleet = FLEET) {
  const checked = check(plan, fleet);
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.waves;
}

Deno.test("checkPlan: one wave a service, in dependency order", () => {
  assert.deepEqual(waves({ services: { B: { version: "2" }, A: { version: "3" } } }), [
    { service: "A", version: "3", hosts: null },
    { service: "B", version: "2", hosts: null },
  ]);
});

Deno.test("checkPlan: canary waves before the whole service", () => {
  const order = [{ service: "A", hosts: ["web-2"] }, "A"];
  assert.deepEqual(waves({ services: { A: { version: "2" } }, order }), [
    { service: "A", version: "2", hosts: ["web-2"] },
    { service: "A", version: "2", hosts: null },
  ]);
});

Deno.test("checkPlan: the waves of a service stand where the order names it, chosen among its hosts", () => {
  const place = { rack: "r1", labels: {}, isServing: true };
  const hosts = HOSTS.map((host) => ({ host, site: host === "web-3" ? "fra" : "ams", ...place }));
  const fleet = new Map([...FLEET, ["A", {
    entry: service(),
    roster: HOSTS,
    hosts,
  }]]) as typeof FLEET;
  const services = {
    A: { version: "2", waves: [{ site: "fra" }, "100%"] },
    B: { version: "2", waves: [1, "all"] },
  };
  assert.deepEqual(waves({ services, order: ["A", "B"] }, fleet), [
    { service: "A", version: "2", hosts: ["web-3"] },
    { service: "A", version: "2", hosts: null },
    // Of a service whose hosts were not read only the names are known.
    { service: "B", version: "2", hosts: ["web-1"] },
    { service: "B", version: "2", hosts: null },
  ]);
  const order = ["A", { service: "B", hosts: ["web-1"] }, "B"];
  assertProblems({ services, order }, [
    'order: service "B" has waves of its own, so name it alone, without hosts',
  ], fleet);
  const missing = { A: { version: "2", waves: [{ site: "lon" }, "all"] } };
  assertProblems({ services: missing }, [
    'service "A": waves: site lon: expected the site of a host (there: ams, fra)',
  ], fleet);
  const partial = { A: { version: "2", waves: [1] } };
  assertProblems({ services: partial }, [
    'service "A": waves: 2 of 3 hosts are in no wave (web-2, web-3): end with 100%',
  ], fleet);
});

Deno.test("checkPlan: says which waves it leaves out", () => {
  const checked = check({ services: { A: { version: "2", waves: [1, "10%", "100%"] } } });
  assert.ok(checked.ok);
  assert.deepEqual(checked.notes, [
    'service "A": waves: 10%: left out, no host is left for it',
  ]);
});

Deno.test("checkPlan: fills in what the plan leaves out from the fleet, else from the defaults", () => {
  const known = service({ dependsOn: ["A"], policy: { ...DEFAULT_POLICY, quorum: 2 } });
  const fleet = new Map([...FLEET, ["B", { entry: known, roster: HOSTS }], ["C", {
    entry: null,
    roster: HOSTS,
  }]]) as typeof FLEET;
  const checked = check({ services: { B: { version: "2" }, C: { version: "1" } } }, fleet);
  assert.ok(checked.ok);
  assert.deepEqual(checked.services.get("B"), {
    version: "2",
    dependsOn: ["A"],
    policy: { ...DEFAULT_POLICY, quorum: 2 },
  });
  assert.deepEqual(checked.services.get("C"), {
    version: "1",
    dependsOn: [],
    policy: DEFAULT_POLICY,
  });
});

Deno.test("checkPlan: a policy in the plan replaces the fleet's as a whole", () => {
  const known = service({ policy: { ...DEFAULT_POLICY, quorum: 2 } });
  const fleet = new Map([["A", { entry: known, roster: HOSTS }]]);
  const checked = check({ services: { A: { version: "2", policy: { maxFailures: 1 } } } }, fleet);
  assert.ok(checked.ok);
  assert.deepEqual(checked.services.get("A")?.policy, { ...DEFAULT_POLICY, maxFailures: 1 });
});

Deno.test("checkPlan: a service that no host runs", () => {
  assertProblems({ services: { Z: { version: "2" } } }, [
    'service "Z": no host has it in its config (known: A, B)',
  ]);
  assertProblems(
    { services: { Z: { version: "2" } } },
    ['service "Z": no host has it in its config (known: none)'],
    new Map(),
  );
  // Regression: three more problems followed from that, each as if it were one of its own.
  assertProblems({ services: { Z: { version: "2", waves: [1, "100%"] } } }, [
    'service "Z": no host has it in its config (known: A, B)',
  ]);
});

Deno.test("checkPlan: a dependency that no host runs", () => {
  assertProblems({ services: { A: { version: "2", dependsOn: ["Y"] } } }, [
    'service "A": depends on "Y", which no host has in its config (known: A, B)',
  ]);
});

Deno.test("checkPlan: a circle, also one that the plan closes with the fleet's dependencies", () => {
  assertProblems({ services: { A: { version: "2", dependsOn: ["B"] } } }, [
    "dependsOn: the services depend on each other in a circle: A -> B -> A",
  ]);
});

Deno.test("checkPlan: an order that names a service not in the plan, or leaves one out", () => {
  assertProblems({ services: { A: { version: "2" } }, order: ["B", "A"] }, [
    'order: "B" is not under services (there: A)',
  ]);
  assertProblems({ services: { A: { version: "2" }, B: { version: "2" } }, order: ["A"] }, [
    'order: service "B" has no wave for all of its hosts',
  ]);
  const order = [{ service: "A", hosts: ["web-1"] }];
  assertProblems({ services: { A: { version: "2" } }, order }, [
    'order: service "A" has no wave for all of its hosts',
  ]);
});

Deno.test("checkPlan: an order against the dependencies, also through a service in between", () => {
  const services = { A: { version: "2" }, B: { version: "2" } };
  assertProblems({ services, order: ["B", "A"] }, [
    'order: "B" comes before "A", but depends on it: put "A" first',
  ]);
  const fleet = new Map([...FLEET, ["C", { entry: service({ dependsOn: ["B"] }), roster: HOSTS }]]);
  assertProblems({ services: { A: { version: "2" }, C: { version: "2" } }, order: ["C", "A"] }, [
    'order: "C" comes before "A", but depends on it: put "A" first',
  ], fleet);
});

Deno.test("checkPlan: a canary of B between the canary of A and the whole of A", () => {
  const services = { A: { version: "2" }, B: { version: "2" } };
  const order = ["A", { service: "B", hosts: ["web-1"] }, "A", "B"];
  assertProblems({ services, order }, [
    'order: "B" comes before "A", but depends on it: put "A" first',
  ]);
});

Deno.test("checkPlan: a host that does not run the service", () => {
  const order = [{ service: "A", hosts: ["web-9", "web-1"] }, "A"];
  assertProblems({ services: { A: { version: "2" } }, order }, [
    'order: host "web-9" does not run "A" (its hosts: web-1, web-2, web-3)',
  ]);
});

Deno.test("checkPlan: a quorum that can never be met", () => {
  assertProblems({ services: { A: { version: "2", policy: { quorum: 4 } } } }, [
    'service "A": the quorum of 4 can never be met, the wave has 3 hosts',
  ]);
  const order = [{ service: "A", hosts: ["web-1"] }, "A"];
  assertProblems({ services: { A: { version: "2", policy: { quorum: 2 } } }, order }, [
    'service "A": the quorum of 2 can never be met, the wave has 1 host',
  ]);
});

Deno.test("checkPlan: a budget of nobody", () => {
  for (const maxUnavailable of [0, "0%"]) {
    assertProblems({ services: { A: { version: "2", policy: { maxUnavailable } } } }, [
      'service "A": maxUnavailable is 0, so no host could ever switch: allow at least 1',
    ]);
  }
});

Deno.test("checkPlan: freeze windows that leave no time, but for single dates", () => {
  const plan = (...freeze: readonly object[]) => ({
    services: { A: { version: "2", policy: { freeze } } },
  });
  const day = { from: "06:00", to: "18:00", timeZone: "UTC" };
  assertProblems(plan(day, { from: "18:00", to: "06:00", timeZone: "UTC" }), [
    'service "A": its freeze windows let no host ever switch (frozen without an end in sight)',
  ]);
  assert.equal(check(plan(day)).ok, true);
  const dates = { ...day, dates: ["2026-12-24"] };
  assert.equal(check(plan(dates, { from: "18:00", to: "06:00", timeZone: "UTC" })).ok, true);
  assert.throws(() => check(plan({ ...day, timeZone: "Berlin" })), /such as Europe\/Berlin/);
});

Deno.test("checkPlan: how many hosts may fail on all services together", () => {
  const services = { A: { version: "2" } };
  const allowed = (plan: object) => {
    const checked = check({ services, ...plan });
    return checked.ok ? checked.maxFailures : null;
  };
  assert.deepEqual([allowed({}), allowed({ maxFailures: 0 })], [undefined, 0]);
  assert.throws(() => allowed({ maxFailures: "10%" }));
});

Deno.test("checkPlan: all problems at once, each once", () => {
  const services = {
    A: { version: "2", policy: { quorum: 9, maxUnavailable: 0 } },
    B: { version: "2" },
    Z: { version: "1", dependsOn: ["Y"] },
  };
  const order = ["B", { service: "A", hosts: ["web-7"] }, "A", "A", "Q"];
  assertProblems({ services, order }, [
    'service "Z": no host has it in its config (known: A, B)',
    'service "Z": depends on "Y", which no host has in its config (known: A, B)',
    'order: "Q" is not under services (there: A, B, Z)',
    'order: service "Z" has no wave for all of its hosts',
    'order: "B" comes before "A", but depends on it: put "A" first',
    'order: host "web-7" does not run "A" (its hosts: web-1, web-2, web-3)',
    'service "A": the quorum of 9 can never be met, the wave has 1 host',
    'service "A": maxUnavailable is 0, so no host could ever switch: allow at least 1',
    'service "A": the quorum of 9 can never be met, the wave has 3 hosts',
  ]);
});

Deno.test("checkPlan: long lists of names are cut", () => {
  const names = Array.from({ length: 23 }, (_, index) => `s${index + 1}`);
  const fleet = new Map(names.map((name) => [name, { entry: null, roster: HOSTS }]));
  const checked = check({ services: { Z: { version: "1" } } }, fleet);
  assert.ok(!checked.ok);
  assert.match(checked.problems[0] ?? "", /s19, s20, and 3 more\)$/);
});

Deno.test("planSchema: refuses unknown keys, no services, an empty order, a feed that is no URL", () => {
  const services = { A: { version: "2" } };
  assert.equal(planSchema.safeParse({ services, feed: "http://build:8080" }).success, true);
  const refused: unknown[] = [
    { services, waves: [] },
    { services: { A: { version: "2", depends: [] } } },
    { services: {} },
    { services: { A: { version: "" } } },
    { services, order: [] },
    { services, order: [{ service: "A", hosts: [] }] },
    { services, feed: "build" },
  ];
  for (const plan of refused) {
    assert.equal(planSchema.safeParse(plan).success, false, JSON.stringify(plan));
  }
});

Deno.test("checkPlan: a circle among services that the plan does not need is no obstacle", () => {
  const fleet = new Map([
    ["web", { entry: service(), roster: ["web-1"] }],
    ["zz", { entry: service({ dependsOn: ["zz"] }), roster: [] }],
  ]);
  assert.equal(checkPlan({ services: { web: { version: "2" } } }, fleet).ok, true);
});

Deno.test("planSchema: names and versions go by the rules of the tree", () => {
  for (const version of ["../../pwn", "current", "a/b", "x".repeat(129), ""]) {
    const parsed = planSchema.safeParse({ services: { web: { version } } });
    assert.match(parsed.error?.issues[0]?.message ?? "", /^expected a version /, version);
  }
  for (const name of ["../web", "a b", "__proto__", "x".repeat(65)]) {
    const services = Object.fromEntries([[name, { version: "2" }]]);
    assert.equal(planSchema.safeParse({ services }).success, false, name);
  }
});

Deno.test("checkPlan: limits by which no host could ever switch", () => {
  const plan = (policy: object) => ({ services: { A: { version: "2", policy } } });
  for (const minOnline of [3, "80%"]) {
    assertProblems(plan({ minOnline }), [
      `service "A": minOnline is ${minOnline} and it has 3 hosts, so no host could ever switch: ask for at most 2`,
    ]);
  }
  assert.equal(check(plan({ minOnline: "66%", maxUnavailablePerRack: "1%" })).ok, true);
  assertProblems(plan({ maxUnavailablePerRack: 0, maxUnavailablePerSite: "0%" }), [
    'service "A": maxUnavailablePerRack is 0, so no host could ever switch: allow at least 1',
    'service "A": maxUnavailablePerSite is 0, so no host could ever switch: allow at least 1',
  ]);
});
