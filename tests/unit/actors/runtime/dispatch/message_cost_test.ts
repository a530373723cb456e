import assert from "node:assert/strict";
import { ActorSystem, VirtualClock } from "../../../../../actors/runtime/mod.ts";
import { recorder } from "../fixture.ts";

Deno.test("G33: the tree shows how long a message takes", async () => {
  // A clock that moves by a millisecond whenever it is read.
  let nowMs = 0;
  const virtual = new VirtualClock();
  const clock = {
    wallTimeMs: () => nowMs,
    nowMs: () => nowMs++,
    after: virtual.after.bind(virtual),
    nextTurn: virtual.nextTurn.bind(virtual),
  };
  const system = ActorSystem.create({ name: "slow", clock });
  const actor = system.spawn("actor", recorder<number>([]));
  for (let message = 0; message < 100; message++) actor.tell(message);
  await virtual.settle();
  const [snapshot] = system.tree();
  assert.ok(snapshot?.msPerMessage && snapshot.msPerMessage > 0.01, `${snapshot?.msPerMessage}`);
  await system.stop();
});
