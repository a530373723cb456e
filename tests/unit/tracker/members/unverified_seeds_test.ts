/** What the tracker makes of peers that say that nothing is left: seeds, and clients with a magnet link. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import type { Announce, Answer } from "../../../../tracker/members/announce.ts";
import { Rank } from "../../../../tracker/members/member.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { reportOn } from "../../../../tracker/stats/swarm_report.ts";
import { SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { Swarm } from "../../../../tracker/swarm/swarm.ts";

const SIZE = 1_000_000;
const SEED = "10.0.0.1";
const OTHER = "10.0.0.2";
const here = { site: "north", rack: "a" };

function setUp() {
  const clock = { now: 0, nowMs: () => clock.now };
  const swarm = new Swarm("0".repeat(40), {
    settings: defaultHandoutSettings,
    subnets: new SubnetMap([]),
    clock,
    random: () => 0,
    log: silentLog,
  });
  const announce = (ip: string, fields: Partial<Announce> = {}): Answer => {
    clock.now += 1000;
    const answer = swarm.announce({
      infoHash: "0".repeat(20),
      peerId: ip.padEnd(20, "-"),
      ip,
      port: 6881,
      leftBytes: SIZE,
      isStopped: false,
      wanted: 50,
      ...here,
      ...fields,
    });
    assert.ok(!("refusal" in answer), "refused");
    return answer;
  };
  const report = () => reportOn(swarm, { settings: defaultHandoutSettings, nowMs: clock.now });
  const rankOf = (ip: string) => swarm.members.get(`${ip}:6881`)?.rank;
  const ips = ({ peers }: Answer) => peers.map(({ ip }) => ip).sort();
  return { swarm, clock, announce, report, rankOf, ips };
}

Deno.test("unverified seed: who says that nothing is left is no copy, and its rack gets a gateway", () => {
  const { announce, report, clock } = setUp();
  announce(SEED, { leftBytes: 0 });
  let answer = announce(OTHER);
  // It is its rack's gateway while it is alone there, and replaced as any that makes no progress.
  for (let round = 0; round < defaultHandoutSettings.gatewayStallAnnounces; round++) {
    clock.now += defaultHandoutSettings.hungryIntervalMs;
    announce(SEED, { leftBytes: 0 });
    answer = announce(OTHER);
  }
  assert.deepEqual([answer.complete, answer.incomplete], [0, 2]);
  const { seeds, unverifiedSeeds, progress, sites: [site] } = report();
  assert.deepEqual([seeds, unverifiedSeeds, progress, site?.copies], [0, 1, 0, 0]);
  assert.match(site?.racks[0]?.gateways.join() ?? "", /10\.0\.0\.2/, "not the unverified seed");
  assert.equal(answer.reach, "everywhere", "it need not wait for a copy in its rack");
});

Deno.test("unverified seed: it is handed out all the same, since a seed that starts says no more", () => {
  const { announce, ips } = setUp();
  announce(SEED, { leftBytes: 0 });
  assert.deepEqual(ips(announce(OTHER)), [SEED]);
  // Also across a border, where nobody else has anything.
  assert.ok(ips(announce("10.1.0.1", { site: "south", rack: "a" })).includes(SEED));
});

Deno.test("unverified seed: a real seed goes before it, as the one who helps across a border", () => {
  const { announce, ips } = setUp();
  announce(SEED, { leftBytes: 0 });
  announce("10.0.0.9", { leftBytes: 0, uploadedBytes: 1 });
  assert.deepEqual(ips(announce("10.1.0.1", { site: "south", rack: "a" })), ["10.0.0.9"]);
});

Deno.test("unverified seed: it is given seeds, since it may want the .torrent", () => {
  const { announce, ips } = setUp();
  announce(SEED, { leftBytes: 0, host: "builder" });
  assert.deepEqual(ips(announce(OTHER, { leftBytes: 0 })), [SEED]);
});

for (
  const [what, proof] of [
    ["a host of ours", { host: "web-1" }],
    ["who has sent something", { uploadedBytes: 1 }],
    ["who has fetched something", { downloadedBytes: SIZE }],
    ["who has just completed", { isCompleted: true }],
  ] as const
) {
  Deno.test(`unverified seed: ${what} is believed at once`, () => {
    const { announce, report, rankOf } = setUp();
    announce(SEED, { leftBytes: 0, ...proof });
    assert.deepEqual([rankOf(SEED), report().unverifiedSeeds], [Rank.Seed, 0]);
  });
}

Deno.test("unverified seed: a seed that has sent something is a copy from then on, and one that came with it", () => {
  const { announce, report, rankOf } = setUp();
  const received = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  announce(SEED, { leftBytes: 0 });
  announce(OTHER, { received, host: "web-2" });
  announce(SEED, { leftBytes: 0, uploadedBytes: 10 });
  // It begins to count anew; what it has shown stands.
  announce(SEED, { leftBytes: 0 });
  assert.equal(rankOf(SEED), Rank.Seed);
  announce(OTHER, { leftBytes: 0, received: { ...received, rackBytes: SIZE }, host: "web-2" });
  const { seeds, unverifiedSeeds, completed, acrossSites } = report();
  assert.deepEqual(
    [seeds, unverifiedSeeds, completed],
    [2, 0, 1],
    "only the other one has fetched it",
  );
  assert.equal(acrossSites.leastBytes, 0, "nothing had to come from outside");
});

Deno.test("unverified seed: the moment that something is left after all, it is one that fetches", () => {
  const { announce, report, rankOf, swarm } = setUp();
  announce(OTHER, { leftBytes: 0, host: "web-2" });
  announce(SEED, { leftBytes: 0 });
  assert.equal(rankOf(SEED), Rank.Holder);
  announce(SEED, { leftBytes: SIZE });
  assert.equal(rankOf(SEED), Rank.Empty);
  assert.equal(report().unverifiedSeeds, 0);
  announce(SEED, { leftBytes: SIZE / 2, downloadedBytes: SIZE / 2 });
  assert.equal(rankOf(SEED), Rank.Holder);
  assert.equal(announce(SEED, { leftBytes: 0 }).complete, 2, "it knew the content before");
  assert.equal(swarm.completed, 1);
});

Deno.test("unverified seed: it fetches all of it between two announces", () => {
  const { announce, report } = setUp();
  announce(SEED, { leftBytes: 0 });
  announce(SEED, { leftBytes: 0, downloadedBytes: SIZE, isCompleted: true });
  const { seeds, completed } = report();
  assert.deepEqual([seeds, completed], [1, 1]);
});

Deno.test("unverified seed: another client on the same port has shown nothing", () => {
  const { announce, rankOf } = setUp();
  announce(SEED, { leftBytes: 0, uploadedBytes: 1 });
  announce(SEED, { leftBytes: 0, peerId: "another".padEnd(20, "-") });
  assert.equal(rankOf(SEED), Rank.Holder);
});

Deno.test("unverified seed: the 16 KiB that libtorrent says while it does not know are no figure", () => {
  const { announce, report, rankOf } = setUp();
  announce(OTHER, { leftBytes: 0, host: "web-2" });
  announce("10.0.0.3");
  announce(SEED, { leftBytes: 16_384 });
  assert.equal(rankOf(SEED), Rank.Empty, "not one that has nearly all of it");
  assert.equal(report().sizeBytes, SIZE);
  announce(SEED, { leftBytes: 16_384, downloadedBytes: SIZE - 16_384 });
  assert.equal(rankOf(SEED), Rank.Holder);
});

Deno.test("unverified seed: it is not called slow, though it makes no progress", () => {
  const { announce, report, clock } = setUp();
  for (let round = 0; round < 20; round++) {
    announce(SEED, { leftBytes: 0 });
    announce(OTHER, { leftBytes: SIZE - round });
    clock.now += 3000;
  }
  assert.deepEqual(report().slow.map(({ address }) => address), []);
});
