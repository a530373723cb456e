/** One swarm of the tracker, announced to directly. */

import assert from "node:assert/strict";
import type { Announce, Answer } from "../../../../tracker/members/announce.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { announce, ask, here, setUp } from "./announced_swarm.ts";

Deno.test("Swarm: counts seeds and leechers, and forgets who says good-bye", () => {
  const { swarm } = setUp();
  announce(swarm, { ip: "10.0.0.1", leftBytes: 0, uploadedBytes: 1, ...here });
  const answer = announce(swarm, { ip: "10.0.0.2", ...here });
  assert.deepEqual([answer.complete, answer.incomplete], [1, 1]);
  assert.deepEqual(answer.peers.map((peer) => peer.ip), ["10.0.0.1"]);
  assert.equal(announce(swarm, { ip: "10.0.0.2", leftBytes: 0 }).complete, 2);
  const farewell = announce(swarm, { ip: "10.0.0.1", isStopped: true });
  assert.deepEqual([farewell.complete, farewell.peers.length], [1, 0]);
});

Deno.test("Swarm: more than a thousand living peers all stay", () => {
  const { swarm } = setUp();
  let answer: Answer | undefined;
  for (let index = 0; index < 3000; index++) {
    answer = announce(swarm, { ip: `10.1.${index >> 8}.${index & 255}`, ...here });
  }
  assert.equal(answer?.incomplete, 3000);
});

Deno.test("Swarm: who stays silent for several of its intervals is forgotten", () => {
  const { swarm, clock } = setUp();
  announce(swarm, { ip: "10.0.0.1", leftBytes: 0, ...here });
  announce(swarm, { ip: "10.0.0.2", ...here });
  clock.now += defaultHandoutSettings.hungryIntervalMs *
    (defaultHandoutSettings.forgetIntervals + 1);
  assert.deepEqual(announce(swarm, { ip: "10.0.0.3", ...here }).incomplete, 1);
  assert.equal(swarm.sweep(clock.now), false);
  clock.now += defaultHandoutSettings.seedIntervalMs *
    (defaultHandoutSettings.forgetIntervals + 1);
  assert.equal(swarm.sweep(clock.now), true);
});

Deno.test("Swarm: whom others wait for is replaced when it says good-bye, before anybody else announces", () => {
  const { swarm } = setUp();
  const rack = () => swarm.members.fleet.children.get("north")?.children.get("a");
  const gateways = () => rack()?.gateways.map(({ ip }) => ip);
  for (const index of [1, 2, 3]) announce(swarm, { ip: `10.0.0.${index}`, ...here });
  assert.deepEqual(gateways(), ["10.0.0.1"]);
  announce(swarm, { ip: "10.0.0.1", isStopped: true, ...here });
  assert.deepEqual(gateways(), ["10.0.0.2"]);
  announce(swarm, { ip: "10.0.0.4", leftBytes: 0, uploadedBytes: 1, ...here });
  assert.deepEqual(gateways(), [], "there is a copy");
  announce(swarm, { ip: "10.0.0.4", isStopped: true, ...here });
  assert.deepEqual(gateways(), ["10.0.0.2"], "which is gone");
});

Deno.test("Swarm: a host that comes back on another port replaces its former self", () => {
  const { swarm } = setUp();
  announce(swarm, { ip: "10.0.0.1", port: 1000, host: "web-1", ...here });
  const answer = announce(swarm, { ip: "10.0.0.1", port: 1001, host: "web-1", ...here });
  assert.deepEqual([answer.incomplete, answer.peers.length], [1, 0]);
});

Deno.test("Swarm: the subnet map wins over what a peer says, which is logged once", () => {
  const { swarm, warnings } = setUp([{ cidr: "10.2.0.0/16", site: "south", rack: "b" }]);
  announce(swarm, { ip: "10.2.0.1", port: 1, ...here });
  announce(swarm, { ip: "10.2.0.1", port: 2, ...here });
  assert.deepEqual([...swarm.members.fleet.children.keys()], ["south"]);
  assert.equal(warnings.length, 1);
});

