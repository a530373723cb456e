/** Tests of which hosts the waves of a plan are. */

import assert from "node:assert/strict";
import {
  type KnownHost,
  resolveWaves,
  type WaveList,
  waveListSchema,
} from "../../../../rollout/mod.ts";
import { at, fleetOf } from "./hosts.ts";

function resolve(list: unknown, hosts: readonly KnownHost[]) {
  return resolveWaves("web", { list: waveListSchema.parse(list), hosts });
}

/** The sizes of the waves; `all` is the one that covers all. */
function sizes(list: WaveList, hosts: readonly KnownHost[]) {
  const { waves, problems } = resolve(list, hosts);
  assert.deepEqual(problems, []);
  return waves.map((wave) => wave.hosts?.length ?? "all");
}

const TEN = fleetOf({ "ams/r1": 5, "fra/r1": 5 });

Deno.test("resolveWaves: a size counts the hosts of earlier waves, and the last wave covers all", () => {
  assert.deepEqual(sizes([1, "10%", "50%", "100%"], fleetOf({ "ams/r1": 100 })), [1, 9, 40, "all"]);
  assert.deepEqual(sizes([1, 4, "all"], TEN), [1, 3, "all"]);
});

Deno.test("resolveWaves: a share is rounded up, so that it is never nobody", () => {
  assert.deepEqual(sizes(["1%", "100%"], TEN), [1, "all"]);
  assert.deepEqual(sizes(["11%", "100%"], TEN), [2, "all"]);
});

Deno.test("resolveWaves: a wave for which no host is left is left out, and said", () => {
  const { waves, notes, problems } = resolve([1, "10%", "50%", "100%"], TEN.slice(0, 3));
  assert.deepEqual(waves.map((wave) => wave.hosts?.length ?? "all"), [1, 1, "all"]);
  assert.deepEqual(notes, ['service "web": waves: 10%: left out, no host is left for it']);
  assert.deepEqual(problems, []);
  assert.deepEqual(sizes([1, "100%"], TEN.slice(0, 1)), ["all"]);
});

Deno.test("resolveWaves: no host is in two waves, and a canary is not all of a site", () => {
  const { waves } = resolve([2, "60%", "100%"], TEN);
  const [canary, second] = waves.map(({ hosts }) => hosts ?? []);
  assert.deepEqual(canary, ["ams-r1-0", "fra-r1-0"]);
  assert.equal(second?.length, 4);
  assert.ok(!second.some((host) => canary?.includes(host)));
});

Deno.test("resolveWaves: a canary prefers hosts that serve", () => {
  const hosts = TEN.map((host) => ({ ...host, isServing: host.host === "fra-r1-4" }));
  assert.deepEqual(resolve([1, "all"], hosts).waves[0]?.hosts, ["fra-r1-4"]);
});

Deno.test("resolveWaves: how many may fail goes with the wave, also with each of several", () => {
  const allowed = (list: WaveList, hosts: readonly KnownHost[]) =>
    resolve(list, hosts).waves.map(({ maxFailures }) => maxFailures);
  assert.deepEqual(allowed([{ size: 1, maxFailures: 0 }, "all"], TEN), [0, undefined]);
  assert.deepEqual(allowed([{ each: "site", maxFailures: 2 }], TEN), [2, 2]);
  assert.equal(waveListSchema.safeParse([{ maxFailures: 2 }]).success, false, "of which hosts?");
});

Deno.test("resolveWaves: by site, rack, label and name, also together", () => {
  const edge = { labels: { tier: "edge" } };
  const hosts = [
    at("ams/r1", "a1", edge),
    at("ams/r2", "a2"),
    at("fra/r1", "f1", edge),
    at("fra/r1", "f2"),
  ];
  const first = (item: unknown) => resolve([item, "all"], hosts).waves[0]?.hosts;
  assert.deepEqual(first({ site: "ams" }), ["a1", "a2"]);
  assert.deepEqual(first({ rack: "r1" }), ["a1", "f1", "f2"]);
  assert.deepEqual(first({ site: "fra", rack: "r1" }), ["f1", "f2"]);
  assert.deepEqual(first({ labels: { tier: "edge" } }), ["a1", "f1"]);
  assert.deepEqual(first({ site: "fra", ...edge }), ["f1"]);
  assert.deepEqual(first({ hosts: ["f2", "a1"] }), ["a1", "f2"]);
  assert.deepEqual(first({ size: 1, site: "fra" }), ["f1"]);
  assert.deepEqual(first({ size: "50%", ...edge }), ["a1"]);
});

Deno.test("resolveWaves: each site or rack is a wave, and the last one covers all", () => {
  const hosts = fleetOf({ "fra/r1": 1, "ams/r2": 2, "ams/r1": 3 });
  assert.deepEqual(resolve([{ each: "site" }], hosts).waves.map((wave) => wave.hosts?.length), [
    5,
    undefined,
  ]);
  const racks = resolve([1, { each: "rack" }], hosts).waves;
  assert.deepEqual(racks.map((wave) => wave.hosts?.length), [1, 2, 2, undefined]);
  assert.deepEqual(resolve([{ each: "rack", site: "ams" }, "all"], hosts).waves.length, 3);
});

Deno.test("resolveWaves: waves that leave hosts out are refused", () => {
  assert.deepEqual(resolve([1, "50%"], TEN).problems, [
    'service "web": waves: 5 of 10 hosts are in no wave (ams-r1-3, ams-r1-4, fra-r1-2, and 2 more): ' +
    "end with 100%",
  ]);
});

Deno.test("resolveWaves: what no host is or has is refused, with what there is", () => {
  const hosts = [at("ams/r1", "web-1", { labels: { tier: "edge" } }), at("fra/r2", "web-2")];
  const problemsOf = (item: unknown) => resolve([item, "all"], hosts).problems;
  assert.deepEqual(problemsOf({ site: "lon" }), [
    'service "web": waves: site lon: expected the site of a host (there: ams, fra)',
  ]);
  assert.deepEqual(problemsOf({ rack: "r9" }), [
    'service "web": waves: rack r9: expected the rack of a host (there: r1, r2)',
  ]);
  assert.deepEqual(problemsOf({ labels: { tier: "core" } }), [
    'service "web": waves: label tier=core: expected a label of a host (there: tier=edge)',
  ]);
  assert.deepEqual(problemsOf({ hosts: ["web-1", "web-9"] }), [
    'service "web": waves: web-1, web-9: web-9: expected a host that runs the service (there: web-1, web-2)',
  ]);
  assert.deepEqual(problemsOf({ site: "ams", rack: "r2" }), [
    'service "web": waves: site ams, rack r2: expected at least one host of which all of that is true, there is none',
  ]);
});

Deno.test("waveListSchema: refuses sizes of nobody, more than all, and what it does not know", () => {
  const refused: unknown[] = [
    [],
    [0],
    ["0%"],
    ["101%"],
    [1.5],
    ["half"],
    [{}],
    [{ each: "label" }],
    [{ each: "rack", size: 1 }],
    [{ hosts: [] }],
    [{ zone: "a" }],
  ];
  for (const list of refused) {
    assert.equal(waveListSchema.safeParse(list).success, false, JSON.stringify(list));
  }
});
