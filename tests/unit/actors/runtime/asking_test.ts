/** What the runtime knows of an ask beyond its answer: deadlines that are passed on, and cycles. */

import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorRef,
  type ActorSystemOptions,
  ask,
  type ReplyTo,
  spawnProbe,
} from "../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "./fixture.ts";

interface Question {
  readonly replyTo: ReplyTo<string>;
}

Deno.test("G32: an actor sees when the asker of the current message gives up", () =>
  withSystem(async ({ system, clock }) => {
    const seen: (number | undefined)[] = [];
    const actor = system.spawn("actor", {
      init: () => 0,
      receive(state, message: Question | "plain", context: ActorContext<Question | "plain">) {
        seen.push(context.deadlineMs);
        if (message !== "plain") message.replyTo.tell("yes");
        return state;
      },
    });
    await clock.advance(500);
    const answer = ask(actor, (replyTo) => ({ replyTo }), { timeoutMs: 200 });
    actor.tell("plain");
    assert.equal(await answer, "yes");
    await clock.settle();
    assert.deepEqual(seen, [700, undefined]);
  }));

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

/**
 * Two actors that answer what the other answers to them; while one waits, it answers "busy". What
 * somebody outside gets who asks one of them.
 */
async function askInCycle(options: Partial<ActorSystemOptions>) {
  const seen: string[] = [];
  const logs: string[] = [];
  await withSystem(async ({ system, clock, logged }) => {
    type Message = Question | { readonly answered: string; readonly replyTo: ReplyTo<string> };
    function asking(other: () => ActorRef<Message> | undefined) {
      return {
        init: () => 0,
        receive(waiting: number, message: Message, context: ActorContext<Message>): number {
          const { replyTo } = message;
          const target = other();
          if ("answered" in message) {
            replyTo.tell(message.answered);
            return waiting - 1;
          }
          if (waiting > 0 || target === undefined) {
            replyTo.tell("busy");
            return waiting;
          }
          context.ask<Message, string>(target, (to) => ({ replyTo: to }), {
            timeoutMs: 100,
            ok: (answer) => ({ answered: answer, replyTo }),
            error: ({ code }) => ({ answered: code, replyTo }),
          });
          return waiting + 1;
        },
      };
    }
    const refs: ActorRef<Message>[] = [];
    refs.push(system.spawn("left", asking(() => refs[1])));
    refs.push(system.spawn("right", asking(() => refs[0])));
    const [left] = refs;
    assert.ok(left);
    const answer = ask<Message, string>(left, (replyTo) => ({ replyTo }), { timeoutMs: 90 });
    answer.then((text) => seen.push(text), (error) => seen.push(error.code));
    await clock.advance(1_000);
    logs.push(...logged);
  }, options);
  return { seen, cycles: logs.filter((line) => line.includes("cycle")).length };
}

Deno.test("G32: asks that form a cycle are refused where the system is told to", async () => {
  const { seen, cycles } = await askInCycle({ askCycles: "refuse" });
  assert.deepEqual(seen, ["ask_circular"]);
  assert.equal(cycles, 1);
});

Deno.test("G32: asks that form a cycle are reported where the system is told to", async () => {
  const { seen, cycles } = await askInCycle({ askCycles: "report" });
  assert.deepEqual(seen, ["busy"]);
  assert.equal(cycles, 1);
});

Deno.test("G32: asks that form a cycle are asks like any other otherwise", async () => {
  const { seen, cycles } = await askInCycle({});
  assert.deepEqual(seen, ["busy"]);
  assert.equal(cycles, 0);
});

Deno.test("G32: a chain of asks is no cycle", () =>
  withSystem(async ({ system, clock, logged }) => {
    const seen: string[] = [];
    const last = system.spawn("last", {
      init: () => 0,
      receive: (state: number, { replyTo }: Question) => (replyTo.tell("last"), state),
    });
    type Message = Question | { readonly answer: string; readonly replyTo: ReplyTo<string> };
    const middle = system.spawn("middle", {
      init: () => 0,
      receive(state, message: Message, context: ActorContext<Message>) {
        const { replyTo } = message;
        if ("answer" in message) replyTo.tell(`middle, ${message.answer}`);
        else {
          context.ask(last, (to) => ({ replyTo: to }), {
            timeoutMs: 100,
            ok: (answer) => ({ answer, replyTo }),
            error: (error) => ({ answer: error.code, replyTo }),
          });
        }
        return state;
      },
    });
    system.spawn(
      "first",
      recorder(seen, {
        init(context: ActorContext<string>) {
          for (let count = 0; count < 2; count++) {
            context.ask<Message, string>(middle, (replyTo) => ({ replyTo }), {
              timeoutMs: 100,
              ok: (answer) => answer,
              error: (error) => error.code,
            });
          }
          return 0;
        },
      }),
    );
    await clock.settle();
    assert.deepEqual(seen, ["middle, last", "middle, last"]);
    assert.deepEqual(logged, []);
  }, { askCycles: "refuse" }));

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
