import assert from "node:assert/strict";
import pico from "picocolors";
import { layOutFleet, SERVICES } from "../../../../scripts/demo/fleet_layout.ts";
import {
  addProblems,
  makeFailureReport,
  makeReport,
  type Measurements,
} from "../../../../scripts/demo/report.ts";
import { renderSummary } from "../../../../scripts/demo/summary.ts";
import { fleetSnapshot } from "./fixtures.ts";

const HOSTS = layOutFleet(6);
const MIB = 2 ** 20;

/** A demo in which everything went well. */
function measured(changes: Partial<Measurements> = {}): Measurements {
  const observed = { maxConcurrentDown: 1, longestOutageMs: 120, probesCount: 900 };
  return {
    hosts: HOSTS,
    releases: SERVICES.map((service) => ({
      service,
      version: "v2",
      folder: "",
      files: [],
      sizeBytes: 10 * MIB,
    })),
    verdicts: HOSTS.flatMap(({ name: host }) =>
      SERVICES.map((service) => ({
        endpoint: { service, host, port: 1 },
        version: "v2",
        contentMatches: true,
      }))
    ),
    snapshot: fleetSnapshot(6, () => ({ version: "v2", pinnedBytes: 20 * MIB })),
    received: ({ host }) => ({
      rackBytes: host === "web-2" ? 10 * MIB : 0,
      siteBytes: host === "web-2" || host === "web-4" ? 0 : 10 * MIB,
      remoteBytes: host === "web-4" ? 10 * MIB : 0,
      reusedBytes: 0,
    }),
    observations: { A: observed, B: observed },
    order: ["A", "B"],
    takeovers: { A: { firstMs: 0, lastMs: 10 }, B: { firstMs: 10, lastMs: 20 } },
    quorums: { A: { stagedCount: 5, hostsCount: 6 }, B: { stagedCount: 6, hostsCount: 6 } },
    durationMs: 12_345.6,
    lockedBytes: 240 * MIB,
    killed: null,
    inside: { host: "web-1", actorsCount: 17 },
    timings: {},
    ...changes,
  };
}

Deno.test("makeReport of a demo that went well", () => {
  const report = makeReport(measured());
  assert.deepEqual(report.problems, []);
  assert.equal(report.ok, true);
  assert.equal(report.hosts.length, 12);
  assert.deepEqual(report.rollout?.maxConcurrentDown, { A: 1, B: 1 });
  assert.deepEqual(report.distribution, {
    releaseBytes: 20 * MIB,
    bytes: 120 * MIB,
    reusedBytes: 0,
    crossSiteBytes: 20 * MIB,
    crossSiteOptimumBytes: 20 * MIB,
    crossSiteRatio: 1,
    crossRackBytes: 100 * MIB,
    crossRackOptimumBytes: 80 * MIB,
    crossRackRatio: 1.25,
  });
  assert.deepEqual(report.memory, { pinnedBytes: 240 * MIB, lockedBytes: 240 * MIB });
});

Deno.test("makeReport finds each broken invariant, and no other", () => {
  const good = measured();
  const twoDown = { maxConcurrentDown: 2, longestOutageMs: 1, probesCount: 1 };
  const broken: Record<string, Partial<Measurements>> = {
    orderKept: { takeovers: { A: { firstMs: 0, lastMs: 11 }, B: { firstMs: 10, lastMs: 20 } } },
    oneHostAtATime: { observations: { ...good.observations, B: twoDown } },
    quorumFirst: { quorums: { ...good.quorums, A: { stagedCount: 4, hostsCount: 6 } } },
    everyHostOnV2: {
      verdicts: good.verdicts.map((verdict, index) =>
        index === 3 ? { ...verdict, version: "v1" } : verdict
      ),
    },
    contentMatches: {
      verdicts: good.verdicts.map((verdict, index) =>
        index === 3 ? { ...verdict, contentMatches: false } : verdict
      ),
    },
  };
  for (const [name, changes] of Object.entries(broken)) {
    const { ok, problems, invariants } = makeReport(measured(changes));
    assert.equal(ok, false, name);
    assert.equal(problems.length, 1, name);
    const wrong = Object.entries(invariants ?? {}).filter(([, holds]) => !holds);
    assert.deepEqual(wrong.map(([key]) => key), [name]);
  }
});

Deno.test("makeReport trusts neither the status alone nor a fleet that was halted", () => {
  const stale = fleetSnapshot(6, (host) => ({ version: host === "web-3" ? "v1" : "v2" }));
  assert.match(makeReport(measured({ snapshot: stale })).problems[0] ?? "", /web-3 A.*status/);
  const halted = { ...measured().snapshot, control: { state: "halted" } };
  assert.match(makeReport(measured({ snapshot: halted })).problems[0] ?? "", /halted/);
});

Deno.test("addProblems makes a good report a bad one", () => {
  const report = makeReport(measured());
  assert.equal(addProblems(report, []), report);
  assert.equal(addProblems(report, ["clean-up: left"]).ok, false);
});

Deno.test("renderSummary fits 80 columns and says everything that was measured", () => {
  const killed = {
    host: "web-5",
    signal: "SIGKILL",
    awayMs: 7_000,
    seenOffline: true,
    servicesKept: true,
    keptServices: SERVICES,
    cameBackWith: { A: "v1", B: "v1" },
  } as const;
  const text = renderSummary(makeReport(measured({ killed })), pico.createColors(false));
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(text, /rolled out +A, then B, in 12\.3 s/);
  assert.match(text, /down at once +A 1 \(longest 120 ms\), B 1/);
  assert.match(text, /across sites +20\.0 MiB, least possible 20\.0 MiB \(1\.00 ×\)/);
  assert.match(text, /across racks +100\.0 MiB, least possible 80\.0 MiB \(1\.25 ×\)/);
  assert.match(text, /locked +240\.0 MiB in memory/);
  assert.match(text, /inside +the agent of web-1: 17 actors/);
  assert.match(text, /agent killed +web-5, away 7\.0 s, services went on, rejoined on A v2, B v2/);
  assert.match(text, /every host runs v2/);
});

Deno.test("renderSummary says what was reused, where something was", () => {
  const colors = pico.createColors(false);
  assert.doesNotMatch(renderSummary(makeReport(measured()), colors), /reused/);
  const reusing = makeReport(measured({
    received: () => ({ rackBytes: 0, siteBytes: 0, remoteBytes: 0, reusedBytes: 9 * MIB }),
  }));
  assert.equal(reusing.distribution?.reusedBytes, 12 * 9 * MIB);
  const text = renderSummary(reusing, colors);
  assert.match(text, /reused +108\.0 MiB of v2 from v1 on the hosts' own disks/);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("renderSummary of a demo that could not go on says why, in full", () => {
  const report = makeFailureReport(["tracker ended\n  | log line"], {});
  const text = renderSummary(report, pico.createColors(false));
  assert.match(text, /✗ tracker ended\n +\| log line/);
});
