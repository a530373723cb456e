import assert from "node:assert/strict";
import {
  type ActorRef,
  ActorSystem,
  ask,
  type Clock,
  spawnProbe,
  systemClock,
} from "../../../../../actors/runtime/mod.ts";

/** The machine's clock, which notes how many messages had been handled at each yield. */
function yieldingClock(handled: () => number, more: Partial<Clock> = {}) {
  const handledAtYields: number[] = [];
  const clock: Clock = {
    ...systemClock,
    ...more,
    nextTurn(callback) {
      if (handled() !== handledAtYields.at(-1)) handledAtYields.push(handled());
      systemClock.nextTurn(callback);
    },
  };
  return { clock, handledAtYields };
}

/** Lets the event loop turn until something holds, or for more turns than that can take. */
async function turnsUntil(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !holds(); turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

Deno.test("G7: a busy actor starves neither other actors nor timers", async () => {
  const system = ActorSystem.create({ name: "busy" });
  let handled = 0;
  const busy = system.spawn("busy", {
    init: () => undefined,
    receive(state: undefined, message: "go", context): undefined {
      handled++;
      context.self.tell(message);
      return state;
    },
  });
  const other = spawnProbe<number>(system);
  busy.tell("go");
  other.ref.tell(1);
  // Both of these would wait for ever if the actor held on to the event loop.
  await new Promise<void>((resolve) => setTimeout(resolve, 1));
  await turnsUntil(() => other.messages.length > 0);
  assert.deepEqual(other.messages, [1]);
  const before = handled;
  await turnsUntil(() => handled > before);
  assert.ok(handled > before, "and it goes on itself");
  await system.stop();
});

Deno.test("G7: a busy actor does not starve sockets", async () => {
  let handled = 0;
  const { clock, handledAtYields } = yieldingClock(() => handled);
  const system = ActorSystem.create({ name: "busy", clock });
  system.spawn("busy", {
    init: () => undefined,
    receive(state: undefined, message: "go", context): undefined {
      handled++;
      context.self.tell(message);
      return state;
    },
  }).tell("go");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  handledAtYields.length = 0;
  const buffer = new Uint8Array(1);
  for (let count = 0; count < 10; count++) {
    // Read first, so that the byte has to be noticed by the event loop.
    const read = far.read(buffer);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await near.write(buffer);
    await read;
  }
  near.close();
  far.close();
  // Each yield lets the loop look at its sockets, so that a byte needs one or two. Were it only at
  // every 61st turn that it looks, a byte would need that many yields.
  assert.ok(handledAtYields.length < 100, `${handledAtYields.length} yields for 10 bytes`);
  await system.stop();
});

Deno.test("G7: an actor whose messages take long hands over after few of them", async () => {
  let handled = 0;
  // As if each message took half a millisecond.
  const { clock, handledAtYields } = yieldingClock(() => handled, {
    nowMs: () => handled / 2,
  });
  const system = ActorSystem.create({ name: "slow", clock });
  const slow = system.spawn("slow", {
    init: () => undefined,
    receive(state: undefined, _message: number): undefined {
      handled++;
      return state;
    },
  });
  for (let message = 0; message < 100; message++) slow.tell(message);
  while (handled < 100) await new Promise<void>((resolve) => setImmediate(resolve));
  const [first = 0, ...others] = handledAtYields.filter((count) => count > 0);
  assert.ok(first > 0 && first <= 32, `${first} before it was known to be slow`);
  assert.ok(others.length > 20, `${others.length} yields`);
  let before = first;
  for (const count of others) {
    assert.ok(count - before <= 2, `${count - before} between two yields`);
    before = count;
  }
  await system.stop();
});

Deno.test("G7: a caller that asks again and again does not starve timers", async () => {
  const system = ActorSystem.create({ name: "asked" });
  const actor = system.spawn("actor", {
    init: () => 0,
    receive(asked: number, message: { replyTo: ActorRef<number> }): number {
      message.replyTo.tell(asked);
      return asked + 1;
    },
  });
  let fired = false;
  const timer = setTimeout(() => fired = true, 0);
  for (let count = 0; count < 1_000_000 && !fired; count++) {
    await ask(actor, (replyTo) => ({ replyTo }), { timeoutMs: 60_000 });
  }
  clearTimeout(timer);
  assert.ok(fired);
  await system.stop();
});
