import assert from "node:assert/strict";
import { type ActorContext, type ReplyTo, spawnProbe } from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

interface Question {
  readonly text: string;
  readonly replyTo: ReplyTo<string>;
}

const answering = {
  init: () => undefined,
  receive(state: undefined, { text, replyTo }: Question): undefined {
    replyTo.tell(`${text}!`);
    return state;
  },
};

Deno.test("ActorContext.ask delivers the answer, or its absence, as a message", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const target = system.spawn("target", answering);
    const silent = spawnProbe<Question>(system);
    system.spawn(
      "asker",
      recorder(seen, {
        init(context: ActorContext<string>) {
          for (const ref of [target, silent.ref]) {
            context.ask(ref, (replyTo) => ({ text: "hi", replyTo }), {
              timeoutMs: 100,
              ok: (answer) => answer.toUpperCase(),
              error: (error) => error.code,
            });
          }
          return 0;
        },
      }),
    );
    await clock.settle();
    assert.deepEqual(seen, ["HI!"]);
    await clock.advance(100);
    assert.deepEqual(seen, ["HI!", "ask_timeout"]);
  }));
