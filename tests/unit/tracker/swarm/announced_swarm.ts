/** A swarm that is announced to directly, without frontend and network. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import type { Announce, Answer } from "../../../../tracker/members/announce.ts";
import {
  defaultHandoutSettings,
  type HandoutSettings,
} from "../../../../tracker/handout/handout_settings.ts";
import { type Subnet, SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { Swarm } from "../../../../tracker/swarm/swarm.ts";

/** An empty swarm, its clock, and the warnings that it has logged. */
export function setUp(
  subnets: Subnet[] = [],
  random = () => 0,
  settings: Partial<HandoutSettings> = {},
) {
  const clock = { now: 0, nowMs: () => clock.now };
  const warnings: string[] = [];
  const swarm = new Swarm("0".repeat(40), {
    settings: { ...defaultHandoutSettings, ...settings },
    subnets: new SubnetMap(subnets),
    clock,
    random,
    log: { ...silentLog, warn: (message) => warnings.push(message) },
  });
  return { swarm, clock, warnings };
}

/** Announces; the defaults are a leecher at 10.0.0.1:6881. */
export function ask(swarm: Swarm, announce: Partial<Announce>) {
  return swarm.announce({
    infoHash: "0".repeat(20),
    peerId: "0".repeat(20),
    ip: "10.0.0.1",
    port: 6881,
    leftBytes: 1000,
    isStopped: false,
    wanted: 50,
    ...announce,
  });
}

/** The same where the announce must not be refused. */
export function announce(swarm: Swarm, fields: Partial<Announce>): Answer {
  const answer = ask(swarm, fields);
  assert.ok(!("refusal" in answer), "refused");
  return answer;
}

/** The rack that most of the tests' peers stand in. */
export const here = { site: "north", rack: "a" };
