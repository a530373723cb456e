/** Which host is dealt which stripes, as the swarm's announces go. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { STRIPE_COUNT, type StripeDuty } from "../../../../base/stripes.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { announce, setUp } from "../swarm/announced_swarm.ts";

const ALL = Array.from({ length: STRIPE_COUNT }, (_, stripe) => stripe);
const { hungryIntervalMs, gatewayStallAnnounces } = defaultHandoutSettings;

/** A fleet that obeys stripes; hosts are known by their address, "10.site.rack.host". */
class StripedFleet {
  readonly #at = setUp([], () => 0, { importBy: "stripes" });
  readonly swarm = this.#at.swarm;
  /** What each host was told last, and what it has left. */
  readonly duties = new Map<string, StripeDuty>();
  readonly left = new Map<string, number>();

  hear(ip: string, fields: Parameters<typeof announce>[1] = {}) {
    const [, site, rack] = ip.split(".");
    const leftBytes = (this.left.get(ip) ?? 1001) - 1;
    this.left.set(ip, fields.leftBytes ?? leftBytes);
    const answer = announce(this.swarm, {
      ip,
      peerId: ip.padEnd(20),
      site: `s${site}`,
      rack: `r${rack}`,
      keepsReach: true,
      stripes: this.duties.get(ip)?.rack ?? [],
      leftBytes,
      ...fields,
    });
    if (answer.duty !== undefined) this.duties.set(ip, answer.duty);
    return answer;
  }

  /** Everybody announces so often, one after the other; `progress`: each with less left. */
  pass(
    rounds: number,
    { without = [] as readonly string[], stalled = [] as readonly string[] } = {},
  ) {
    for (let round = 0; round < rounds; round++) {
      this.#at.clock.now += hungryIntervalMs;
      for (const ip of [...this.left.keys()]) {
        if (without.includes(ip)) continue;
        this.hear(ip, stalled.includes(ip) ? { leftBytes: this.left.get(ip)! } : {});
      }
    }
  }

  wait(ms: number) {
    this.#at.clock.now += ms;
  }

  /** The stripes of a rack, or of a site, as those believe who bring them in, in ascending order. */
  ofRack(prefix: string): number[] {
    return this.#believed(prefix, "rack");
  }

  ofSite(prefix: string): number[] {
    return this.#believed(prefix, "site");
  }

  countOf(ip: string): number {
    return this.duties.get(ip)?.rack.length ?? 0;
  }

  #believed(prefix: string, what: "rack" | "site"): number[] {
    return [...this.duties].filter(([ip]) => ip.startsWith(prefix))
      .flatMap(([, duty]) => duty[what]).toSorted((left, right) => left - right);
  }
}

function twoSites(hostsPerRack: number): StripedFleet {
  const fleet = new StripedFleet();
  fleet.hear("10.0.9.0", { leftBytes: 0 });
  for (const site of [0, 1]) {
    for (const rack of [0, 1]) {
      for (let host = 0; host < hostsPerRack; host++) fleet.hear(`10.${site}.${rack}.${host}`);
    }
  }
  return fleet;
}

Deno.test("dealStripes: each stripe comes into a rack by one host, into a site by one rack, evenly", () => {
  const fleet = twoSites(4);
  fleet.pass(20);
  for (const rack of ["10.0.0.", "10.0.1.", "10.1.0.", "10.1.1."]) {
    assert.deepEqual(fleet.ofRack(rack), ALL);
    for (let host = 0; host < 4; host++) assert.equal(fleet.countOf(`${rack}${host}`), 4);
  }
  for (const site of ["10.0.", "10.1."]) {
    assert.deepEqual(fleet.ofSite(site), ALL);
    const counts = [...fleet.duties].filter(([ip]) => ip.startsWith(site) && !ip.includes(".9."))
      .map(([, duty]) => duty.site.length);
    assert.ok(Math.max(...counts) <= 3 && Math.min(...counts) >= 1, counts.join());
  }
  assert.ok(fleet.duties.get("10.1.0.0")?.sparesSeeds, "four racks want the only seed");
});

Deno.test("dealStripes: of two hosts that make progress, never do both believe that a stripe is theirs", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(1), fc.nat(1), fc.nat(4), fc.nat(400)), { maxLength: 200 }),
    (announces) => {
      const fleet = new StripedFleet();
      for (const [site, rack, host, ms] of announces) {
        // Nobody is silent for long enough to be given up.
        fleet.wait(ms / 100);
        fleet.hear(`10.${site}.${rack}.${host}`);
        for (const group of ["10.0.0.", "10.0.1.", "10.1.0.", "10.1.1."]) {
          const believed = fleet.ofRack(group);
          assert.equal(new Set(believed).size, believed.length, `${group}: ${believed}`);
        }
        for (const group of ["10.0.", "10.1."]) {
          const believed = fleet.ofSite(group);
          assert.equal(new Set(believed).size, believed.length, `${group}: ${believed}`);
        }
      }
    },
  ));
});

Deno.test("dealStripes: what a host that leaves, is silent or stalls brought in is dealt to the others", () => {
  for (const how of ["leaves", "is silent", "stalls"] as const) {
    const fleet = twoSites(2);
    fleet.pass(10);
    const gone = "10.1.0.0";
    assert.equal(fleet.countOf(gone), 8);
    if (how === "leaves") fleet.hear(gone, { isStopped: true });
    const without = how === "stalls" ? [] : [gone];
    fleet.pass(gatewayStallAnnounces + 3, { without, stalled: how === "stalls" ? [gone] : [] });
    assert.equal(fleet.countOf("10.1.0.1"), STRIPE_COUNT, how);
    if (how === "stalls") assert.equal(fleet.countOf(gone), 0, "it has been told");
    const ofOthers = [...fleet.duties].filter(([ip]) => ip !== gone && ip.startsWith("10.1."))
      .flatMap(([, duty]) => duty.site).toSorted((left, right) => left - right);
    assert.deepEqual(ofOthers, ALL, how);
  }
});

