/** Tests of gates in plans. */

import assert from "node:assert/strict";
import {
  gatePlanSchema,
  resolveGate,
  resolveWaves,
  waveListSchema,
} from "../../../../rollout/mod.ts";
import { at, fleetOf } from "./hosts.ts";

const ABLE = fleetOf({ "ams/r1": 3, "ams/r2": 3, "fra/r1": 3 })
  .map((host) => ({ ...host, checks: ["errors", "latency"] }));

function resolve(plan: unknown, hosts = ABLE) {
  return resolveGate(gatePlanSchema.parse(plan), hosts);
}

Deno.test("resolveGate: a person, a time, a check", () => {
  assert.deepEqual(resolve("promote"), { gate: {} });
  assert.deepEqual(resolve({ after: "10m" }), { gate: { afterMs: 600_000 } });
  assert.deepEqual(
    resolve({ after: "1m", check: "errors", for: "2m", within: "1h", every: "5s" }),
    {
      gate: {
        afterMs: 60_000,
        check: {
          name: "errors",
          hosts: ["ams-r1-0", "ams-r2-0", "fra-r1-0"],
          forMs: 120_000,
          withinMs: 3_600_000,
          everyMs: 5_000,
        },
      },
    },
  );
});

Deno.test("resolveGate: a check is made by hosts that have it and serve; of a URL, any", () => {
  const hosts = [
    at("ams/r1", "web-1"),
    { ...at("ams/r1", "web-2"), checks: ["errors"], isServing: false },
    { ...at("ams/r1", "web-3"), checks: ["errors"] },
  ];
  const madeBy = (plan: unknown) => {
    const resolved = resolve(plan, hosts as typeof ABLE);
    return "gate" in resolved ? resolved.gate.check?.hosts : resolved.problem;
  };
  assert.deepEqual(madeBy({ check: "errors" }), ["web-2", "web-3"]);
  assert.deepEqual(madeBy({ url: "https://metrics/ok" }), ["web-1", "web-2", "web-3"]);
  assert.equal(
    madeBy({ check: "latency" }),
    'gate: expected a check that a host has in its config, was "latency" (there: errors)',
  );
});

Deno.test("resolveWaves: a gate stands before the next wave that has hosts", () => {
  const list = [1, { gate: { after: "1m" } }, "10%", { gate: "promote" }, "100%"];
  const { waves, problems } = resolveWaves("web", {
    list: waveListSchema.parse(list),
    hosts: ABLE,
  });
  assert.deepEqual(problems, []);
  // A tenth of nine hosts is the canary.
  assert.deepEqual(waves.map(({ gate }) => gate), [undefined, {}]);
  const each = waveListSchema.parse([{ each: "rack", gate: { after: "1m" } }]);
  const racks = resolveWaves("web", { list: each, hosts: ABLE }).waves;
  assert.deepEqual(racks.map(({ gate }) => gate), [undefined, { afterMs: 60_000 }, {
    afterMs: 60_000,
  }]);
  const unknown = waveListSchema.parse([1, { gate: { check: "nope" } }, "all"]);
  assert.deepEqual(resolveWaves("web", { list: unknown, hosts: ABLE }).problems, [
    'service "web": waves: gate: expected a check that a host has in its config, was "nope" ' +
    "(there: errors, latency)",
  ]);
});

Deno.test("waveListSchema: a gate needs a wave after it, and conditions that can be met", () => {
  const refused: unknown[] = [
    [{ gate: "promote" }],
    [1, { gate: "promote" }, { gate: { after: "1m" } }, "all"],
    [1, { gate: {} }, "all"],
    [1, { gate: "later" }, "all"],
    [1, { gate: { after: "10 minutes" } }, "all"],
    [1, { gate: { after: "800h" } }, "all"],
    [1, { gate: { for: "1m" } }, "all"],
    [1, { gate: { check: "a", url: "http://b" } }, "all"],
    [1, { gate: { url: "file:///etc/passwd" } }, "all"],
    [1, { gate: { url: "http://b", for: "1h", within: "1m" } }, "all"],
    [1, { gate: { url: "http://b", every: "1ms" } }, "all"],
    [{ size: 1, gate: "promote" }, "all"],
  ];
  for (const list of refused) {
    assert.equal(waveListSchema.safeParse(list).success, false, JSON.stringify(list));
  }
  const good = [{ gate: "promote" }, 1, { gate: { url: "http://b" } }, "all"];
  assert.equal(waveListSchema.safeParse(good).success, true);
});
