/** How much anybody can make the tracker keep. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import type { Announce } from "../../../../tracker/members/announce.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { type Subnet, SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { Swarms } from "../../../../tracker/swarm/swarms.ts";

function setUp(allow?: (infoHash: string) => boolean, subnets: Subnet[] = []) {
  const warnings: unknown[] = [];
  const clock = { now: 0, nowMs: () => clock.now };
  const swarms = new Swarms({
    settings: defaultHandoutSettings,
    subnets: new SubnetMap(subnets),
    clock,
    random: () => 0,
    log: { ...silentLog, warn: (message, properties) => warnings.push([message, properties]) },
    allow,
  });
  const announce = (hash: number, fields: Partial<Announce> = {}) =>
    swarms.announce({
      infoHash: String.fromCharCode(hash >> 8, hash & 255).padEnd(20, "x"),
      peerId: "0".repeat(20),
      ip: "10.0.0.1",
      port: 6881,
      leftBytes: 100,
      isStopped: false,
      wanted: 50,
      ...fields,
    });
  return { swarms, clock, announce, warnings };
}

Deno.test("Swarms: one address begins 250 swarms at most, all together 1,000", () => {
  const { swarms, announce } = setUp();
  for (let hash = 0; hash < 300; hash++) announce(hash);
  assert.equal(swarms.all.length, 250);
  for (let hash = 0; hash < 1300; hash++) announce(hash, { ip: `10.0.1.${hash >> 6}` });
  assert.equal(swarms.all.length, 1000);
  const refused = announce(2000, { ip: "10.0.2.1" });
  assert.ok("refusal" in refused && /1000 releases/.test(refused.refusal));
  assert.ok(!("refusal" in announce(0, { ip: "10.0.2.1" })), "those that are there are served");
});

Deno.test("Swarms: a quota that is used up is named with the way out, to the peer and once in the log", () => {
  const { swarms, announce, warnings } = setUp(undefined, [
    { cidr: "10.9.0.0/16", site: "north", rack: "nat", releasesPerAddress: 400 },
  ]);
  for (let hash = 0; hash < 250; hash++) announce(hash);
  assert.deepEqual(warnings, []);
  const refused = announce(250);
  assert.ok("refusal" in refused);
  assert.match(
    refused.refusal,
    /^250 releases began with an announce of 10\.0\.0\.1 already, .*a proxy or NAT .* needs releasesPerAddress for it$/,
  );
  announce(251);
  assert.deepEqual(warnings, [["refused: {refusal}", { refusal: refused.refusal }]]);
  for (let hash = 300; hash < 800; hash++) announce(hash, { ip: "10.9.0.1" });
  assert.equal(swarms.all.length, 650, "as many as the subnet map says");
  for (let hash = 1000; hash < 1300; hash++) {
    announce(hash, { ip: `2001:db8:0:1::${hash.toString(16)}` });
  }
  assert.equal(swarms.all.length, 900, "a network of IPv6 is one address");
  for (let hash = 2000; hash < 2300; hash++) announce(hash, { ip: "127.0.0.1" });
  assert.equal(swarms.all.length, 1000, "what is beside the tracker has all that is left");
});

Deno.test("Swarms: those that everybody has left make room", () => {
  const { swarms, clock, announce } = setUp();
  for (let hash = 0; hash < 250; hash++) announce(hash);
  clock.now += 10 * defaultHandoutSettings.hungryIntervalMs;
  assert.ok(!("refusal" in announce(999)));
  assert.equal(swarms.all.length, 1);
});

Deno.test("Swarms: one that is no longer allowed goes", () => {
  let allowed = true;
  const { swarms, announce } = setUp(() => allowed);
  announce(1);
  allowed = false;
  swarms.sweep();
  assert.equal(swarms.all.length, 0);
  const refused = announce(1);
  assert.ok("refusal" in refused && /does not serve/.test(refused.refusal));
});