Deno.test("dealStripes: a host that is much slower than the others of its site brings in nothing", () => {
  const fleet = twoSites(2);
  const slow = "10.1.0.0";
  for (let round = 0; round < 20; round++) {
    for (const ip of [...fleet.left.keys()]) {
      if (ip.startsWith("10.0.9.")) continue;
      fleet.left.set(ip, fleet.left.get(ip)! - (ip === slow ? 1 : 10));
    }
    fleet.pass(1);
  }
  assert.equal(fleet.countOf(slow), 0);
  assert.equal(fleet.countOf("10.1.0.1"), STRIPE_COUNT);
});

Deno.test("dealStripes: a slow host that is alone in its rack brings in what its rack lacks, and nothing for its site", () => {
  const fleet = twoSites(2);
  const slow = "10.1.7.0";
  fleet.hear(slow);
  let hadSome = false;
  for (let round = 0; round < 20; round++) {
    for (const ip of [...fleet.left.keys()]) {
      if (ip.startsWith("10.0.9.")) continue;
      fleet.left.set(ip, fleet.left.get(ip)! - (ip === slow ? 1 : 10));
    }
    fleet.pass(1);
    hadSome ||= fleet.duties.get(slow)!.site.length > 0;
  }
  assert.ok(hadSome, "before it was found to be slow");
  assert.deepEqual(fleet.duties.get(slow)?.site, []);
  assert.equal(fleet.countOf(slow), STRIPE_COUNT);
  assert.deepEqual(fleet.ofSite("10.1."), ALL);
});

Deno.test("dealStripes: a rack that has a copy, which others have confirmed, brings in nothing", () => {
  const fleet = twoSites(2);
  fleet.pass(5);
  fleet.hear("10.1.0.0", { leftBytes: 0 });
  fleet.hear("10.1.0.1", { sources: [] });
  assert.equal(fleet.countOf("10.1.0.1"), STRIPE_COUNT, "nobody has received anything from it yet");
  fleet.hear("10.1.1.0", { sources: ["10.1.0.0:6881"] });
  fleet.hear("10.1.0.1");
  assert.equal(fleet.countOf("10.1.0.1"), 0);
});

Deno.test("dealStripes: a tracker that has restarted leaves hosts the stripes that they say they have", () => {
  const fleet = twoSites(2);
  fleet.pass(10);
  const before = fleet.duties.get("10.1.0.1")?.rack;
  assert.equal(before?.length, 8);
  const restarted = new StripedFleet();
  restarted.hear("10.1.0.1", { stripes: before });
  const { duty } = restarted.hear("10.1.0.1");
  assert.ok(before.every((stripe) => duty?.rack.includes(stripe)));
  restarted.hear("10.1.0.0", { stripes: fleet.duties.get("10.1.0.0")?.rack });
  restarted.pass(3);
  assert.deepEqual(restarted.ofRack("10.1.0."), ALL);
  assert.equal(restarted.countOf("10.1.0.1"), 8);
});

Deno.test("dealStripes: clients that do not obey are dealt none; a rack of them alone has its gateway", () => {
  const fleet = twoSites(2);
  const foreign = { keepsReach: false, stripes: undefined };
  const beside = fleet.hear("10.1.0.7", foreign);
  assert.deepEqual([beside.duty, beside.reach], [undefined, "rack"]);
  const alone = fleet.hear("10.1.5.0", foreign);
  assert.deepEqual([alone.duty, alone.reach], [undefined, "site"]);
  const site = fleet.swarm.members.fleet.children.get("s1");
  assert.equal(site?.children.get("r5")?.gateways.length, 1);
  assert.equal(site?.children.get("r0")?.gateways.length, 0);
  for (const ip of ["10.1.0.0", "10.1.0.1"]) {
    assert.equal(fleet.hear(ip, { isStopped: true }).duty, undefined);
  }
  fleet.hear("10.1.0.7", foreign);
  assert.equal(site?.children.get("r0")?.gateways.length, 1, "the others have gone");
});

Deno.test("dealStripes: the only host of a rack, which owns all of its stripes, is not known to the whole fleet", () => {
  const fleet = new StripedFleet();
  fleet.hear("10.0.9.0", { leftBytes: 0 });
  const alone = "10.0.100.0";
  fleet.hear(alone);
  for (let rack = 10; rack < 40; rack++) {
    for (let host = 0; host < 16; host++) fleet.hear(`10.0.${rack}.${host}`);
  }
  fleet.pass(3);
  const member = fleet.swarm.members.get(`${alone}:6881`);
  assert.equal(fleet.countOf(alone), STRIPE_COUNT);
  // It is one of 31 that own each of 16 stripes, and each of the 480 others wants to know eight.
  assert.ok(member!.helped > 0 && member!.helped <= 40, `it is known to ${member!.helped}`);
});

Deno.test("dealStripes: who does not say where it stands has no stripes, and may fetch from everybody", () => {
  const fleet = twoSites(2);
  const answer = fleet.hear("10.7.7.7", { site: undefined, rack: undefined });
  assert.deepEqual([answer.duty, answer.reach], [undefined, "everywhere"]);
});

Deno.test("dealStripes: without the setting everybody has gateways", () => {
  const { swarm } = setUp();
  const host = { site: "s", rack: "r", keepsReach: true, stripes: [] };
  assert.equal(announce(swarm, host).duty, undefined);
  assert.equal(swarm.members.fleet.children.get("s")?.gateways.length, 1);
});
