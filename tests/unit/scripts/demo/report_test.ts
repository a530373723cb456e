import assert from "node:assert/strict";
import {
  addProblems,
  makeReport,
  type Measurements,
  ratio,
} from "../../../../scripts/demo/report.ts";
import { fleetSnapshot } from "./fixtures.ts";
import { measured, MIB } from "./measurements.ts";

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

Deno.test("ratio is null when nothing had to move", () => {
  assert.equal(ratio(0, 0), null);
  assert.equal(ratio(150, 100), 1.5);
});
