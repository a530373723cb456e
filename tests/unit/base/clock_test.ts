import assert from "node:assert/strict";
import { repeat, sleep, systemClock, yieldToOthers } from "../../../base/clock.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";

/** What `sleep` does to a signal's listeners must not leave any behind. */
function countingSignal(): { signal: AbortSignal; abort: () => void; listeners: () => number } {
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    Reflect.apply(add, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    Reflect.apply(remove, signal, args);
  };
  return { signal, abort: () => controller.abort(), listeners: () => listeners };
}

Deno.test("systemClock: time does not go back, and a callback is called once", async () => {
  const beforeMs = systemClock.nowMs();
  let calls = 0;
  await new Promise<void>((resolve) =>
    systemClock.after(1, () => {
      calls++;
      resolve();
    })
  );
  assert.ok(systemClock.nowMs() >= beforeMs);
  assert.equal(calls, 1);
});

Deno.test("systemClock: a cancelled callback is never called, also after a cancel of one that was", async () => {
  let calls = 0;
  const cancel = systemClock.after(0, () => calls++);
  cancel();
  cancel();
  const done = await new Promise<() => void>((resolve) => {
    const cancelDone = systemClock.after(1, () => resolve(cancelDone));
  });
  done();
  assert.equal(calls, 0);
});

Deno.test("systemClock: a delay beyond 32 bits does not fire at once", async () => {
  let calls = 0;
  const cancel = systemClock.after(2 ** 31, () => calls++);
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  cancel();
  assert.equal(calls, 0);
});

Deno.test("sleep: resolves when the time has passed, and not before", async () => {
  const clock = new ManualClock();
  let isAwake = false;
  sleep(clock, 100).then(() => isAwake = true);
  clock.advance(99);
  await settle();
  assert.equal(isAwake, false);
  clock.advance(1);
  await settle();
  assert.equal(isAwake, true);
});

Deno.test("sleep: an abort ends it without a rejection, and leaves neither timer nor listener", async () => {
  const clock = new ManualClock();
  const { signal, abort, listeners } = countingSignal();
  const asleep = sleep(clock, 100, signal);
  assert.deepEqual([clock.waiting, listeners()], [1, 1]);
  abort();
  await asleep;
  assert.deepEqual([clock.waiting, listeners()], [0, 0]);
  await sleep(clock, 100, signal);
  assert.equal(clock.waiting, 0, "aborted before it began");
});

Deno.test("sleep: one that ends by itself leaves no listener on the signal", async () => {
  const clock = new ManualClock();
  const { signal, listeners } = countingSignal();
  const asleep = sleep(clock, 10, signal);
  clock.advance(10);
  await asleep;
  assert.equal(listeners(), 0);
});

Deno.test("repeat: calls again and again until it is cancelled", async () => {
  let calls = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = repeat(1, () => {
    if (++calls === 3) resolve();
  });
  await promise;
  cancel();
  await new Promise<void>((done) => systemClock.after(5, done));
  assert.equal(calls, 3);
});

Deno.test("yieldToOthers: what is due runs first", async () => {
  const order: string[] = [];
  const timer = new Promise<void>((resolve) =>
    setImmediate(() => {
      order.push("other");
      resolve();
    })
  );
  await yieldToOthers();
  order.push("loop");
  await timer;
  assert.deepEqual(order, ["other", "loop"]);
});
