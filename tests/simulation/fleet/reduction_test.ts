import assert from "node:assert/strict";
import { STANDING_KINDS } from "./pending.ts";
import { reduce, reductionOf, reductionOptions, wholeOf } from "./reduction.ts";

import { drawScenario } from "./scenario.ts";

const scenario = drawScenario({ seed: 7, hostCount: 5, serviceCount: 3, kinds: STANDING_KINDS });

Deno.test("reduction: the whole of a scenario is the scenario, and needs no options", () => {
  assert.deepEqual(reduce(scenario, wholeOf(scenario)), scenario);
  assert.deepEqual(reductionOptions(scenario, wholeOf(scenario)), []);
});

Deno.test("reduction: what is left out is nowhere any more, and its options bring the same back", () => {
  const kept = {
    faults: [{ index: 0, forMs: 10 }],
    hosts: ["web-2", "web-4"],
    services: ["B"],
  };
  const reduced = reduce(scenario, kept);
  assert.deepEqual(reduced.hosts.map(({ name, services }) => [name, services]), [
    ["web-2", ["B"]],
    ["web-4", ["B"]],
  ]);
  assert.deepEqual(reduced.services.map(({ name, dependsOn }) => [name, dependsOn]), [["B", []]]);
  assert.deepEqual(reduced.faults.map(({ forMs, service }) => [forMs, service]), [[10, "B"]]);
  const options = reductionOptions(scenario, kept);
  assert.deepEqual(options, ["--only 0:10", "--only-hosts web-2,web-4", "--only-services B"]);
  const again = { only: ["0:10"], onlyHosts: ["web-2", "web-4"], onlyServices: ["B"] };
  assert.deepEqual(reductionOf(scenario, again), kept);
});