Deno.test("Swarm: 20,000 hosts in one swarm all stay, and each gets at most what it wants", () => {
  const { swarm } = setUp();
  let answer: Answer | undefined;
  for (let index = 0; index < 20_000; index++) {
    answer = announce(swarm, {
      ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      wanted: 20,
      site: `s${index % 3}`,
      rack: `r${index % 120}`,
    });
    assert.ok(answer.peers.length <= 20);
  }
  assert.equal(answer?.incomplete, 20_000);
});

Deno.test("Swarm: a full address is refused, and nobody is pushed out", () => {
  const { swarm, warnings } = setUp();
  for (let port = 1; port <= 32; port++) announce(swarm, { port, ...here });
  const refused = ask(swarm, { port: 3000, ...here });
  assert.ok("refusal" in refused);
  assert.match(
    refused.refusal,
    /^32 peers of release 0+ have announced from 10\.0\.0\.1 already, .* one address may; .*needs peersPerAddress/,
  );
  ask(swarm, { port: 3001, ...here });
  assert.equal(
    warnings.length,
    2,
    "that many share an address, and that they are refused, is told once",
  );
  assert.equal(announce(swarm, { ip: "10.0.0.2", ...here }).incomplete, 33);
  announce(swarm, { port: 1, isStopped: true });
  assert.equal(announce(swarm, { port: 3000, ...here }).incomplete, 33);
});

Deno.test("Swarm: a slow gateway of a site is replaced, one that is as slow as all others is not", () => {
  const gatewayAfter = (rates: number[]) => {
    const { swarm, clock } = setUp();
    const hosts = rates.flatMap((rate, rack) => [
      { ip: `10.1.${rack}.1`, rack: `r${rack}`, rate },
      { ip: `10.1.${rack}.2`, rack: `r${rack}`, rate },
    ]);
    for (let turn = 0; turn < 12; turn++) {
      for (const { ip, rack, rate } of hosts) {
        announce(swarm, { ip, rack, site: "s", leftBytes: 100_000 - turn * rate });
      }
      clock.now += defaultHandoutSettings.hungryIntervalMs;
    }
    return swarm.replacedGateways;
  };
  assert.equal(gatewayAfter([1000, 1000, 1000, 1000]), 0);
  assert.equal(gatewayAfter([100, 100, 100, 100]), 0);
  assert.ok(gatewayAfter([1000, 1000, 100, 1000]) > 0);
  assert.ok(gatewayAfter([1000, 1000, 100, 1000]) <= defaultHandoutSettings.slowReplacements);
});

Deno.test("Swarm: who is asked to come every second is not given up sooner for it", () => {
  const { swarm, clock } = setUp();
  const first = { ip: "10.2.0.1", rack: "r", site: "s" };
  const second = { ip: "10.2.0.2", rack: "r", site: "s" };
  const announceBoth = () => {
    const { intervalMs } = announce(swarm, { ...first, leftBytes: 100 });
    announce(swarm, { ...second, leftBytes: 100 });
    return intervalMs;
  };
  assert.equal(announceBoth(), defaultHandoutSettings.beginningIntervalMs);
  const stalledMs = defaultHandoutSettings.gatewayStallAnnounces *
    defaultHandoutSettings.hungryIntervalMs / 2;
  for (let passedMs = 0; passedMs < stalledMs; passedMs += defaultHandoutSettings.eagerIntervalMs) {
    clock.now += defaultHandoutSettings.eagerIntervalMs;
    announceBoth();
    assert.equal(swarm.replacedGateways, 0, `after ${passedMs} ms`);
  }
  for (let turn = 0; turn < 10; turn++) {
    clock.now += defaultHandoutSettings.eagerIntervalMs;
    announceBoth();
  }
  assert.ok(swarm.replacedGateways > 0, "but it is in the end");
});

