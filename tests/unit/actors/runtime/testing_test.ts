/** The test kit's own tests. */

import assert from "node:assert/strict";
import type { ActorRef } from "../../../../actors/runtime/mod.ts";
import {
  exploreInterleavings,
  type InterleavingWorld,
  spawnProbe,
  stopCleanly,
  watchDeadLetters,
} from "../../../../actors/runtime/testing/mod.ts";
import { recorder, withSystem } from "./fixture.ts";

/** Two actors pass on to a third what they are told: in which order it arrives is left open. */
async function race({ system, clock }: InterleavingWorld): Promise<string> {
  const seen: string[] = [];
  const last = system.spawn("last", recorder(seen));
  const forward = (to: ActorRef<string>) => ({
    init: () => 0,
    receive: (state: number, message: string) => (to.tell(message), state),
  });
  const [a, b] = ["a", "b"].map((name) => system.spawn(name, forward(last)));
  for (const number of [1, 2]) {
    a?.tell(`a${number}`);
    b?.tell(`b${number}`);
  }
  await clock.settle();
  return seen.join(" ");
}

Deno.test("G36: exploring finds the orders that are possible, and no others", async () => {
  const orders = new Set<string>();
  await exploreInterleavings(async (world) => void orders.add(await race(world)));
  assert.deepEqual([...orders].sort(), [
    "a1 a2 b1 b2",
    "a1 b1 a2 b2",
    "a1 b1 b2 a2",
    "b1 a1 a2 b2",
    "b1 a1 b2 a2",
    "b1 b2 a1 a2",
  ]);
});

Deno.test("G36: a seed replays its order, and a failure names the seed", async () => {
  const failing = async (world: InterleavingWorld) => {
    const order = await race(world);
    if (order.endsWith("b1 b2")) throw new Error(`b came last: ${order}`);
  };
  const failure = await exploreInterleavings(failing).then(() => undefined, (error) => error);
  assert.ok(failure instanceof Error && failure.cause instanceof Error);
  const seed = Number(/\{ seed: (\d+), runs: 1 \}/.exec(failure.message)?.[1]);
  assert.ok(seed > 0, failure.message);
  for (let again = 0; again < 3; again++) {
    await assert.rejects(exploreInterleavings(failing, { seed, runs: 1 }), {
      cause: failure.cause,
    });
  }
});

Deno.test("G36: timers that are due at the same moment tick in any order", async () => {
  const orders = await exploreInterleavings(async ({ system, clock }) => {
    const seen: string[] = [];
    for (const name of ["a", "b"]) {
      system.spawn<number, string>(name, {
        init: (context) => (context.timers.after("tick", 5, name), 0),
        receive: (state, message) => (seen.push(message), state),
      });
    }
    assert.equal(await clock.advanceUntil(() => seen.length === 2, { withinMs: 5 }), true);
    return seen.join(" ");
  });
  assert.equal(orders.length, 100);
  assert.deepEqual([...new Set(orders)].sort(), ["a b", "b a"]);
});

Deno.test("VirtualClock.advanceUntil goes from moment to moment, and no further than it was told", () =>
  withSystem(async ({ system, clock }) => {
    let ticks = 0;
    system.spawn<number, string>("metronome", {
      init: (context) => (context.timers.every("tick", 10, "tick"), 0),
      receive: (state) => (ticks++, state),
    });
    assert.equal(await clock.advanceUntil(() => ticks === 3, { withinMs: 100 }), true);
    assert.equal(clock.nowMs(), 30);
    assert.equal(await clock.advanceUntil(() => ticks === 9, { withinMs: 25 }), false);
    assert.equal(ticks, 5);
    assert.equal(clock.nowMs(), 55);
    assert.equal(await clock.advanceUntil(() => true, { withinMs: 100 }), true);
    assert.equal(clock.nowMs(), 55);
  }));

Deno.test("stopCleanly says what is left", async () => {
  await exploreInterleavings(async ({ system, clock }) => {
    system.spawn("prompt", recorder<string>([]));
    await stopCleanly({ system, clock });
  }, { runs: 1 });
  await exploreInterleavings(async ({ system, clock }) => {
    system.spawn("stuck", recorder<string>([], { onStop: () => new Promise(() => {}) }));
    clock.after(10_000_000, () => {});
    await assert.rejects(stopCleanly({ system, clock }), /0 actors, 1 abandoned clean-ups and 1 t/);
  }, { runs: 1 });
});

Deno.test("watchDeadLetters takes what is expected and complains of the rest", () =>
  withSystem(async ({ system, clock }) => {
    const watch = watchDeadLetters(system);
    watch.expectNoOthers();
    const actor = system.spawn(
      "actor",
      recorder<{ readonly type: string } | string>([], { mailbox: { capacity: 1 } }),
    );
    for (const message of ["a", { type: "late" }, "b"]) actor.tell(message);
    await clock.settle();
    assert.equal(watch.expect("overflow", "late").recipient, "/actor");
    assert.throws(() => watch.expect("stopped"), /expected stopped, there are 1: overflow/);
    assert.throws(() => watch.expectNoOthers(), /overflow for \/actor: b/);
    watch.expect("overflow");
    watch.expectNoOthers();
    watch.end();
    actor.tell("c");
    actor.tell("d");
    watch.expectNoOthers();
  }));

Deno.test("Probe takes what it was sent in order, and the signals of those it watches", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe<string>(system);
    const actor = system.spawn("actor", recorder<string>([]));
    probe.watch(actor);
    for (const message of ["a", "b"]) probe.ref.tell(message);
    system.stopActor(actor);
    await clock.settle();
    assert.deepEqual([probe.take(), probe.take(), probe.take()], ["a", "b", undefined]);
    assert.equal(probe.signals.length, 1);
  }));
