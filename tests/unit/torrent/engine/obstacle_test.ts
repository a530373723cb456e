/** Tests of what is said when nothing arrives. */

import assert from "node:assert/strict";
import {
  describeObstacle,
  type ObstacleView,
  type Supply,
} from "../../../../torrent/engine/mod.ts";

const URL = "http://tracker:8000/announce";
const SUPPLY: Supply = { offeringCount: 0, unconnectedCount: 0 };

function describe(
  { supply = {}, ...changes }: Partial<Omit<ObstacleView, "supply">> & {
    supply?: Partial<Supply>;
  } = {},
) {
  return describeObstacle({
    idleMs: 60_000,
    peers: 0,
    bannedPeers: [],
    tracker: { kind: "answered", url: URL, peerCount: 0 },
    announce: [URL],
    supply: () => ({ ...SUPPLY, ...supply }),
    ...changes,
  });
}

Deno.test("describeObstacle: nothing is said while something may come soon", () => {
  assert.equal(describe({ idleMs: 4_999 }), undefined);
  const tracker = { kind: "failing", message: "refused", sinceWallMs: 0 } as const;
  assert.equal(describe({ idleMs: 999, tracker }), undefined);
  assert.match(describe({ idleMs: 1_000, tracker }) ?? "", /^no tracker answers/);
  assert.equal(describe({ idleMs: 1_000, tracker, peers: 1 }), undefined);
});

Deno.test("describeObstacle: nobody has it, or nobody can be asked", () => {
  assert.equal(
    describe(),
    `the tracker ${URL} knows nobody who has it: is its build machine seeding?`,
  );
  assert.equal(
    describe({ tracker: { kind: "asking", url: URL } }),
    `${URL} is asked for peers, and has not answered yet`,
  );
  assert.equal(
    describe({ tracker: { kind: "failing", message: "announce to x: refused", sinceWallMs: 0 } }),
    "no tracker answers since 00:00:00 UTC: announce to x: refused; asked again within seconds",
  );
  assert.equal(
    describe({ tracker: null, announce: [] }),
    "the release names no tracker: nobody can be asked for peers",
  );
  assert.equal(
    describe({ tracker: null, announce: ["udp://tracker:1"] }),
    "the release names no tracker that can be asked, http and https can: udp://tracker:1",
  );
});

Deno.test("describeObstacle: peers that are known and cannot be reached", () => {
  const tracker = { kind: "answered", url: URL, peerCount: 2 } as const;
  const failedDial = { address: "10.0.0.1:6881", reason: "connection refused" };
  assert.equal(
    describe({ tracker, supply: { unconnectedCount: 2, failedDial } }),
    "no peer can be reached, such as 10.0.0.1:6881 (connection refused): all are tried again",
  );
  assert.equal(
    describe({ tracker, supply: { unconnectedCount: 2 } }),
    "no peer answers yet: they are tried again",
  );
});

Deno.test("describeObstacle: peers that are connected and of no use", () => {
  assert.equal(
    describe({ peers: 1 }),
    "1 peer is connected, and it has nothing that is missing here",
  );
  assert.equal(
    describe({ peers: 3 }),
    "3 peers are connected, and none has anything that is missing here",
  );
  assert.equal(
    describe({ peers: 3, supply: { offeringCount: 2 } }),
    "3 peers are connected, 2 with pieces that are missing here, and nothing comes: they are asked again",
  );
  assert.equal(
    describe({ bannedPeers: ["a:1", "b:1", "c:1", "d:1"] }),
    "a:1, b:1, c:1 and 1 more sent wrong bytes, and will be asked again in some minutes",
  );
});

Deno.test("describeObstacle: it always says something, whatever is the matter", () => {
  for (const peers of [0, 1]) {
    for (const unconnectedCount of [0, 1]) {
      for (const peerCount of [0, 1]) {
        const tracker = { kind: "answered", url: URL, peerCount } as const;
        const told = describe({ peers, tracker, supply: { unconnectedCount } });
        assert.notEqual(told, "", JSON.stringify({ peers, unconnectedCount, peerCount }));
      }
    }
  }
});
