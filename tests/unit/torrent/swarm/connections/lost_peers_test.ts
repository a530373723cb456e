/** Which hosts are missed, and for how long. */

import assert from "node:assert/strict";
import type { Distance, Reach } from "../../../../../base/locality.ts";
import { LostPeers } from "../../../../../torrent/swarm/connections/lost_peers.ts";

const peerAt = (listensOn: string | undefined, distance: Distance, isSeed = false) => ({
  listensOn,
  distance,
  isSeed,
});

Deno.test("LostPeers: hosts of the site that we are to fetch from, unless they had everything", () => {
  const lost = new LostPeers();
  const isMissed = (reach: Reach, ...peer: Parameters<typeof peerAt>) =>
    lost.onEnded(peerAt(...peer), { reach, tick: 0 });
  assert.ok(isMissed("rack", "10.0.0.1:1", "rack"));
  assert.ok(!isMissed("rack", "10.0.0.2:1", "site"), "farther away than we are to fetch from");
  assert.ok(isMissed("site", "10.0.0.3:1", "site"));
  assert.ok(!isMissed("everywhere", "10.0.0.4:1", "remote"), "its own site misses it");
  assert.ok(!isMissed("site", "10.0.0.5:1", "rack", true));
  assert.ok(!isMissed("site", undefined, "rack"), "nobody knows it by that connection's port");
  assert.deepEqual(lost.at(0), ["10.0.0.1:1", "10.0.0.3:1"]);
});

Deno.test("LostPeers: no more once there is a connection again, or the tracker has missed them itself", () => {
  const lost = new LostPeers();
  for (const [tick, address] of ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].entries()) {
    lost.onEnded(peerAt(address, "rack"), { reach: "rack", tick: 10 * tick });
  }
  assert.deepEqual(lost.at(20), ["10.0.0.2:1", "10.0.0.3:1"]);
  lost.onConnected(peerAt("10.0.0.3:1", "rack"));
  lost.onRefused("10.0.0.4:1", 20);
  assert.deepEqual(lost.at(20), ["10.0.0.2:1", "10.0.0.4:1"]);
  assert.deepEqual(lost.at(60), []);
});

Deno.test("LostPeers: a whole rack that goes is told in part, the last ones", () => {
  const lost = new LostPeers();
  for (let host = 0; host < 40; host++) {
    lost.onEnded(peerAt(`10.0.0.${host}:1`, "rack"), { reach: "rack", tick: 0 });
  }
  assert.deepEqual(lost.at(0), [32, 33, 34, 35, 36, 37, 38, 39].map((host) => `10.0.0.${host}:1`));
});
