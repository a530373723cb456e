/** Which peers an announce is answered with. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { fleet, SIZE_BYTES, SwarmModel } from "./swarm_model.ts";

Deno.test("selectPeers: the first of a rack fetches from the site's copy and its other racks, the others from the rack", () => {
  const { swarm, northA1, northA2, northB1 } = fleet();
  assert.deepEqual(swarm.peersOf(northA1), new Set(["builder", "north-b1", "north-a2"]));
  assert.deepEqual(swarm.peersOf(northA2), new Set(["north-a1"]));
  assert.deepEqual(
    swarm.peersOf(northB1),
    new Set(["builder", "north-a2"]),
    "no rack waits for it",
  );
});

Deno.test("selectPeers: one host of a site without a copy fetches from outside", () => {
  const { swarm, southA1, southA2, southB1, southB2 } = fleet();
  assert.deepEqual(
    swarm.peersOf(southA1),
    new Set(["builder", "north-a2", "north-b1", "south-b2", "south-b1", "south-a2"]),
    "the builder serves its own site first",
  );
  assert.deepEqual(swarm.peersOf(southA2), new Set(["south-a1"]));
  assert.deepEqual(swarm.peersOf(southB1), new Set(["south-a1", "south-a2", "south-b2"]));
  assert.deepEqual(swarm.peersOf(southB2), new Set(["south-b1"]));
});

Deno.test("selectPeers: a seed gets no seeds, only its rack and the gateways of whoever lacks a copy", () => {
  const { swarm, builder, southA1, southA2 } = fleet();
  const second = swarm.join("builder-2", { at: "north/build", leftBytes: 0 });
  assert.deepEqual(
    swarm.peersOf(builder),
    new Set(["south-a1", "north-a1", "north-b1"]),
  );
  swarm.report(southA1, 0);
  swarm.report(southA2);
  assert.deepEqual(swarm.peersOf(second), new Set(["north-a1", "north-b1"]));
  assert.equal(swarm.select(second).intervalMs, defaultHandoutSettings.seedIntervalMs);
});

/** Six racks of two in the north, more than the build machine alone is to feed. */
function manyRacks() {
  const swarm = new SwarmModel();
  swarm.join("builder", { at: "north/build", leftBytes: 0 });
  const racks = Array.from({ length: 6 }, (_, rack) => ({
    gateway: swarm.join(`gateway-${rack}`, { at: `north/r${rack}` }),
    mate: swarm.join(`mate-${rack}`, { at: `north/r${rack}` }),
  }));
  return { swarm, racks };
}

Deno.test("selectPeers: gateways are helped by hosts that no rack waits for, also before they hold anything", () => {
  const { swarm, racks } = manyRacks();
  const { gateway, mate } = racks[0]!;
  const mates = racks.map((rack) => rack.mate.host);
  assert.deepEqual(swarm.peersOf(gateway), new Set(["builder", ...mates]));
  for (const rack of racks) swarm.report(rack.gateway, 900);
  assert.deepEqual(swarm.peersOf(gateway), new Set(["builder", ...mates]));
  assert.deepEqual(swarm.peersOf(mate), new Set(["gateway-0"]));
  for (const rack of racks) swarm.leave(rack.mate);
  assert.ok(swarm.peersOf(gateway).has("gateway-1"), "it has no rack of its own to feed any more");
});

Deno.test("selectPeers: the gateway of a site is helped from outside by hosts that help as many as they should", () => {
  const { swarm, racks } = manyRacks();
  for (const { gateway } of racks) swarm.select(gateway);
  const abroad = swarm.join("abroad", { at: "south/a" });
  assert.deepEqual(swarm.peersOf(abroad), new Set(["builder"]), "who holds nothing can wait");
  for (const { mate } of racks) swarm.report(mate, 900);
  assert.equal(swarm.peersOf(abroad).size, 1 + defaultHandoutSettings.leastOutsideHolders);
  const late = swarm.join("late", { at: "north/late" });
  assert.deepEqual(swarm.peersOf(late), new Set(["builder"]), "within a site seeds will do");
});

Deno.test("selectPeers: who does not keep to the reach gets seeds from outside, as long as those can feed its like", () => {
  const swarm = new SwarmModel();
  swarm.join("builder", { at: "north/build", leftBytes: 0 });
  const join = (host: string, at: string) => swarm.join(host, { at, keepsReach: false });
  for (let rack = 0; rack < 3; rack++) {
    join(`gateway-${rack}`, `north/r${rack}`);
    swarm.report(join(`mate-${rack}`, `north/r${rack}`), 900);
  }
  const abroad = join("abroad", "south/a");
  assert.deepEqual(swarm.peersOf(abroad), new Set(["builder"]), "others would fetch back from it");
  join("gateway-3", "north/r3");
  assert.ok(swarm.peersOf(abroad).size > 1, "now they would all wait for the builder");
});

