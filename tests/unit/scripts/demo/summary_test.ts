import assert from "node:assert/strict";
import pico from "picocolors";
import { SERVICES } from "../../../../scripts/demo/fleet_layout.ts";
import { makeFailureReport, makeReport } from "../../../../scripts/demo/report.ts";
import { renderSummary } from "../../../../scripts/demo/summary.ts";
import { measured, MIB } from "./measurements.ts";

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
  assert.match(text, /across racks +100 MiB, least possible 80\.0 MiB \(1\.25 ×\)/);
  assert.match(text, /locked +240 MiB in memory/);
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
  assert.match(text, /reused +108 MiB of v2 from v1 on the hosts' own disks/);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("renderSummary of a demo that could not go on says why, in full", () => {
  const report = makeFailureReport(["tracker ended\n  | log line"], {});
  const text = renderSummary(report, pico.createColors(false));
  assert.match(text, /✗ tracker ended\n +\| log line/);
});
