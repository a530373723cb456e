/** What a transfer has received and sent, by distance. */

import assert from "node:assert/strict";
import { SwarmTraffic } from "../../../../torrent/swarm/traffic.ts";

Deno.test("SwarmTraffic: each direction and distance is counted by itself", () => {
  const traffic = new SwarmTraffic();
  traffic.onReceived("rack", 5);
  traffic.onReceived("site", 7);
  traffic.onReceived("rack", 1);
  traffic.onSent("remote", 100);
  assert.deepEqual({ ...traffic.received }, { rackBytes: 6, siteBytes: 7, remoteBytes: 0 });
  assert.deepEqual({ ...traffic.sent }, { rackBytes: 0, siteBytes: 0, remoteBytes: 100 });
});

Deno.test("SwarmTraffic: rates follow what passed, and fall when nothing does", () => {
  const traffic = new SwarmTraffic();
  for (let tick = 0; tick < 20; tick++) {
    traffic.onReceived("rack", 1000);
    traffic.onSent("rack", 500);
    traffic.onTick(1);
  }
  assert.ok(Math.abs(traffic.downloadBytesPerSecond - 1000) < 10);
  assert.ok(Math.abs(traffic.uploadBytesPerSecond - 500) < 10);
  for (let tick = 0; tick < 20; tick++) traffic.onTick(1);
  assert.ok(traffic.downloadBytesPerSecond <= 1 && traffic.uploadBytesPerSecond <= 1);
});