/** Two racks of two hosts each, of which the first is the gateway of both rack and site. */
function gatewayAndOthers() {
  const { swarm, clock } = setUp();
  const gateway = { ip: "10.0.0.1", ...here };
  const mate = { ip: "10.0.0.2", ...here };
  const neighbour = { ip: "10.0.0.3", site: "north", rack: "b" };
  const abroad = { ip: "10.0.0.4", site: "south", rack: "c" };
  for (const host of [gateway, mate, neighbour, abroad]) announce(swarm, host);
  const north = swarm.members.fleet.children.get("north");
  const gateways = () => north?.gateways.map(({ ip }) => ip);
  assert.deepEqual(gateways(), [gateway.ip]);
  return { swarm, clock, gateway, mate, neighbour, abroad, gateways };
}

Deno.test("Swarm: a gateway that a neighbour has lost is replaced at once, and not handed out", () => {
  const { swarm, gateway, mate, neighbour, gateways } = gatewayAndOthers();
  const { peers } = announce(swarm, { ...neighbour, lost: [`${gateway.ip}:6881`] });
  assert.deepEqual(gateways(), [mate.ip], "what it had brought is in its rack");
  assert.ok(peers.every(({ ip }) => ip !== gateway.ip));
  const { peers: ofMate, reach } = announce(swarm, mate);
  assert.equal(reach, "everywhere");
  assert.ok(ofMate.every(({ ip }) => ip !== gateway.ip));
});

Deno.test("Swarm: a gateway that is missed and comes back is known again, and not missed a second time", () => {
  const { swarm, gateway, mate, gateways } = gatewayAndOthers();
  const lost = [`${gateway.ip}:6881`];
  announce(swarm, { ...mate, lost });
  announce(swarm, gateway);
  assert.ok(announce(swarm, mate).peers.some(({ ip }) => ip === gateway.ip));
  announce(swarm, { ...mate, isStopped: true });
  assert.deepEqual(gateways(), [gateway.ip]);
  announce(swarm, { ...mate, lost });
  assert.deepEqual(gateways(), [gateway.ip], "whoever says it again and again is not believed");
});

Deno.test("Swarm: who is lost by another site, is no gateway, or is not known is not missed", () => {
  const { swarm, gateway, mate, neighbour, abroad, gateways } = gatewayAndOthers();
  announce(swarm, { ...abroad, lost: [`${gateway.ip}:6881`] });
  announce(swarm, { ...gateway, lost: [`${gateway.ip}:6881`] });
  announce(swarm, { ip: "10.0.0.9", lost: [`${gateway.ip}:6881`] });
  assert.deepEqual(gateways(), [gateway.ip]);
  announce(swarm, { ...neighbour, lost: [`${mate.ip}:6881`, "10.9.9.9:1", "nonsense", ""] });
  assert.ok(announce(swarm, gateway).peers.some(({ ip }) => ip === mate.ip));
});

Deno.test("Swarm: a gateway without anybody to ask may come back within a second, others may not", () => {
  const { swarm, clock, gateway, mate } = gatewayAndOthers();
  clock.now += defaultHandoutSettings.beginningMs;
  assert.equal(announce(swarm, gateway).minIntervalMs, defaultHandoutSettings.eagerIntervalMs);
  assert.equal(announce(swarm, mate).minIntervalMs, defaultHandoutSettings.hungryIntervalMs);
});

Deno.test("Swarm: a network of IPv6 is one address, loopback and the subnet map's NAT have more", () => {
  const { swarm } = setUp([
    { cidr: "10.9.0.0/16", site: "north", rack: "nat", peersPerAddress: 100 },
  ]);
  const accepted = (ipOf: (index: number) => string) =>
    Array.from({ length: 200 }, (_, index) => ask(swarm, { ip: ipOf(index), port: 1 + index }))
      .filter((answer) => !("refusal" in answer)).length;
  assert.equal(accepted((index) => `2001:db8:0:1::${index.toString(16)}`), 32);
  assert.equal(accepted((index) => `2001:db8:0:2:${index.toString(16)}:1:2:3`), 32);
  assert.equal(accepted(() => "10.9.0.1"), 100);
  assert.equal(accepted(() => "127.0.0.1"), 200);
});

