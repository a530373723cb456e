/** What the tracker reports about a release, as data, as a page and as metrics. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import { newCounters } from "../../../../tracker/stats/counters.ts";
import { TrackerMetrics } from "../../../../tracker/stats/metrics.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { Statistics } from "../../../../tracker/stats/statistics.ts";
import { statsPage } from "../../../../tracker/stats/stats_page.ts";
import { SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { Swarms } from "../../../../tracker/swarm/swarms.ts";

const SIZE = 1000;

function setUp() {
  const clock = { now: 0, nowMs: () => clock.now };
  const swarms = new Swarms({
    policy: defaultHandoutSettings,
    subnets: new SubnetMap([]),
    clock,
    random: () => 0,
    log: silentLog,
  });
  const counters = newCounters();
  const statistics = new Statistics({
    swarms,
    counters,
    policy: defaultHandoutSettings,
    clock,
    nameOf: () => "search v42",
  });
  const announce = (
    host: string,
    at: string,
    [leftBytes, rackBytes = 0, siteBytes = 0, remoteBytes = 0]: number[],
  ) => {
    const [site = "", rack = ""] = at.split("/");
    counters.httpAnnounces++;
    swarms.announce({
      infoHash: "x".repeat(20),
      peerId: host.padEnd(20, "-"),
      ip: `10.0.0.${host.length}`,
      port: 1000 + [...host].reduce((sum, one) => sum + one.charCodeAt(0), 0),
      leftBytes: leftBytes ?? Infinity,
      isStopped: false,
      wanted: 50,
      host,
      site,
      rack,
      received: { rackBytes, siteBytes, remoteBytes },
    });
  };
  return { announce, clock, statistics };
}

/** A site with the build machine and one without, half-way. */
function halfWay() {
  const swarm = setUp();
  const { announce, clock } = swarm;
  announce("builder", "north/build", [0]);
  for (const host of ["n1", "n2"]) announce(host, "north/a", [SIZE]);
  for (const host of ["s1", "s2", "s3"]) announce(host, "south/a", [SIZE]);
  clock.now += 3000;
  announce("n1", "north/a", [500, 0, 500]);
  announce("n2", "north/a", [600, 400]);
  announce("s1", "south/a", [400, 0, 0, 600]);
  announce("s2", "south/a", [500, 440, 0, 60]);
  return swarm;
}

Deno.test("report: bytes by border beside the least possible so far, copies and gateways", () => {
  const [report] = halfWay().statistics.get().swarms;
  assert.ok(report !== undefined);
  assert.equal(report.name, "search v42");
  assert.equal(report.sizeBytes, SIZE);
  assert.deepEqual(report.acrossSites, { bytes: 660, leastBytes: 600, ratio: 1.1 });
  assert.deepEqual(report.acrossRacks, { bytes: 1160, leastBytes: 1100, ratio: 1160 / 1100 });
  assert.equal(report.insideRacksBytes, 840);
  assert.deepEqual(report.sites.map(({ name, peers, copies }) => [name, peers, copies]), [
    ["north", 3, 1],
    ["south", 3, 0],
  ]);
  assert.deepEqual(report.gateways.map((gateway) => gateway.slice(0, 2)).sort(), ["n1", "s1"]);
});

Deno.test("report: says who is slow, and why", () => {
  const { announce, clock, statistics } = halfWay();
  for (let turn = 0; turn < 2; turn++) {
    clock.now += 3000;
    announce("s1", "south/a", [300 - turn, 0, 0, 700 + turn]);
    announce("s3", "south/a", [SIZE]);
    announce("n1", "north/a", [500, 0, 500]);
  }
  clock.now += 2500;
  const why = new Map(
    statistics.get().swarms[0]?.slow.map((one) => [one.host, one.why]),
  );
  assert.match(why.get("n2") ?? "", /^silent for 9 s/);
  assert.match(why.get("s3") ?? "", /^no progress over 2 announces, though its rack holds/);
  assert.match(why.get("n1") ?? "", /^no progress over 2 announces; it is its rack's gateway/);
  assert.deepEqual([why.has("s1"), why.has("builder")], [false, false]);
});

Deno.test("report: is made at most once a second, whoever asks", () => {
  const { announce, clock, statistics } = halfWay();
  const first = statistics.get();
  announce("s9", "south/a", [SIZE]);
  clock.now += 900;
  assert.equal(statistics.get(), first);
  clock.now += 200;
  assert.equal(statistics.get().peers, first.peers + 1);
  assert.equal(statistics.get().announcesPerSecond, 0.9);
});

Deno.test("statsPage: shows the release, and what a peer calls itself does not write the page", () => {
  const { announce, clock, statistics } = halfWay();
  announce("<script>alert(1)</script>", "a&b<i>/r'\"", [SIZE]);
  clock.now += 9_000;
  const page = statsPage(statistics.get(), "tracker.example.com");
  assert.match(page, /search v42/);
  assert.match(page, /1\.10×/);
  assert.match(page, /a&amp;b&lt;i&gt;/);
  assert.ok(!page.includes("<script") && !page.includes("<i>/"));
  assert.match(page, /Slow/);
});

Deno.test("statsPage: before anybody came it says so", () => {
  assert.match(statsPage(setUp().statistics.get(), "t"), /nobody has announced/);
});

Deno.test("TrackerMetrics: the report's figures, and none of a release that is gone", async () => {
  const { statistics } = halfWay();
  const metrics = new TrackerMetrics();
  const text = await metrics.render(statistics.get());
  const hash = "78".repeat(20);
  assert.match(
    text,
    new RegExp(`rollcall_tracker_received_bytes{info_hash="${hash}",border="site"} 660`),
  );
  assert.match(text, /rollcall_tracker_answered_total{protocol="http",kind="announce"} 10/);
  assert.match(
    text,
    new RegExp(`peers{info_hash="${hash}",site="south",kind="leecher"} 3`),
  );
  const later = await metrics.render(setUp().statistics.get());
  assert.ok(!later.includes(hash));
});
