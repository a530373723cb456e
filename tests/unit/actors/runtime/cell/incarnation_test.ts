import assert from "node:assert/strict";
import {
  type ActorContext,
  ActorError,
  ask,
  OWNED_WORK_LIMIT,
  type ReplyTo,
  type StopReason,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

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

Deno.test("G13: what an abandoned clean-up does through its context has no effect", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const late: unknown[] = [];
    const actor = system.spawn(
      "actor",
      recorder<string>([], {
        stopDeadlineMs: 10,
        async onStop(_state, context) {
          await new Promise<void>((resolve) => clock.after(100, resolve));
          const child = context.spawn("child", recorder<string>([]));
          late.push(child.tell("one"), context.self.tell("two"), context.adapt(String).tell(3));
          context.timers.after("late", 1, "tick");
          context.pipeToSelf(() => Promise.resolve(), { ok: () => "done", error: () => "failed" });
          context.watch(context.self);
          context.stopSelf();
          late.push(context.signal.aborted, context.timers.isActive("late"));
        },
      }),
    );
    system.stopActor(actor);
    await clock.advance(200);
    assert.deepEqual(late, ["stopped", "stopped", "stopped", true, false]);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["one", "two", 3]);
    assert.deepEqual(system.tree(), []);
  }));

Deno.test("G22: an actor that starts more work than it may own fails", () =>
  withSystem(async ({ system, clock }) => {
    const reasons: StopReason[] = [];
    system.spawn("actor", {
      init: () => undefined,
      receive(state: undefined, _message: string, context): undefined {
        for (let count = 0; count <= OWNED_WORK_LIMIT; count++) {
          context.timers.after(`timer ${count}`, 1_000, "tick");
        }
        return state;
      },
      onStop: (_state, _context, reason) => void reasons.push(reason),
    }).tell("go");
    await clock.settle();
    const [reason] = reasons;
    assert.ok(reason?.kind === "failed" && reason.error instanceof ActorError);
    assert.equal(reason.error.code, "too_much_owned_work");
    assert.equal(clock.scheduledCount, 0);
  }));
