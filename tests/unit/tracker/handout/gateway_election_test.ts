/** Who becomes a gateway, and when a gateway is replaced. */

import assert from "node:assert/strict";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { fleet, SIZE_BYTES } from "./swarm_model.ts";

Deno.test("electGateways: a gateway that stalls or leaves is replaced", () => {
  const { swarm, southA1, southA2, southB1 } = fleet();
  swarm.report(southA2, 900);
  for (let announce = 0; announce < defaultHandoutSettings.gatewayStallAnnounces; announce++) {
    swarm.report(southA1);
  }
  assert.ok(swarm.peersOf(southA2).has("builder"), "the next one is chosen by what it has");
  assert.ok(!swarm.peersOf(southA1).has("builder"));
  swarm.leave(southA2);
  swarm.report(southB1);
  assert.ok(swarm.peersOf(southB1).has("builder"), "the one that stalled comes last");
});

Deno.test("electGateways: a site's next gateway is of the last one's rack, the one after that of another", () => {
  const { swarm, southA1, southA2, southB1 } = fleet();
  const stall = (member: typeof southA1) => {
    for (let announce = 0; announce < defaultHandoutSettings.gatewayStallAnnounces; announce++) {
      swarm.report(member);
    }
  };
  swarm.report(southB1, SIZE_BYTES - 900);
  stall(southA1);
  assert.deepEqual(southA1.site?.gateways, [southA2], "what the first has brought is in its rack");
  stall(southA2);
  assert.deepEqual(southA1.site?.gateways, [southB1], "it may be that rack's link");
});

Deno.test("electGateways: a gateway that times out is replaced and no longer handed out", () => {
  const { swarm, southA1, southA2 } = fleet();
  swarm.nowMs += southA1.intervalMs * (defaultHandoutSettings.timeoutIntervals + 0.1);
  swarm.report(southA2);
  assert.deepEqual(southA2.site?.gateways, [southA2]);
  assert.ok(!swarm.peersOf(southA2).has("south-a1"));
});
