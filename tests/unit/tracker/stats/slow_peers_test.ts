/** Which peers are called slow, and why. */

import assert from "node:assert/strict";
import { halfWay, SIZE } from "./reported_swarms.ts";

Deno.test("findSlowPeers: says which peers are slow, and why", () => {
  const { announce, clock, statistics } = halfWay();
  for (let turn = 0; turn < 2; turn++) {
    clock.now += 3000;
    announce("s1", "south/a", [300 - turn, 0, 0, 700 + turn]);
    announce("s3", "south/a", [SIZE]);
    announce("n1", "north/a", [500, 0, 500]);
  }
  clock.now += 2500;
  const why = new Map(
    statistics.get().swarms[0]?.slow.map((one) => [one.host, one.why]),
  );
  assert.match(why.get("n2") ?? "", /^silent for 9 s/);
  assert.match(why.get("s3") ?? "", /^no progress over 2 announces, though its rack holds/);
  assert.match(why.get("n1") ?? "", /^no progress over 2 announces; it is its rack's gateway/);
  assert.deepEqual([why.has("s1"), why.has("builder")], [false, false]);
});
