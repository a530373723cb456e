/**
 * The tracker's policy over whole fleets, in a small size; `deno task simulate:tracker` runs the full
 * one. Rounds and bytes are the same in every run, so the limits below are close to what there is.
 */

import assert from "node:assert/strict";
import { defaultHandoutSettings } from "../../../tracker/handout/handout_settings.ts";
import {
  layOut,
  mediumShape,
  netnsEightsShape,
  netnsPairsShape,
  netnsQuadsShape,
  pairsShape,
  smallShape,
  unequalShape,
} from "./fleet.ts";
import { run, type RunResult } from "./run.ts";
import { type ScenarioName, scenarioNames } from "./scenarios.ts";
import { policyNames } from "./trackers.ts";

const SEEDS = [1, 2, 3];

const NETNS_SHAPES = {
  netnsPairs: netnsPairsShape,
  netnsQuads: netnsQuadsShape,
  netnsEights: netnsEightsShape,
};

function runOurs(scenario: ScenarioName, seed: number): RunResult {
  return run({ shape: smallShape, scenario, policy: "ours", seed });
}

/**
 * How long the last host may take over the least possible. Small fleets wait more for single hosts: over
 * 40 seeds that begin all at once the mean is 1.3, the most 1.45.
 */
const SLOWEST: Readonly<Record<ScenarioName, number>> = {
  "all at once": 1.5,
  "staggered start": 1.1,
  "a rack joins late": 1.2,
  "gateways die": 1.7,
  "a slow gateway": 1.5,
};

for (const scenario of scenarioNames) {
  Deno.test(`tracker simulation: ${scenario}: all complete, once across each border`, () => {
    for (const seed of SEEDS) {
      const { last, least, acrossSites, acrossRacks } = runOurs(scenario, seed);
      const about = `seed ${seed}: last ${
        last / least
      }, sites ${acrossSites}, racks ${acrossRacks}`;
      assert.ok(last <= SLOWEST[scenario] * least, about);
      assert.ok(acrossSites <= 1.1, about);
      assert.ok(acrossRacks <= 1.1, about);
    }
  });
}

Deno.test("tracker simulation: a gateway that leaves its rack waiting costs the last host half as much again", () => {
  for (const seed of SEEDS) {
    const options = { shape: pairsShape, scenario: "all at once", policy: "ours", seed } as const;
    const { last, least, acrossSites, acrossRacks } = run(options);
    assert.ok(last <= 1.35 * least, `seed ${seed}: ${last / least}`);
    assert.ok(acrossSites <= 1.05 && acrossRacks <= 1.05, `${acrossSites}, ${acrossRacks}`);
    const careless = run({ ...options, ownRackFirst: false });
    assert.ok(careless.last > 1.4 * last, `seed ${seed}: ${careless.last / last}`);
  }
});

for (
  const [name, layout] of [
    ["one site of two racks", { sites: 1, racksPerSite: 2, hosts: 8 }],
    ["one site of four racks", { sites: 1, racksPerSite: 4, hosts: 40 }],
    ["two sites of two racks", { sites: 2, racksPerSite: 2, hosts: 20 }],
  ] as const
) {
  Deno.test(`tracker simulation: ${name}: racks help each other, they do not share the build machine's link`, () => {
    for (const seed of SEEDS) {
      const shape = { ...pairsShape, ...layout };
      const { last, least, acrossRacks } = run({
        shape,
        scenario: "all at once",
        policy: "ours",
        seed,
      });
      // Left to the build machine alone it was 1.9 with two racks, and 3.6 with four.
      assert.ok(last <= 1.4 * least, `seed ${seed}: ${last / least}`);
      assert.ok(acrossRacks <= 1.05, `seed ${seed}: ${acrossRacks}`);
    }
  });
}

/** How long the last host may take with stripes over the least possible; the most of two seeds is in brackets. */
const SLOWEST_STRIPED = {
  // [1.00, 1.18, 1.33]
  netnsPairs: { "all at once": 1.05, "gateways die": 1.25, "a slow gateway": 1.4 },
  // [1.07, 1.16, 1.12]
  netnsQuads: { "all at once": 1.15, "gateways die": 1.25, "a slow gateway": 1.2 },
  // [1.04, 1.07, 1.02]
  netnsEights: { "all at once": 1.1, "gateways die": 1.15, "a slow gateway": 1.1 },
} as const;

