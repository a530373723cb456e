/** When a host ignores the reach that the tracker has assigned, and when it keeps to it again. */

import assert from "node:assert/strict";
import { FetchReach } from "../../../../torrent/swarm/fetch_reach.ts";

const OFFERED = { isHungry: true, hasPeers: true, isOffered: true };

/** After how many seconds of that it starves; NaN: not within a minute. */
function ticksUntilStarved(reach: FetchReach, state: typeof OFFERED): number {
  for (let tick = 1; tick <= 60; tick++) if (reach.onTick(state)) return tick;
  return NaN;
}

Deno.test("FetchReach: holds what the tracker assigns", () => {
  const reach = new FetchReach();
  assert.ok(reach.includes("remote"), "before it has said anything");
  assert.ok(reach.assign("rack"));
  assert.equal(reach.assign("rack"), false);
  assert.deepEqual(
    (["rack", "site", "remote"] as const).map((distance) => reach.includes(distance)),
    [true, false, false],
  );
});

Deno.test("FetchReach: is ignored after five seconds in which those who have pieces give none, or nobody is there", () => {
  for (const state of [OFFERED, { ...OFFERED, hasPeers: false, isOffered: false }]) {
    const reach = new FetchReach();
    reach.assign("rack");
    assert.equal(ticksUntilStarved(reach, state), 5);
    assert.ok(reach.includes("remote") && reach.isStarved);
    assert.equal(reach.assigned, "rack");
    assert.equal(reach.onTick(state), false, "told once");
  }
});

Deno.test("FetchReach: a gateway that has no piece yet gets half a minute", () => {
  const reach = new FetchReach();
  reach.assign("rack");
  assert.equal(ticksUntilStarved(reach, { ...OFFERED, isOffered: false }), 30);
});

Deno.test("FetchReach: a block from within reach ends it, one from elsewhere does not", () => {
  const reach = new FetchReach();
  reach.assign("rack");
  ticksUntilStarved(reach, OFFERED);
  assert.equal(reach.onBlock("remote"), false);
  assert.ok(reach.isStarved);
  assert.equal(reach.onBlock("rack"), true);
  assert.equal(reach.includes("site"), false);
  for (let tick = 0; tick < 20; tick++) {
    assert.equal(reach.onTick(OFFERED), false);
    if (tick % 4 === 0) reach.onBlock("rack");
  }
});

Deno.test("FetchReach: who asks for nothing does not starve", () => {
  const reach = new FetchReach();
  reach.assign("rack");
  assert.ok(Number.isNaN(ticksUntilStarved(reach, { ...OFFERED, isHungry: false })));
});

Deno.test("FetchReach: another reach gets its chance, as the first one did", () => {
  const reach = new FetchReach();
  assert.equal(ticksUntilStarved(reach, OFFERED), 5, "before the tracker has answered");
  reach.assign("rack");
  assert.equal(reach.includes("remote"), false);
  assert.equal(ticksUntilStarved(reach, OFFERED), 5);
  assert.equal(reach.assign("rack"), false);
  assert.ok(reach.includes("remote"), "the same one does not");
});
