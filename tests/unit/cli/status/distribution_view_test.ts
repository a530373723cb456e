import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { Distribution } from "../../../../cli/status/distribution.ts";
import { renderDistribution } from "../../../../cli/status/distribution_view.ts";
import type { ReleaseReport } from "../../../../cli/status/tracker_client.ts";
import type { GroupReport } from "../../../../tracker/stats/swarm_report.ts";

const MIB = 1024 ** 2;

function place(name: string, more: Partial<GroupReport> = {}): GroupReport {
  return {
    name,
    peers: 3,
    copies: 3,
    progress: 1,
    gateways: [],
    receivedBytes: 0,
    leastBytes: 0,
    ...more,
  };
}

const REPORT: ReleaseReport = {
  infoHash: "ab".repeat(20),
  seeds: 4,
  leechers: 3,
  progress: 0.999,
  hasTraffic: true,
  acrossSites: { bytes: 30 * MIB, leastBytes: 20 * MIB, ratio: 1.5 },
  acrossRacks: { bytes: 20 * MIB, leastBytes: 20 * MIB, ratio: 1 },
  sites: [
    {
      ...place("ams", { peers: 4, copies: 4 }),
      racks: [place("r1"), place("build", { peers: 1, copies: 1 })],
    },
    {
      ...place("frankfurt", { copies: 0, gateways: ["web-5 (10.0.0.5:6881)"] }),
      racks: [
        place("r1", { copies: 0, gateways: ["web-5 (10.0.0.5:6881)", "unnamed (10.0.0.6:6881)"] }),
        place("r2", { peers: 0, copies: 0 }),
      ],
    },
  ],
  strangers: 0,
  gateways: ["web-5 (10.0.0.5:6881)", "unnamed (10.0.0.6:6881)"],
  replacedGateways: 1,
  slow: [],
};

function render(report: Partial<ReleaseReport>, columns = 120): string[] {
  const distribution: Distribution = {
    service: "web",
    version: "v2",
    infoHash: REPORT.infoHash,
    tracker: "http://tracker:8000",
    report: { ...REPORT, ...report },
    problem: null,
  };
  return renderDistribution(distribution, { columns }).map(stripVTControlCharacters);
}

Deno.test("renderDistribution: bytes beside the least, copies by site and rack, gateways", () => {
  assert.deepEqual(render({}), [
    "v2: 99% there · 4 of 7 peers hold a copy · 2 gateways · 1 gateway replaced · (http://tracker:8000)",
    "across sites 30.0 MiB, least 20.0 MiB (1.50 ×) · across racks 20.0 MiB, least 20.0 MiB (1.00 ×)",
    "ams       4/4  r1 3/3  build 1/1",
    "frankfurt 0/3 by web-5  r1 0/3 by web-5, 10.0.0.6:6881",
  ]);
});

Deno.test("renderDistribution: a release that all peers hold takes two lines", () => {
  const done = { seeds: 7, leechers: 0, gateways: [], replacedGateways: 0 };
  assert.deepEqual(render(done), [
    "v2: all 7 peers hold a copy · (http://tracker:8000)",
    "across sites 30.0 MiB, least 20.0 MiB (1.50 ×) · across racks 20.0 MiB, least 20.0 MiB (1.00 ×)",
  ]);
  const [first, second] = render({ ...done, seeds: 1, hasTraffic: false, strangers: 1 });
  assert.equal(
    first,
    "v2: its only peer holds a copy · 1 at an unknown place · (http://tracker:8000)",
  );
  assert.equal(second, "its peers do not say what they receive");
});

Deno.test("renderDistribution: who is slow, and why, those that lack most; the others are counted", () => {
  const slow = Array.from({ length: 8 }, (_, index) => ({
    host: `web-${index}`,
    address: `10.0.0.${index}:6881`,
    site: "ams",
    rack: "r1",
    leftBytes: 312 * MIB,
    bytesPerSecond: 0,
    why:
      "no progress over 4 announces; waits for its rack's gateway web-9, which makes none either",
  }));
  const unplaced = {
    address: "10.0.0.9:1",
    bytesPerSecond: 0,
    why: "silent for 9 s: down, or cut off",
  };
  const lines = render({ slow: [unplaced, ...slow] });
  assert.deepEqual(lines.slice(4, 7), [
    "slow 10.0.0.9:1: silent for 9 s: down, or cut off",
    "slow web-0 ams/r1, 312 MiB to fetch: no progress over 4 announces; waits for its rack's gateway web-9, which makes none",
    "  either",
  ]);
  assert.equal(lines.at(-1), "and 4 more that are slow");
});

Deno.test("renderDistribution: many sites and racks are bounded, what lacks copies comes first", () => {
  const racks = Array.from(
    { length: 40 },
    (_, index) => place(`r${index}`, index % 2 === 0 ? {} : { copies: 1 }),
  );
  const sites = Array.from({ length: 20 }, (_, index) => ({
    ...place(`s${index}`, { copies: 0, progress: 1 - index / 20 }),
    racks,
  }));
  const text = render({ sites }).join("\n");
  assert.match(text, /^s19 0\/3 {2}r1 1\/3 {2}r3 1\/3 /m);
  assert.doesNotMatch(text, /^s0 |r2 3\/3|r25 /m);
  assert.match(text, /8 racks more {2}20 racks done/);
  assert.match(text, /and 12 sites more$/);
});

Deno.test("renderDistribution: no line is wider than the terminal, whatever a tracker says", () => {
  const long = "x".repeat(200);
  const report: Partial<ReleaseReport> = {
    sites: [{
      ...place(long, { copies: 0, gateways: [long, long] }),
      racks: [place(long, { copies: 0 })],
    }],
    slow: [{
      address: long,
      host: long,
      site: long,
      rack: long,
      bytesPerSecond: 1,
      why: long.repeat(9),
    }],
    acrossSites: { bytes: 1e300, leastBytes: 1e-300, ratio: 1e300 },
  };
  for (const columns of [72, 80, 120]) {
    for (const line of render(report, columns)) assert.ok(line.length <= columns, line);
  }
});

Deno.test("renderDistribution: without a report it says why", () => {
  const lines = renderDistribution({
    service: "web",
    version: "v2",
    infoHash: REPORT.infoHash,
    tracker: null,
    report: null,
    problem: `no report of how it spreads: tracker http://tracker:8000 does not answer within 2 s`,
  }, { columns: 72 }).map(stripVTControlCharacters);
  assert.deepEqual(lines, [
    "v2: no report of how it spreads: tracker http://tracker:8000 does not",
    "  answer within 2 s",
  ]);
});