Deno.test("selectPeers: who keeps to the reach is not helped by hosts that do not", () => {
  const swarm = new SwarmModel();
  swarm.join("builder", { at: "north/build", leftBytes: 0 });
  swarm.join("gateway", { at: "north/a" });
  for (const keepsReach of [true, false]) {
    const mate = swarm.join(keepsReach ? "ours" : "foreign", { at: "north/a", keepsReach });
    swarm.report(mate, 900);
  }
  const abroad = swarm.join("abroad", { at: "south/a" });
  assert.deepEqual(swarm.peersOf(abroad), new Set(["builder", "ours"]));
});

Deno.test("selectPeers: without a seed gateways that hold something help, whomever they have to feed", () => {
  const { swarm, racks } = manyRacks();
  swarm.leave(swarm.members.fleet.list[0]!);
  swarm.report(racks[1]!.gateway, 900);
  assert.ok(swarm.peersOf(racks[0]!.gateway).has("gateway-1"));
});

Deno.test("selectPeers: who only says that it holds everything uses up no helper's place, and is no gateway", () => {
  const { swarm, racks } = manyRacks();
  const { gateway, mate } = racks[1]!;
  swarm.members.setProgress(mate, { leftBytes: Infinity, isUnverifiedSeed: true });
  assert.ok(!swarm.peersOf(racks[0]!.gateway).has("mate-1"));
  const other = swarm.join("other-1", { at: "north/r1" });
  swarm.report(mate, 10);
  swarm.members.setProgress(mate, { leftBytes: 10, isUnverifiedSeed: true });
  swarm.leave(gateway);
  assert.deepEqual(other.rack?.gateways, [other]);
});

Deno.test("selectPeers: everybody comes back within a third of a second at first, gateways each second for a while", () => {
  const { swarm, northA1, northA2 } = fleet();
  const { beginningIntervalMs, beginningMs } = defaultHandoutSettings;
  assert.equal(swarm.select(northA1).intervalMs, beginningIntervalMs);
  assert.deepEqual(
    [swarm.select(northA2).intervalMs, swarm.select(northA2).minIntervalMs],
    [beginningIntervalMs, beginningIntervalMs],
  );
  swarm.nowMs += beginningMs;
  assert.equal(swarm.select(northA1).intervalMs, defaultHandoutSettings.eagerIntervalMs);
  assert.ok(swarm.select(northA2).intervalMs >= defaultHandoutSettings.hungryIntervalMs);
  swarm.nowMs += defaultHandoutSettings.eagerMs;
  swarm.report(northA1, northA1.leftBytes - 1);
  assert.equal(swarm.select(northA1).intervalMs, defaultHandoutSettings.hungryIntervalMs);
});

Deno.test("selectPeers: a rack that starts late is offered more than itself", () => {
  const { swarm, northA1, northA2, southA1 } = fleet();
  for (const member of [northA1, northA2, southA1]) swarm.report(member, 0);
  const late = [1, 2, 3].map((index) => swarm.join(`late-${index}`, { at: "south/late" }));
  const [first, second] = late;
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(swarm.peersOf(first).has("south-a1"), "its gateway gets the site's copy");
  assert.ok(!swarm.peersOf(first).has("builder"), "and nothing from other sites");
  assert.deepEqual(swarm.peersOf(second), new Set(["late-1", "late-3"]));
});

Deno.test("selectPeers: who starves gets its site, then everybody", () => {
  const { swarm, southA1, southA2, southB1 } = fleet();
  for (let announce = 0; announce < defaultHandoutSettings.patientAnnounces; announce++) {
    swarm.report(southA1, southA1.leftBytes - 10);
    swarm.report(southB1, southB1.leftBytes - 10);
    swarm.report(southA2);
  }
  assert.ok(swarm.peersOf(southA2).has("south-b1"), "the neighbours' progress does not reach it");
  assert.ok(!swarm.peersOf(southA2).has("builder"));
  for (let announce = 0; announce < defaultHandoutSettings.patientAnnounces; announce++) {
    swarm.report(southA1, southA1.leftBytes - 10);
    swarm.report(southA2);
  }
  assert.ok(swarm.peersOf(southA2).has("builder"));
});

Deno.test("selectPeers: without hope inside, two announces of standstill are enough", () => {
  const swarm = new SwarmModel();
  swarm.join("builder", { at: "north/build", leftBytes: 0 });
  const gateway = swarm.join("gateway", { at: "south/a" });
  const other = swarm.join("other", { at: "south/a" });
  gateway.announcesWithoutProgress = defaultHandoutSettings.gatewayStallAnnounces;
  other.announcesWithoutProgress = 2 * defaultHandoutSettings.starvingAnnounces;
  assert.ok(swarm.peersOf(other).has("builder"));
});

