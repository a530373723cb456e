/** How much an announce costs, counted in the other members that it looks at, not in time. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import type { Announce, Answer } from "../../../../tracker/members/announce.ts";
import { BucketRange } from "../../../../tracker/members/member_index.ts";
import type { Member } from "../../../../tracker/members/member.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { Swarm } from "../../../../tracker/swarm/swarm.ts";

const { hungryIntervalMs, timeoutIntervals, forgetIntervals } = defaultHandoutSettings;
const SIZE = 1_000_000;
/** One of these is read of each member that is looked at for an answer or for its time-out. */
const LOOKED_AT = ["stamp", "lastSeenMs", "rank", "site", "groups"] as const;

function setUp() {
  const clock = { now: 0, nowMs: () => clock.now };
  let state = 1;
  const swarm = new Swarm("0".repeat(40), {
    settings: defaultHandoutSettings,
    subnets: new SubnetMap([]),
    clock,
    random: () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff,
    log: silentLog,
  });
  const announce = (index: number, fields: Partial<Announce> = {}): Answer => {
    const ip = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    const answer = swarm.announce({
      infoHash: "0".repeat(20),
      peerId: "0".repeat(20),
      ip,
      port: 6881,
      leftBytes: SIZE,
      isStopped: false,
      wanted: 50,
      site: "north",
      rack: "a",
      ...fields,
    });
    assert.ok(!("refusal" in answer), "refused");
    return answer;
  };
  return { swarm, clock, announce };
}

/** How many members are looked at during what is done, and how often in all. */
function watchLooks(
  members: readonly Member[],
): (action: () => void) => { looked: number; reads: number } {
  const looked = new Set<Member>();
  let reads = 0;
  for (const member of members) {
    for (const key of LOOKED_AT) {
      let value: unknown = member[key];
      Object.defineProperty(member, key, {
        get() {
          looked.add(member);
          reads++;
          return value;
        },
        set: (next: unknown) => value = next,
      });
    }
  }
  return (action) => {
    looked.clear();
    reads = 0;
    action();
    return { looked: looked.size, reads };
  };
}

for (
  const [what, silent] of [
    ["leechers", {}],
    ["holders", { leftBytes: SIZE / 2 }],
    ["seeds", { leftBytes: 0, host: "h" }],
  ] as const
) {
  Deno.test(`Swarm: an answer out of a group of 20,000 timed-out ${what} looks at a few hundred members`, () => {
    const { swarm, clock, announce } = setUp();
    announce(0);
    for (let index = 1; index <= 20_000; index++) announce(index, silent);
    const looksOf = watchLooks(swarm.members.fleet.list);
    const intervalMs = swarm.members.get("10.0.78.32:6881")?.intervalMs ?? 0;
    let left = SIZE;
    /** The most that one of its announces looks at. It never times out: an election looks at all. */
    const announceUntil = (endMs: number, everyMs: number) => {
      let most = 0;
      for (; clock.now < endMs; clock.now += everyMs) {
        most = Math.max(most, looksOf(() => announce(0, { leftBytes: --left })).looked);
      }
      return most;
    };
    const silentMs = Math.max(intervalMs, hungryIntervalMs) * timeoutIntervals;
    announceUntil(silentMs - 200, 100);
    assert.ok(announceUntil(silentMs + 4000, 10) < 1000, "while they time out");
    const { peers, complete, incomplete } = announce(0, { leftBytes: --left });
    assert.equal(peers.length, 0, "nobody who has timed out is handed out");
    // The first few of the holders were told to come back soon, and are forgotten.
    assert.ok(complete + incomplete > 19_990, "but they are known");
    const { looked } = looksOf(() => announce(0, { leftBytes: --left }));
    assert.ok(looked < 20, "once they are in their bucket");
    const forgottenMs = Math.max(intervalMs, hungryIntervalMs) * forgetIntervals;
    announceUntil(forgottenMs - 200, 100);
    assert.ok(announceUntil(forgottenMs + 4000, 10) < 1000, "while they are forgotten");
    assert.equal(swarm.members.size, 1);
  });
}

Deno.test("Swarm: an answer in a fleet of which nobody gets on looks at a few hundred members", () => {
  const { swarm, clock, announce } = setUp();
  const hosts = 3000;
  const round = () => {
    for (let index = 0; index < hosts; index++) {
      announce(index, { site: `s${index % 3}`, rack: `r${index % 12}` });
    }
    clock.now += hungryIntervalMs / 2;
  };
  for (let turn = 0; turn < 2 * defaultHandoutSettings.patientAnnounces + 5; turn++) round();
  assert.equal(announce(1, { site: "s1", rack: "r1" }).reach, "everywhere");
  const looksOf = watchLooks(swarm.members.fleet.list);
  let looks = 0;
  // A gateway that stalls is replaced by the best of all its site, so it is the mean that counts.
  for (let index = 0; index < 300; index++) {
    looks += looksOf(() =>
      announce(index, { site: `s${index % 3}`, rack: `r${index % 12}` })
    ).looked;
  }
  assert.ok(looks / 300 < 400, `${looks / 300}`);
});

Deno.test("Swarm: a member that comes back after its time-out is handed out again", () => {
  const { swarm, clock, announce } = setUp();
  const ips = ({ peers }: Answer) => peers.map(({ ip }) => ip);
  announce(1);
  announce(2, { leftBytes: 0, host: "seed" });
  let left = SIZE;
  const passedMs = defaultHandoutSettings.seedIntervalMs * (timeoutIntervals + 0.5);
  for (let ms = 0; ms < passedMs; ms += hungryIntervalMs) {
    clock.now += hungryIntervalMs;
    announce(1, { leftBytes: --left });
  }
  const without = announce(1, { leftBytes: --left });
  assert.deepEqual([ips(without), without.complete, without.incomplete], [[], 1, 1]);
  assert.equal(swarm.members.fleet.count(BucketRange.ConfirmedSeeds), 0);
  announce(2, { leftBytes: 0, host: "seed" });
  assert.deepEqual(ips(announce(1, { leftBytes: --left })), ["10.0.0.2"]);
});

Deno.test("Swarm: whoever is first after a night finds nobody who is not there", () => {
  const { swarm, clock, announce } = setUp();
  for (let index = 0; index < 5000; index++) {
    announce(index, { rack: `r${index % 10}` });
    // So that the first are forgotten while the last have not been moved to their bucket yet.
    clock.now += 2;
  }
  const looksOf = watchLooks(swarm.members.fleet.list);
  clock.now += 8 * 3600 * 1000;
  const { reads } = looksOf(() => assert.equal(announce(7000).peers.length, 0));
  assert.ok(
    reads < 5000 * 50,
    `each of 5000 a few times, not for each that is forgotten: ${reads}`,
  );
  clock.now += hungryIntervalMs;
  const { peers, incomplete } = announce(7000);
  assert.deepEqual([peers.length, incomplete, swarm.members.fleet.children.size], [0, 1, 1]);
});
