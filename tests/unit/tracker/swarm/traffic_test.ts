/** Which bytes are counted for which border. */

import assert from "node:assert/strict";
import { announce, here, setUp } from "./announced_swarm.ts";

Deno.test("Traffic: bytes by border are what peers say, also of those that have left, each counted once", () => {
  const { swarm } = setUp();
  const received = { rackBytes: 1, siteBytes: 20, remoteBytes: 300 };
  const other = { ip: "10.0.0.2", peerId: "1".repeat(20), ...here };
  announce(swarm, { received, ...here });
  announce(swarm, { received: { ...received, rackBytes: 5 }, ...here });
  announce(swarm, { received, ...other });
  announce(swarm, { received, ...other, isStopped: true });
  announce(swarm, { received, ...other });
  assert.deepEqual(swarm.traffic.total, { rackBytes: 6, siteBytes: 40, remoteBytes: 600 });
  announce(swarm, { received: { rackBytes: 2, siteBytes: 0, remoteBytes: 0 }, ...here });
  assert.equal(swarm.traffic.total.rackBytes, 8, "one that began anew has received all it says");
});