Deno.test("selectPeers: a peer at an unknown place is helped, and helps only from outside", () => {
  const { swarm, southA1, southA2 } = fleet();
  const stranger = swarm.join("stranger");
  assert.ok(swarm.peersOf(stranger).has("builder"));
  swarm.report(stranger, 0);
  assert.ok(!swarm.peersOf(southA2).has("stranger"));
  assert.ok(swarm.peersOf(southA1).has("stranger"));
});

Deno.test("selectPeers: where nobody tells its place, all are given each other", () => {
  const swarm = new SwarmModel();
  const hosts = Array.from({ length: 100 }, (_, index) => swarm.join(`host-${index}`));
  const [first] = hosts;
  assert.ok(first !== undefined);
  assert.equal(swarm.select(first).peers.length, defaultHandoutSettings.insidePeers);
  assert.equal(swarm.select(first, 10).peers.length, 10);
});

Deno.test("selectPeers: at the beginning, too, a large fleet announces no more often than the tracker can bear", () => {
  const swarm = new SwarmModel();
  const hosts = Array.from({ length: 6000 }, (_, index) => swarm.join(`${index}`, { at: "a/b" }));
  assert.equal(swarm.select(hosts[1]!).intervalMs, 600);
});

Deno.test("selectPeers: who has enough helpful peers is asked to come back later", () => {
  const { swarm, northA1, northA2 } = fleet();
  const third = swarm.join("north-a3", { at: "north/a" });
  swarm.nowMs += defaultHandoutSettings.beginningMs;
  assert.equal(swarm.select(third).intervalMs, defaultHandoutSettings.hungryIntervalMs);
  swarm.report(northA1, 500);
  swarm.report(northA2, 700);
  assert.equal(swarm.select(third).intervalMs, defaultHandoutSettings.leecherIntervalMs);
});

const eventArbitrary = fc.oneof(
  fc.record({
    kind: fc.constant("join" as const),
    at: fc.option(fc.constantFrom("n/a", "n/b", "s/a", "s/b", "e/a"), { nil: undefined }),
    seed: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom(
      "progress" as const,
      "stall" as const,
      "finish" as const,
      "leave" as const,
    ),
    who: fc.nat(30),
  }),
);

Deno.test("selectPeers: after any history nobody is given itself, seeds no seeds, and the limits hold", () => {
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 60 }), fc.nat(20), (events, wanted) => {
      const swarm = play(events);
      for (const member of swarm.members.fleet.list) {
        const { peers } = swarm.select(member, wanted);
        assert.ok(peers.length <= wanted);
        assert.equal(new Set(peers).size, peers.length);
        assert.ok(!peers.includes(member));
        if (member.leftBytes === 0) assert.ok(peers.every((peer) => peer.leftBytes > 0));
      }
    }),
  );
});

Deno.test("selectPeers: after any history, everyone who makes progress crosses no border but as a gateway", () => {
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 60 }), (events) => {
      const swarm = play(events);
      for (const member of swarm.members.fleet.list) {
        if (member.location === undefined || member.leftBytes === 0) continue;
        if (member.announcesWithoutProgress > 0) continue;
        const isGatewayOfSite = member.site?.gateways.includes(member);
        const isGateway = member.rack?.gateways.includes(member);
        const { peers, reach } = swarm.select(member);
        for (const peer of peers) {
          assert.ok(isGatewayOfSite || peer.site === member.site, "across sites");
          assert.ok(isGatewayOfSite || isGateway || peer.rack === member.rack, "across racks");
        }
        assert.equal(reach, isGatewayOfSite ? "everywhere" : isGateway ? "site" : "rack");
      }
    }),
  );
});

Deno.test("selectPeers: if there is a seed, whoever stands still long enough is given one that may help", () => {
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 60 }), (events) => {
      const swarm = play(events);
      swarm.join("origin", { at: "n/origin", leftBytes: 0 });
      for (const member of swarm.members.fleet.list) {
        if (member.leftBytes === 0) continue;
        member.announcesWithoutProgress = 2 * defaultHandoutSettings.patientAnnounces;
        const { peers } = swarm.select(member);
        assert.ok(peers.some((peer) => peer.leftBytes === 0), `${member.key} starves`);
      }
    }),
  );
});

function play(
  events: readonly (typeof eventArbitrary extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const swarm = new SwarmModel();
  for (const event of events) {
    if (event.kind === "join") {
      swarm.join("host", {
        ...(event.at === undefined ? {} : { at: event.at }),
        leftBytes: event.seed ? 0 : SIZE_BYTES,
      });
      continue;
    }
    const all = [...swarm.members.fleet.list];
    const member = all[event.who % Math.max(1, all.length)];
    if (member === undefined) continue;
    if (event.kind === "leave") swarm.leave(member);
    else if (event.kind === "finish") swarm.report(member, 0);
    else if (event.kind === "stall") swarm.report(member);
    else swarm.report(member, Math.max(0, member.leftBytes - 100));
  }
  return swarm;
}
