/** How often statistics are made. */

import assert from "node:assert/strict";
import { pages } from "../../../../tracker/stats/pages.ts";
import { halfWay, setUp, SIZE } from "./reported_swarms.ts";

Deno.test("Statistics: are made at most once a second, however often they are asked for", () => {
  const { announce, clock, statistics } = halfWay();
  const first = statistics.get();
  announce("s9", "south/a", [SIZE]);
  clock.now += 900;
  assert.equal(statistics.get(), first);
  clock.now += 200;
  assert.equal(statistics.get().peers, first.peers + 1);
  assert.equal(statistics.get().announcesPerSecond, 0.9);
});

Deno.test("Statistics: 20,000 peers that each name a site and rack of their own make no long pages", async () => {
  const { clock, statistics, swarms } = setUp();
  for (let index = 0; index < 20_000; index++) {
    const answer = swarms.announce({
      infoHash: "x".repeat(20),
      peerId: String(index).padStart(20, "0"),
      ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      port: 6881,
      leftBytes: 1000,
      isStopped: false,
      wanted: 50,
      host: `h${index}`.repeat(20),
      site: `s${index}`.padEnd(128, "s"),
      rack: `r${index % 7}`.padEnd(128, "r"),
    });
    assert.ok(!("refusal" in answer));
  }
  clock.now += 1000;
  const answer = pages(statistics, "tracker");
  for (const path of ["/", "/stats.json", `/stats/${"78".repeat(20)}.json`, "/metrics"]) {
    const { length } = await (await answer({ method: "GET" }, path)).text();
    assert.ok(length < 4 * 1024 * 1024, `${path}: ${length} bytes`);
  }
  const [report] = statistics.get().swarms;
  assert.ok(report!.sites.length <= 200, "the others count as peers at an unknown place");
  assert.equal(
    report!.strangers + report!.sites.reduce((sum, { peers }) => sum + peers, 0),
    20_000,
  );
});

Deno.test("Statistics: what took long to make is kept for longer", () => {
  const { announce, clock, statistics } = halfWay();
  const { nowMs } = clock;
  // Each look at the clock takes 100 ms.
  clock.nowMs = () => clock.now += 100;
  const first = statistics.get();
  clock.nowMs = nowMs;
  announce("s9", "south/a", [SIZE]);
  clock.now += 1500;
  assert.equal(statistics.get(), first, "a second is not enough");
  clock.now += 10_000;
  assert.notEqual(statistics.get(), first);
});

Deno.test("Statistics: the racks of all releases together are limited, and the others counted", () => {
  const { clock, statistics, swarms } = setUp();
  for (let index = 0; index < 2500; index++) {
    swarms.announce({
      infoHash: (index % 2 === 0 ? "x" : "y").repeat(20),
      peerId: String(index).padStart(20, "0"),
      ip: `10.0.${index >> 8}.${index & 255}`,
      port: 6881,
      leftBytes: 1000,
      isStopped: false,
      wanted: 50,
      site: "s",
      rack: `r${index}`,
    });
  }
  clock.now += 1000;
  const sites = statistics.get().swarms.flatMap((swarm) => swarm.sites);
  assert.deepEqual(sites.map(({ racks, moreRacks }) => [racks.length, moreRacks]), [
    [1250, undefined],
    [750, 500],
  ]);
  assert.equal(statistics.find("78".repeat(20))?.sites[0]?.racks.length, 1250);
});
