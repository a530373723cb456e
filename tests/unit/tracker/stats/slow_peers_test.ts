/** Which peers are called slow, and why. */

import assert from "node:assert/strict";
import { halfWay, setUp, SIZE } from "./reported_swarms.ts";

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

Deno.test("findSlowPeers: a rack of which nobody gets on is not looked through for each of them", () => {
  const { clock, statistics, swarms } = setUp();
  for (let turn = 0; turn < 4; turn++) {
    for (let index = 0; index < 3000; index++) {
      swarms.announce({
        infoHash: "x".repeat(20),
        peerId: String(index).padStart(20, "0"),
        ip: `10.0.${index >> 8}.${index & 255}`,
        port: 6881,
        leftBytes: SIZE,
        isStopped: false,
        wanted: 50,
        host: `h${index}`,
        site: "s",
        rack: "r",
      });
    }
    clock.now += 3000;
  }
  let reads = 0;
  for (const member of swarms.all[0]!.members.fleet.list) {
    const { rank } = member;
    Object.defineProperty(member, "rank", { get: () => (reads++, rank) });
  }
  assert.equal(statistics.get().swarms[0]?.slow.length, 20);
  assert.ok(reads < 3000 * 50, `each some times, not for each of the others: ${reads}`);
});
