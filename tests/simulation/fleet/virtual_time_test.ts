// What is due happens in its order, whatever was cancelled before it.
import assert from "node:assert/strict";
import { RandomStream } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";

Deno.test("VirtualTime: what is cancelled does not happen, and the rest keeps its order", async () => {
  const time = new VirtualTime();
  const random = new RandomStream(7);
  const happened: number[] = [];
  const asked: { readonly number: number; readonly atMs: number; readonly cancel: () => void }[] =
    [];
  for (let number = 0; number < 2_000; number++) {
    const atMs = Math.floor(random.next() * 50);
    asked.push({ number, atMs, cancel: time.after(atMs, () => happened.push(number)) });
  }
  // Most of them, some twice: so many that those are dropped that still wait.
  const kept = asked.filter(({ number, cancel }) => {
    if (number % 7 === 0) return true;
    cancel();
    cancel();
    return false;
  });
  const isOver = () => false;
  assert.equal(await time.run({ isOver, untilMs: 25, onMoment() {} }), false);
  for (const { cancel } of kept.slice(0, 50)) cancel();
  assert.equal(await time.run({ isOver, untilMs: 60, onMoment() {} }), false);
  const expected = kept.filter(({ atMs }, index) => atMs <= 25 || index >= 50)
    .sort((one, other) => one.atMs - other.atMs || one.number - other.number)
    .map(({ number }) => number);
  assert.deepEqual(happened, expected);
  assert.equal(time.events, expected.length);
});

Deno.test("VirtualTime: a moment ends when no promise is left, and its turns are over", async () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  time.after(1, () => {
    time.nextTurn(() => seen.push("turn"));
    void (async () => {
      for (let hop = 0; hop < 100; hop++) await null;
      seen.push("promises");
    })();
  });
  await time.run({ isOver: () => false, untilMs: 2, onMoment: () => seen.push("moment") });
  assert.deepEqual(seen, ["moment", "promises", "turn", "moment"]);
});

Deno.test("VirtualTime: an error of what is due ends the run", async () => {
  const time = new VirtualTime();
  time.after(1, () => {
    throw new Error("it fails");
  });
  const run = time.run({ isOver: () => false, untilMs: 2, onMoment() {} });
  await assert.rejects(run, /it fails/);
});
