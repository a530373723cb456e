/** Tests of what a plan makes of dependencies: who waits for a bake time, and who may go at the same time. */

import assert from "node:assert/strict";
import { checkPlan, DEFAULT_POLICY, type KnownService, planSchema } from "../../../rollout/mod.ts";
import { service } from "./views.ts";

const HOSTS = ["web-1", "web-2"];

const FLEET: ReadonlyMap<string, KnownService> = new Map(
  ["cache", "db", "mail", "web"].map((name) => [name, { entry: service(), roster: HOSTS }]),
);

function check(plan: unknown, fleet = FLEET) {
  const checked = checkPlan(planSchema.parse(plan), fleet);
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked;
}

const version = "2";

Deno.test("checkPlan: a service waits for the longest bake time of those that have to have baked", () => {
  const { waves, services } = check({
    services: {
      db: { version, policy: { bakeTime: "30s" } },
      cache: { version, policy: { bakeTime: "2m" } },
      mail: { version, policy: { bakeTime: "1h" } },
      web: {
        version,
        dependsOn: [
          { service: "db", when: "baked" },
          { service: "cache", when: "baked" },
          { service: "mail", when: "finished" },
        ],
        waves: [1, "all"],
      },
    },
  });
  assert.deepEqual(services.get("web")?.dependsOn, ["db", "cache", "mail"]);
  assert.deepEqual(services.get("web")?.bakedAfter, ["db", "cache"]);
  assert.deepEqual(waves.map((wave) => [wave.service, wave.gate]), [
    ["db", undefined],
    ["cache", undefined],
    ["mail", undefined],
    ["web", { afterMs: 120_000, baking: ["db", "cache"] }],
    ["web", undefined],
  ]);
});

Deno.test("checkPlan: the bake time counts beside a gate of the plan; what a person opens, a person decides", () => {
  const gated = (gate: unknown) =>
    check({
      services: {
        db: { version },
        web: {
          version,
          dependsOn: [{ service: "db", when: "baked" }],
          waves: [{ gate }, 1, "all"],
        },
      },
    });
  const { bakeMs } = DEFAULT_POLICY;
  const gateOf = (gate: unknown) => gated(gate).waves[1]?.gate;
  assert.deepEqual(gateOf({ after: "1s" }), { afterMs: bakeMs, baking: ["db"] });
  assert.deepEqual(gateOf({ after: "1h" }), { afterMs: 3_600_000, baking: ["db"] });
  assert.equal(gateOf({ url: "http://metrics/ok" })?.afterMs, bakeMs);
  assert.deepEqual(gateOf("promote"), {});
  assert.deepEqual(gated("promote").notes, [
    'service "web": a person opens the gate before its first wave, and decides by that whether db has baked',
  ]);
});

Deno.test("checkPlan: what the plan leaves out is as the fleet knows it, also whether it has to have baked", () => {
  const entry = service({ dependsOn: ["db", "mail"], bakedAfter: ["db"] });
  const fleet = new Map([...FLEET, ["web", { entry, roster: HOSTS }]]) as typeof FLEET;
  const { services, waves } = check({ services: { db: { version }, web: { version } } }, fleet);
  assert.deepEqual(services.get("web")?.bakedAfter, ["db"]);
  assert.deepEqual(waves[1]?.gate?.baking, ["db"]);
  // What is not in the plan has baked long ago.
  assert.equal(check({ services: { web: { version } } }, fleet).waves[0]?.gate, undefined);
});

Deno.test("checkPlan: in a parallel rollout a wave goes after those services alone that it has to do with", () => {
  const services = {
    db: { version },
    cache: { version, dependsOn: ["db"] },
    web: { version, dependsOn: ["cache"] },
    mail: { version },
  };
  const after = (plan: unknown) =>
    Object.fromEntries(check(plan).waves.map((wave) => [wave.service, wave.after]));
  assert.deepEqual(after({ services, parallel: true }), {
    db: ["cache", "web"],
    cache: ["db", "web"],
    web: ["db", "cache"],
    mail: [],
  });
  assert.deepEqual(new Set(Object.values(after({ services }))), new Set([undefined]));
});
