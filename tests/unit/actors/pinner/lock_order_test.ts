import assert from "node:assert/strict";
import { LockOrder, type ReleaseLock } from "../../../../actors/pinner/lock_order.ts";

/** Notes when it is a lock's turn. */
function watch(lock: ReleaseLock) {
  const seen = { hasTurn: lock.turn === null, abort: new AbortController() };
  lock.turn?.(seen.abort.signal).then(() => seen.hasTurn = true, () => {});
  return seen;
}

/** A host that has room for so many bytes in all. */
function room(totalBytes: number) {
  return (isRunning: boolean, sizeBytes = 10) => ({
    isRunning,
    sizeBytes,
    hasRoom: (owedBytes: number) => owedBytes + sizeBytes <= totalBytes,
  });
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("LockOrder: prepared releases without room for two are locked one after the other, as they came", async () => {
  const order = new LockOrder();
  const request = room(15);
  const locks = [1, 2, 3].map(() => order.add(request(false)));
  const seen = locks.map(watch);
  const turns = () => seen.map(({ hasTurn }) => hasTurn);
  await settle();
  assert.deepEqual(turns(), [true, false, false]);
  locks[0]?.end();
  await settle();
  assert.deepEqual(turns(), [true, true, false]);
  locks[1]?.end();
  await settle();
  assert.deepEqual(turns(), [true, true, true]);
});

Deno.test("LockOrder: what runs waits for nobody, and what is prepared waits until all of it is locked", async () => {
  const order = new LockOrder();
  const request = room(100);
  const before = order.add(request(false));
  const running = [1, 2].map(() => order.add(request(true, 100)));
  assert.deepEqual(running.map(({ turn }) => turn), [null, null]);
  const prepared = watch(order.add(request(false)));
  before.end();
  running[0]?.end();
  await settle();
  assert.equal(prepared.hasTurn, false);
  running[1]?.end();
  await settle();
  assert.equal(prepared.hasTurn, true);
});

Deno.test("LockOrder: who gives up waiting gives its place up", async () => {
  const order = new LockOrder();
  const request = room(15);
  const first = order.add(request(false));
  const second = order.add(request(false));
  const third = order.add(request(false));
  const abort = new AbortController();
  const waiting = second.turn?.(abort.signal).finally(() => second.end());
  const seen = watch(third);
  abort.abort(new Error("the agent stops"));
  await assert.rejects(waiting ?? Promise.resolve(), /the agent stops/);
  first.end();
  await settle();
  assert.equal(seen.hasTurn, true);
});

Deno.test("LockOrder: where there is room nobody waits, and who waits goes on as soon as there is", async () => {
  const order = new LockOrder();
  const request = room(100);
  const running = order.add(request(true, 60));
  const [small, large, behind] = [30, 50, 5].map((bytes) =>
    watch(order.add(request(false, bytes)))
  );
  await settle();
  // The last one would fit, and does not pass the one before it.
  assert.deepEqual([small, large, behind].map((seen) => seen?.hasTurn), [true, false, false]);
  running.end();
  await settle();
  assert.deepEqual([small, large, behind].map((seen) => seen?.hasTurn), [true, true, true]);
});

Deno.test("LockOrder: what is left to lock is owed to those who are at it", () => {
  const order = new LockOrder();
  const request = room(1_000);
  order.add(request(false, 5));
  const lock = order.add(request(true, 100));
  assert.equal(order.owedBytes, 105);
  lock.progress(30);
  assert.equal(order.owedBytes, 75);
  lock.progress(130);
  assert.equal(order.owedBytes, 5);
  lock.end();
  assert.equal(order.owedBytes, 5);
});