for (const [name, limits] of Object.entries(SLOWEST_STRIPED)) {
  for (const scenario of ["all at once", "gateways die", "a slow gateway"] as const) {
    Deno.test(`tracker simulation: stripes, ${name}, ${scenario}: about as fast as can be, once across each border`, () => {
      for (const seed of [1, 2]) {
        const shape = NETNS_SHAPES[name as keyof typeof NETNS_SHAPES];
        const { last, least, acrossSites, acrossRacks } = run({
          shape,
          scenario,
          policy: "stripes",
          seed,
        });
        const about = `seed ${seed}: ${last / least}, sites ${acrossSites}, racks ${acrossRacks}`;
        assert.ok(last <= limits[scenario] * least, about);
        assert.ok(acrossSites <= 1.02 && acrossRacks <= 1.02, about);
      }
    });
  }
}

Deno.test("tracker simulation: stripes, racks of one to forty: nobody is known to too many, and all complete", () => {
  const shape = { ...unequalShape, pieces: 256 };
  const { last, least, acrossSites, acrossRacks } = run({
    shape,
    scenario: "all at once",
    policy: "stripes",
    seed: 1,
  });
  const about = `${last / least}, sites ${acrossSites}, racks ${acrossRacks}`;
  assert.ok(last <= 1.5 * least, about);
  assert.ok(acrossSites <= 1.02 && acrossRacks <= 1.03, about);
});

Deno.test("tracker simulation: stripes, 240 hosts: no border is crossed twice, and no host waits for another", () => {
  const { last, least, acrossSites, acrossRacks } = run({
    shape: mediumShape,
    scenario: "all at once",
    policy: "stripes",
    seed: 1,
  });
  const about = `${last / least}, sites ${acrossSites}, racks ${acrossRacks}`;
  assert.ok(last <= 1.1 * least, about);
  assert.ok(acrossSites <= 1.02 && acrossRacks <= 1.02, about);
});

Deno.test("tracker simulation: the others carry many times as much across borders", () => {
  const ours = runOurs("all at once", 1);
  for (const policy of policyNames) {
    if (policy === "ours" || policy === "stripes") continue;
    const theirs = run({ shape: smallShape, scenario: "all at once", policy, seed: 1 });
    assert.ok(theirs.acrossSites > 10 * ours.acrossSites, `${policy}: ${theirs.acrossSites}`);
    assert.ok(theirs.acrossRacks > 4 * ours.acrossRacks, `${policy}: ${theirs.acrossRacks}`);
  }
});

Deno.test("tracker simulation: uniform random takes at least 1.5 times as long where borders are narrow", () => {
  const ours = runOurs("all at once", 1);
  const random = run({
    shape: smallShape,
    scenario: "all at once",
    policy: "uniform random",
    seed: 1,
  });
  assert.ok(random.last > 1.5 * ours.last, `${random.last} rounds, ours ${ours.last}`);
});

Deno.test("tracker simulation: hosts that fetch from whomever they know import a rack's pieces twice", () => {
  const free = run({
    shape: smallShape,
    scenario: "all at once",
    policy: "ours",
    seed: 1,
    honoursReach: false,
  });
  const bound = runOurs("all at once", 1);
  assert.ok(Number.isFinite(free.last));
  assert.ok(free.acrossRacks > 1.5 * bound.acrossRacks, `${free.acrossRacks}`);
});

Deno.test("tracker simulation: a slow gateway that is not replaced holds its whole site up", () => {
  // In one run of five it stalls by chance, and is replaced for that: the median is what counts.
  const ratios = [1, 2, 3, 4, 5].map((seed) => {
    const options = {
      shape: smallShape,
      scenario: "a slow gateway",
      policy: "ours",
      seed,
    } as const;
    const patient = run({
      ...options,
      policyOverrides: { ...defaultHandoutSettings, slowReplacements: 0 },
    });
    return patient.last / run(options).last;
  }).sort((left, right) => left - right);
  assert.ok((ratios[2] ?? 0) > 2, `${ratios}`);
});

Deno.test("tracker simulation: who has enough peers announces seldom", () => {
  const { announcesPerRound } = runOurs("staggered start", 1);
  const hosts = layOut(smallShape).length;
  assert.ok(announcesPerRound < hosts / 4, `${announcesPerRound} of ${hosts} in one round`);
});

Deno.test("tracker simulation: the same seed gives the same run, another seed another one", () => {
  assert.deepEqual(runOurs("gateways die", 7), runOurs("gateways die", 7));
  assert.notDeepEqual(runOurs("gateways die", 7), runOurs("gateways die", 8));
});
