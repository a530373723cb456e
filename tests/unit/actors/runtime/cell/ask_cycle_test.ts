import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorRef,
  type ActorSystemOptions,
  ask,
  type ReplyTo,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

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

interface Question {
  readonly replyTo: ReplyTo<string>;
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