/** A rack of three hosts behind a build machine in another site; all tell whom bytes come from. */
function rackAndBuilder(random?: () => number) {
  const { swarm, clock } = setUp([], random);
  const builder = { ip: "10.1.0.1", host: "builder", leftBytes: 0, site: "south", rack: "build" };
  const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((ip) => ({ ip, host: ip, ...here }));
  const say = (fields: Partial<Announce>) => announce(swarm, { sources: [], ...fields });
  say(builder);
  for (const host of hosts) say(host);
  const rack = swarm.members.fleet.children.get("north")?.children.get("a");
  const gateways = () => rack?.gateways.map(({ ip }) => ip);
  return { swarm, clock, builder, hosts, say, gateways };
}

Deno.test("Swarm: peers that only say that they are seeds make a rack wait once, and not for long", () => {
  const { clock, hosts, say, gateways } = rackAndBuilder();
  const [gateway, ...others] = hosts;
  say({ ip: "10.0.0.66", host: "web-9", leftBytes: 0, ...here });
  assert.deepEqual(gateways(), [], "it may be true, and is asked");
  clock.now += defaultHandoutSettings.unconfirmedGraceMs;
  for (const host of hosts) say(host);
  for (let turn = 0; turn < 3; turn++) {
    say({ ip: `10.0.0.${67 + turn}`, host: `web-${turn}`, leftBytes: 0, ...here });
    const { reach, peers } = say({ ...gateway, leftBytes: 900 - turn });
    assert.deepEqual([gateways(), reach], [[gateway!.ip], "everywhere"]);
    assert.ok(peers.some(({ ip }) => ip === "10.1.0.1"), "it is still given the build machine");
    for (const other of others) say({ ...other, leftBytes: 950 - turn });
    clock.now += defaultHandoutSettings.hungryIntervalMs;
  }
});

Deno.test("Swarm: a seed that somebody else receives bytes from is a copy, and its rack needs no gateway", () => {
  const { hosts, say, gateways } = rackAndBuilder();
  const seed = { ip: "10.0.0.5", host: "web-5", leftBytes: 0, ...here };
  say(seed);
  say({ ...hosts[1], sources: ["10.0.0.5:6881", "10.9.9.9:1", "nonsense"] });
  assert.deepEqual(gateways(), []);
  assert.equal(say(hosts[0]!).reach, "rack");
});

Deno.test("Swarm: one machine does not confirm itself", () => {
  const { clock, hosts, say, gateways } = rackAndBuilder();
  say({ ip: "10.0.0.66", port: 1, host: "web-8", leftBytes: 0, ...here });
  clock.now += defaultHandoutSettings.unconfirmedGraceMs;
  for (const host of hosts) say(host);
  say({
    ip: "10.0.0.66",
    port: 2,
    host: "web-9",
    ...here,
    sources: ["10.0.0.66:1", "10.0.0.66:2"],
  });
  assert.deepEqual(gateways(), [hosts[0]!.ip]);
});

Deno.test("Swarm: behind NAT that the subnet map tells of, hosts at one address confirm each other", () => {
  const { swarm, clock } = setUp([
    { cidr: "10.9.0.0/16", site: "north", rack: "nat", peersPerAddress: 100 },
  ]);
  const say = (port: number, fields: Partial<Announce>) =>
    announce(swarm, { ip: "10.9.0.1", port, host: `h${port}`, sources: [], ...fields });
  const gateways = () => swarm.members.fleet.children.get("north")?.children.get("nat")?.gateways;
  say(1, { leftBytes: 0 });
  say(2, {});
  clock.now += defaultHandoutSettings.unconfirmedGraceMs;
  say(2, {});
  assert.equal(gateways()?.length, 1);
  say(2, { sources: ["10.9.0.1:1"] });
  assert.equal(gateways()?.length, 0);
});

Deno.test("Swarm: false seeds from dozens of addresses do not hide the true one from a gateway", () => {
  let state = 1;
  const { clock, hosts, say } = rackAndBuilder(
    () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff,
  );
  for (let index = 0; index < 30; index++) {
    say({
      ip: `10.6.0.${index}`,
      host: `x${index}`,
      leftBytes: 0,
      site: "east",
      rack: `x${index}`,
    });
  }
  let announces = 0;
  for (let isFound = false; !isFound; announces++) {
    clock.now += defaultHandoutSettings.eagerIntervalMs;
    const { peers } = say({ ...hosts[0], leftBytes: 900 });
    isFound = peers.some(({ ip }) => ip === "10.1.0.1");
    assert.ok(announces < 12);
  }
  say({ ...hosts[0], leftBytes: 800, sources: ["10.1.0.1:6881"] });
  for (let turn = 0; turn < 5; turn++) {
    assert.ok(say({ ...hosts[0], leftBytes: 700 }).peers.some(({ ip }) => ip === "10.1.0.1"));
  }
});

