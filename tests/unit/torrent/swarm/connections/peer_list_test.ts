/** When an address is dialled again, and when it is forgotten. */

import assert from "node:assert/strict";
import { PeerList } from "../../../../../torrent/swarm/connections/peer_list.ts";

Deno.test("PeerList: an address that fails is tried less and less often, then forgotten", () => {
  const list = new PeerList(() => 0.5);
  list.add("10.0.0.1:6881");
  const tries: number[] = [];
  for (let tick = 0; tick < 1000; tick++) {
    const address = list.next(tick, () => true);
    if (address === undefined) continue;
    tries.push(tick);
    list.ended(address, tick);
  }
  const pauses = tries.slice(1).map((tick, at) => tick - (tries[at] ?? 0));
  assert.equal(tries[0], 0);
  assert.ok(pauses.every((pause, at) => pause >= (pauses[at - 1] ?? 0)), `${pauses}`);
  assert.ok(Math.max(...pauses) <= 30);
  assert.equal(list.size, 0);
  list.add("10.0.0.1:6881");
  assert.equal(list.next(1000, () => true), "10.0.0.1:6881", "a tracker may name it again");
});

Deno.test("PeerList: busy and unwanted addresses are left alone, and their number is bounded", () => {
  const list = new PeerList(() => 0);
  for (let port = 1; port <= 2000; port++) list.add(`10.0.0.1:${port}`);
  assert.equal(list.size, 512);
  const first = list.next(0, (address) => address !== "10.0.0.1:1489");
  assert.equal(first, "10.0.0.1:1490");
  assert.notEqual(list.next(0, () => true), first);
});
