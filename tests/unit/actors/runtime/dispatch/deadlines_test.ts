import assert from "node:assert/strict";
import { ask, type ReplyTo, spawnProbe } from "../../../../../actors/runtime/mod.ts";
import { withSystem } from "../fixture.ts";

interface Question {
  readonly replyTo: ReplyTo<string>;
}

Deno.test("G32: asks with the same and with different timeouts end when they are due", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe<Question>(system);
    const ended: string[] = [];
    const asking = (timeoutMs: number): void => {
      ask(probe.ref, (replyTo) => ({ replyTo }), { timeoutMs }).catch(() => {
        ended.push(`${timeoutMs} at ${clock.wallTimeMs()}`);
      });
    };
    for (const timeoutMs of [300, 100, 100, 200]) asking(timeoutMs);
    await clock.advance(50);
    assert.equal(clock.scheduledCount, 3, "one timer for each timeout that is waited for");
    asking(100);
    await clock.advance(300);
    assert.deepEqual(ended, ["100 at 100", "100 at 100", "100 at 150", "200 at 200", "300 at 300"]);
    assert.equal(clock.scheduledCount, 0);
  }));

Deno.test("G32: an answered ask leaves the timers of the others alone, and none of its own", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe<Question>(system);
    const outcomes: string[] = [];
    for (let count = 0; count < 3; count++) {
      ask(probe.ref, (replyTo) => ({ replyTo }), { timeoutMs: 100 })
        .then(() => outcomes.push("answered"), () => outcomes.push("failed"));
      await clock.advance(10);
    }
    const [first, second, third] = probe.messages;
    first?.replyTo.tell("a");
    third?.replyTo.tell("c");
    await clock.settle();
    assert.equal(clock.scheduledCount, 1);
    await clock.advance(79);
    assert.deepEqual(outcomes, ["answered", "answered"]);
    second?.replyTo.tell("b");
    await clock.settle();
    assert.equal(clock.scheduledCount, 0);
    assert.deepEqual(outcomes, ["answered", "answered", "answered"]);
  }));

Deno.test("G32: timers of asks are cancelled with the last answer, also in the turn of another ask", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe<Question>(system);
    const asking = () => ask(probe.ref, (replyTo) => ({ replyTo }), { timeoutMs: 100 });
    const first = asking();
    await clock.advance(10);
    assert.equal(clock.scheduledCount, 1);
    // The second one is asked and answered in one turn, with the timer of the first set.
    const second = asking();
    await Promise.resolve();
    await Promise.resolve();
    for (const { replyTo } of probe.messages) replyTo.tell("yes");
    assert.deepEqual(await Promise.all([first, second]), ["yes", "yes"]);
    await clock.settle();
    assert.equal(clock.scheduledCount, 0);
    const third = asking();
    await clock.advance(99);
    assert.equal(clock.scheduledCount, 1);
    const failed = assert.rejects(third, { code: "ask_timeout" });
    await clock.advance(1);
    await failed;
  }));
