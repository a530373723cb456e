import assert from "node:assert/strict";
import {
  ActorError,
  type ActorRef,
  ActorSystem,
  ask,
  type Clock,
  spawnProbe,
  systemClock,
  type TellOutcome,
} from "../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "./fixture.ts";

Deno.test("G1: messages from one sender are handled in the order in which they were told", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const receiver = system.spawn("receiver", recorder(seen, { mailbox: { capacity: 5_000 } }));
    const sender = (letter: string) => ({
      init: () => 0,
      receive(sent: number, _go: "go", context: { self: ActorRef<"go"> }): number {
        receiver.tell(`${letter}${sent}`);
        if (sent < 999) context.self.tell("go");
        return sent + 1;
      },
    });
    system.spawn("a", sender("a")).tell("go");
    system.spawn("b", sender("b")).tell("go");
    await clock.settle();
    assert.equal(seen.length, 2_000);
    for (const letter of ["a", "b"]) {
      const own = seen.filter((message) => message.startsWith(letter));
      assert.deepEqual(own, Array.from({ length: 1_000 }, (_, index) => `${letter}${index}`));
    }
  }));

Deno.test("G2: an actor handles one message at a time, and tell never runs it inline", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const actor = system.spawn("actor", {
      init: () => undefined,
      receive(state: undefined, message: number, context): undefined {
        log.push(`begin ${message}`);
        if (message === 1) context.self.tell(2);
        log.push(`end ${message}`);
        return state;
      },
    });
    actor.tell(1);
    log.push("told");
    await clock.settle();
    assert.deepEqual(log, ["told", "begin 1", "end 1", "begin 2", "end 2"]);
  }));

Deno.test("G3: tell never throws, whatever the actor, the listeners and the logger do", async () => {
  const bad = (): never => {
    throw new Error("bad");
  };
  const log = { debug: bad, info: bad, warn: bad, error: bad };
  await withSystem(async ({ system, clock }) => {
    system.deadLetters.subscribe(bad);
    const actor = system.spawn("actor", {
      init: () => 0,
      receive: (_: number, _m: string) => bad(),
    });
    const outcomes: TellOutcome[] = [actor.tell("one")];
    await clock.settle();
    outcomes.push(actor.tell("two"));
    const unborn = system.spawn("unborn", { init: bad, receive: (_: number, _m: string) => 0 });
    outcomes.push(unborn.tell("three"));
    assert.deepEqual(outcomes, ["accepted", "stopped", "stopped"]);
    assert.equal(system.deadLetters.total, 3);
  }, { log });
});

Deno.test("G4: a full mailbox with drop_newest refuses, and keeps what it has", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: number[] = [];
    const actor = system.spawn("actor", recorder(seen, { mailbox: { capacity: 2 } }));
    const outcomes = [1, 2, 3, 4].map((message) => actor.tell(message));
    assert.deepEqual(outcomes, ["accepted", "accepted", "overflow", "overflow"]);
    await clock.settle();
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(deadLetters, [
      { recipient: "/actor", message: 3, reason: "overflow" },
      { recipient: "/actor", message: 4, reason: "overflow" },
    ]);
  }));

Deno.test("G4: a full mailbox with drop_oldest takes the new message for the oldest", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: number[] = [];
    const mailbox = { capacity: 2, overflow: "drop_oldest" } as const;
    const actor = system.spawn("actor", recorder(seen, { mailbox }));
    for (const message of [7, 7, 7, 8]) assert.equal(actor.tell(message), "accepted");
    await clock.settle();
    assert.deepEqual(seen, [7, 8]);
    assert.deepEqual(deadLetters.map(({ message }) => message), [7, 7]);
  }));

Deno.test("G4: a mailbox without room for a message is refused", () =>
  withSystem(({ system }) => {
    assert.throws(
      () => system.spawn("actor", recorder([], { mailbox: { capacity: 0 } })),
      (error) => error instanceof ActorError && error.code === "invalid_option",
    );
  }));

Deno.test("G5: every message is handled or a dead letter, and dead letters are counted", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const actor = system.spawn("actor", recorder(seen, { mailbox: { capacity: 4 } }));
    for (const message of ["a", "crash", "b", "c", "d"]) actor.tell(message);
    await clock.settle();
    actor.tell("e");
    assert.deepEqual(seen, ["a"]);
    const reasons = deadLetters.map(({ message, reason }) => `${message}: ${reason}`);
    assert.deepEqual(reasons, [
      "d: overflow",
      "crash: failed",
      "b: stopped",
      "c: stopped",
      "e: stopped",
    ]);
    assert.equal(system.deadLetters.total, 5);
    const { counts } = system.deadLetters;
    assert.deepEqual(counts, {
      overflow: 1,
      stopped: 3,
      failed: 1,
      stale: 0,
      late_answer: 0,
      invalid: 0,
    });
    assert.deepEqual(system.tree(), []);
  }));

Deno.test("G5: a dead letter listener that causes dead letters does not go on for ever", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const actor = system.spawn("actor", recorder<string>([]));
    system.stopActor(actor);
    await clock.settle();
    const unsubscribe = system.deadLetters.subscribe(() => void actor.tell("again"));
    actor.tell("once");
    unsubscribe();
    assert.equal(system.deadLetters.total, 102);
    assert.equal(deadLetters.length, 101);
  }));

Deno.test("G6: system messages overtake waiting messages and need no room", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const log: string[] = [];
    const watched = system.spawn("watched", recorder<string>([]));
    const actor = system.spawn("actor", {
      mailbox: { capacity: 3 },
      init: (context) => (context.watch(watched), 0),
      receive: (state: number, message: string) => (log.push(message), state),
      onSignal: (state, signal) => (log.push(signal.type), state),
    });
    system.stopActor(watched);
    await Promise.resolve();
    for (const message of ["a", "b", "c", "d"]) actor.tell(message);
    await clock.settle();
    assert.deepEqual(log, ["terminated", "a", "b", "c"]);
    // The stop overtakes as well: what waits is not handled any more.
    actor.tell("e");
    system.stopActor(actor);
    assert.equal(actor.tell("f"), "stopped");
    await clock.settle();
    assert.deepEqual(log.slice(4), []);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["d", "f", "e"]);
  }));

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
  await new Promise<void>((resolve) => setImmediate(resolve));
  assert.deepEqual(other.messages, [1]);
  const before = handled;
  await new Promise<void>((resolve) => setTimeout(resolve, 1));
  assert.ok(handled > before, "and it goes on itself");
  await system.stop();
});

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
