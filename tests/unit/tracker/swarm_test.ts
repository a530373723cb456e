/** One swarm of the tracker, announced to directly. */

import assert from "node:assert/strict";
import type { AnnounceAnswer, AnnounceParams } from "../../../tracker/bittorrent_tracker_types.ts";
import { defaultPolicy } from "../../../tracker/policy.ts";
import { type Subnet, SubnetMap } from "../../../tracker/subnet_map.ts";
import { LocalitySwarm } from "../../../tracker/swarm.ts";

function setUp(subnets: Subnet[] = []) {
  const clock = { now: 0, nowMs: () => clock.now };
  const warnings: string[] = [];
  const swarm = new LocalitySwarm("0".repeat(40), {
    policy: defaultPolicy,
    subnets: new SubnetMap(subnets),
    clock,
    random: () => 0,
    log: { debug() {}, info() {}, warn: (message) => warnings.push(message) },
  });
  return { swarm, clock, warnings };
}

function announce(swarm: LocalitySwarm, params: Partial<AnnounceParams>): AnnounceAnswer {
  const ip = params.ip ?? "10.0.0.1";
  const port = params.port ?? 6881;
  let answer: AnnounceAnswer | undefined;
  swarm.announce(
    {
      peer_id: "0".repeat(40),
      event: "update",
      left: 1000,
      numwant: 50,
      ...params,
      ip,
      port,
      addr: `${ip}:${port}`,
    },
    (error, value) => {
      assert.equal(error, null);
      answer = value;
    },
  );
  assert.ok(answer !== undefined);
  return answer;
}

const here = { site: "north", rack: "a" };

Deno.test("LocalitySwarm: counts seeds and leechers, and forgets who says good-bye", () => {
  const { swarm } = setUp();
  announce(swarm, { ip: "10.0.0.1", left: 0, ...here });
  const answer = announce(swarm, { ip: "10.0.0.2", ...here });
  assert.deepEqual([answer.complete, answer.incomplete], [1, 1]);
  assert.deepEqual(answer.peers.map((peer) => peer.ip), ["10.0.0.1"]);
  assert.equal(announce(swarm, { ip: "10.0.0.2", left: 0, event: "completed" }).complete, 2);
  const farewell = announce(swarm, { ip: "10.0.0.1", event: "stopped" });
  assert.deepEqual([farewell.complete, farewell.peers.length], [1, 0]);
});

Deno.test("LocalitySwarm: more than a thousand living peers all stay", () => {
  const { swarm } = setUp();
  let answer: AnnounceAnswer | undefined;
  for (let index = 0; index < 3000; index++) {
    answer = announce(swarm, { ip: `10.1.${index >> 8}.${index & 255}`, ...here });
  }
  assert.equal(answer?.incomplete, 3000);
});

Deno.test("LocalitySwarm: who stays silent for several of its intervals is forgotten", () => {
  const { swarm, clock } = setUp();
  announce(swarm, { ip: "10.0.0.1", left: 0, ...here });
  announce(swarm, { ip: "10.0.0.2", ...here });
  clock.now += defaultPolicy.hungryIntervalMs * (defaultPolicy.forgottenIntervals + 1);
  assert.deepEqual(announce(swarm, { ip: "10.0.0.3", ...here }).incomplete, 1);
  assert.equal(swarm.sweep(clock.now), false);
  clock.now += defaultPolicy.seedIntervalMs * (defaultPolicy.forgottenIntervals + 1);
  assert.equal(swarm.sweep(clock.now), true);
});

Deno.test("LocalitySwarm: a host that comes back on another port replaces its former self", () => {
  const { swarm } = setUp();
  announce(swarm, { ip: "10.0.0.1", port: 1000, host: "web-1", ...here });
  const answer = announce(swarm, { ip: "10.0.0.1", port: 1001, host: "web-1", ...here });
  assert.deepEqual([answer.incomplete, answer.peers.length], [1, 0]);
});

Deno.test("LocalitySwarm: the subnet map wins over what a peer says, which is logged once", () => {
  const { swarm, warnings } = setUp([{ cidr: "10.2.0.0/16", site: "south", rack: "b" }]);
  announce(swarm, { ip: "10.2.0.1", port: 1, ...here });
  announce(swarm, { ip: "10.2.0.1", port: 2, ...here });
  assert.deepEqual(swarm.stats().sites, { south: { members: 2, seeds: 0 } });
  assert.equal(warnings.length, 1);
});

Deno.test("LocalitySwarm: nonsense in an announce does no harm", () => {
  const { swarm } = setUp();
  announce(swarm, { ip: "10.0.0.1", left: -5, site: ["a", "b"], rack: "x".repeat(1000) });
  const answer = announce(swarm, { ip: "10.0.0.2", left: Infinity, site: "", rack: "\u0000" });
  assert.equal(answer.complete, 0, "a negative rest is no seed");
});
