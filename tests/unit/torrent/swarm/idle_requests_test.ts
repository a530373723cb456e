/** Who is asked for more when a peer has nothing left. */

import assert from "node:assert/strict";
import { requestFromOthers } from "../../../../torrent/swarm/idle_requests.ts";

Deno.test("requestFromOthers: a spared seed is asked again, and deferred pieces only where nobody is asked for anything", () => {
  const asked: string[] = [];
  const peer = (name: string, { count = 0, joinedAsSeed = false, isDeferred = false } = {}) => ({
    download: { joinedAsSeed, outstanding: { count }, offerDeferred: () => isDeferred },
    requestMore: () => void asked.push(name),
  });
  const idle = peer("idle");
  const others = [
    peer("seed", { joinedAsSeed: true }),
    peer("busy seed", { joinedAsSeed: true, count: 1 }),
    peer("deferred", { isDeferred: true }),
  ];
  requestFromOthers(idle.download, [idle, ...others]);
  assert.deepEqual(asked.splice(0), ["seed"]);
  requestFromOthers(idle.download, [
    idle,
    ...others.filter(({ download }) => download.outstanding.count === 0),
  ]);
  assert.deepEqual(asked.splice(0), ["seed", "deferred"]);
  requestFromOthers({ joinedAsSeed: true }, [
    peer("seed", { joinedAsSeed: true }),
    peer("deferred", { isDeferred: true }),
  ]);
  assert.deepEqual(
    asked,
    ["deferred"],
    "a seed that has nothing to do is not asked for that reason",
  );
});