Deno.test("Swarm: one machine under ever new names is a gateway once", () => {
  const { swarm, clock } = setUp();
  const honest = { ip: "10.0.0.1", host: "web-1", ...here };
  const turns: string[] = [];
  for (let turn = 0; turn < 20; turn++) {
    announce(swarm, { ip: "10.0.0.66", port: 1 + turn, host: `x${turn}`, leftBytes: 1, ...here });
    for (let port = 1; port <= turn; port++) {
      announce(swarm, { ip: "10.0.0.66", port, host: `x${port - 1}`, leftBytes: 1, ...here });
    }
    announce(swarm, { ...honest, leftBytes: 1000 - turn });
    const rack = swarm.members.fleet.children.get("north")?.children.get("a");
    turns.push(rack?.gateways[0]?.ip ?? "none");
    clock.now += defaultHandoutSettings.hungryIntervalMs;
  }
  assert.deepEqual(new Set(turns.slice(6)), new Set([honest.ip]), turns.join(" "));
});

Deno.test("Swarm: who announces from the tracker's own machine is handed out where others reach that machine", () => {
  const { swarm } = setUp();
  const publisher = { ip: "127.0.0.1", port: 7000, host: "build", leftBytes: 0, ...here };
  announce(swarm, publisher);
  const other = { ip: "10.0.0.2", reachedAt: "10.0.0.1", host: "web-1", ...here };
  const { peers } = announce(swarm, other);
  assert.deepEqual(peers.map(({ ip, port, ipv4 }) => [ip, port, ipv4]), [[
    "10.0.0.1",
    7000,
    0x0a000001,
  ]]);
  // Who is on the machine itself gets its peers as they have announced.
  const besides = announce(swarm, { ip: "127.0.0.1", port: 7001, host: "b", ...here });
  assert.ok(besides.peers.some(({ key }) => key === "127.0.0.1:7000"));
  // Where nobody knows the machine's address, it stays as it is.
  const blind = announce(swarm, { ip: "10.0.0.3", host: "web-2", ...here });
  assert.ok(blind.peers.some(({ key }) => key === "127.0.0.1:7000"));
});

Deno.test("Swarm: a seed on the tracker's own machine is confirmed by the name that others have for it", () => {
  const { swarm } = setUp();
  announce(swarm, { ip: "127.0.0.1", port: 7000, host: "build", leftBytes: 0, ...here });
  const other = { ip: "10.0.0.2", reachedAt: "10.0.0.1", host: "web-1", ...here };
  announce(swarm, { ...other, sources: [] });
  const seed = () => swarm.members.get("127.0.0.1:7000");
  assert.equal(seed()?.isConfirmed, false);
  announce(swarm, { ...other, sources: ["10.0.0.1:7000"] });
  assert.equal(seed()?.isConfirmed, true);
});

Deno.test("Swarm: many peers at one address are told before any is refused, unless they are meant to share it", () => {
  const { swarm, warnings } = setUp([
    { cidr: "10.9.0.0/16", site: "north", rack: "a", peersPerAddress: 100 },
  ]);
  for (let port = 1; port <= 20; port++) {
    for (const ip of ["10.9.0.1", "127.0.0.1"]) announce(swarm, { ip, port, ...here });
    if (port < 8) announce(swarm, { port, ...here });
  }
  assert.deepEqual(warnings, []);
  announce(swarm, { port: 8, ...here });
  announce(swarm, { port: 8, isStopped: true, ...here });
  announce(swarm, { port: 9, ...here });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /peers of \{infoHash\} announce from \{ip\}: behind a proxy or NAT/);
});
