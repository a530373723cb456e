import assert from "node:assert/strict";
import type { ActorRef } from "../../../../../actors/runtime/mod.ts";
import {
  exploreInterleavings,
  type InterleavingWorld,
} from "../../../../../actors/runtime/testing/mod.ts";
import { recorder } from "../fixture.ts";

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
