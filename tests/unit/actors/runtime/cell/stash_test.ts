import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorDefinition,
  ActorError,
  type ActorRef,
  ask,
  type ReplyTo,
  type StopReason,
  supervisor,
} from "../../../../../actors/runtime/mod.ts";
import { withSystem } from "../fixture.ts";

/** Puts everything aside until it is told "open"; "crash" makes it throw. */
function gate(
  seen: string[],
  more: Partial<ActorDefinition<boolean, string>> = {},
): ActorDefinition<boolean, string> {
  return {
    init: () => false,
    receive(open, message, { stash }) {
      if (message === "crash") throw new Error("crash");
      if (message === "open") {
        stash.release();
        return true;
      }
      if (!open) stash.hold();
      else seen.push(message);
      return open;
    },
    ...more,
  };
}

Deno.test("G27: what was put aside comes back in its order, ahead of what waits", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const actor = system.spawn("actor", gate(seen));
    for (const message of ["a", "b", "open", "c"]) actor.tell(message);
    await clock.settle();
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.deepEqual(deadLetters, []);
  }));

Deno.test("G27: a stash is bounded, and the message that has no room is a dead letter", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const reasons: StopReason[] = [];
    const actor = system.spawn(
      "actor",
      gate([], {
        stashCapacity: 2,
        onStop: (_state, _context, reason) => void reasons.push(reason),
      }),
    );
    for (const message of ["a", "b", "c"]) actor.tell(message);
    await clock.settle();
    const [reason] = reasons;
    assert.ok(reason?.kind === "failed" && reason.error instanceof ActorError);
    assert.equal(reason.error.code, "stash_full");
    assert.deepEqual(deadLetters.map(({ message, reason }) => `${message}: ${reason}`), [
      "c: failed",
      "a: stopped",
      "b: stopped",
    ]);
  }));

Deno.test("G27: at a restart what was put aside is in the mailbox again, in its order", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const refs: ActorRef<string>[] = [];
    system.spawn(
      "supervisor",
      supervisor({ children: (scope) => void refs.push(scope.child("actor", gate(seen))) }),
    );
    for (const message of ["a", "b", "crash", "c", "open"]) refs[0]?.tell(message);
    await clock.advance(1_000);
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["crash"]);
  }));

Deno.test("G27: what was put aside and then failed with its message is lost once", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const actor = system.spawn("actor", {
      init: () => 0,
      receive(_state: number, _message: string, context: ActorContext<string>): number {
        context.stash.hold();
        throw new Error("crash");
      },
    });
    actor.tell("a");
    await clock.settle();
    assert.deepEqual(deadLetters.map(({ message, reason }) => `${message}: ${reason}`), [
      "a: stopped",
    ]);
  }));

Deno.test("G27: there is nothing to put aside twice, in init, or on a signal", () =>
  withSystem(async ({ system, clock }) => {
    const codes: unknown[] = [];
    function attempt({ stash }: ActorContext<string>): void {
      try {
        stash.hold();
        codes.push("held");
      } catch (error) {
        codes.push(error instanceof ActorError ? error.code : error);
      }
    }
    const gone = system.spawn("gone", gate([]));
    const actor = system.spawn("actor", {
      init(context: ActorContext<string>) {
        attempt(context);
        context.watch(gone);
        return 0;
      },
      receive(state, _message: string, context) {
        attempt(context);
        attempt(context);
        return state;
      },
      onSignal(state, _signal, context) {
        attempt(context);
        return state;
      },
    });
    actor.tell("a");
    await clock.settle();
    system.stopActor(gone);
    await clock.settle();
    assert.deepEqual(codes, [
      "no_current_message",
      "held",
      "no_current_message",
      "no_current_message",
    ]);
  }));

Deno.test("G27: a tick and an ask that were put aside come back as they were", () =>
  withSystem(async ({ system, clock }) => {
    type Message = "open" | "tick" | { readonly replyTo: ReplyTo<number> };
    const log: unknown[] = [];
    const actor = system.spawn("actor", {
      init(context: ActorContext<Message>) {
        context.timers.after("tick", 10, "tick");
        return false;
      },
      receive(open, message: Message, context) {
        if (message === "open") {
          context.stash.release();
          return true;
        }
        if (!open) context.stash.hold();
        else if (message === "tick") log.push("tick");
        else {
          log.push(context.deadlineMs);
          message.replyTo.tell(1);
        }
        return open;
      },
    });
    const answer = ask(actor, (replyTo) => ({ replyTo }), { timeoutMs: 1_000 });
    await clock.advance(10);
    assert.deepEqual(log, []);
    actor.tell("open");
    assert.equal(await answer, 1);
    await clock.settle();
    assert.deepEqual(log, [1_000, "tick"]);
  }));

Deno.test("G27: a tick that was put aside needs no room when it comes back", () =>
  withSystem(async ({ system, clock }) => {
    const outcomes: string[] = [];
    const actor = system.spawn("actor", {
      mailbox: { capacity: 1 },
      init(context: ActorContext<string>) {
        context.timers.after("tick", 10, "tick");
        return false;
      },
      receive(open, message: string, { stash, self }) {
        if (message === "tick" && !open) stash.hold();
        if (message !== "open") return open;
        stash.release();
        outcomes.push(self.tell("more"), self.tell("too much"));
        return true;
      },
    });
    await clock.advance(10);
    actor.tell("open");
    await clock.settle();
    assert.deepEqual(outcomes, ["accepted", "overflow"]);
  }));

Deno.test("G27: an incarnation that has ended puts nothing of the next one's aside", () =>
  withSystem(async ({ system, clock }) => {
    const contexts: ActorContext<string>[] = [];
    const log: unknown[] = [];
    const refs: ActorRef<string>[] = [];
    const definition: ActorDefinition<number, string> = {
      init: (context) => contexts.push(context),
      receive(state, message) {
        if (message === "crash") throw new Error("crash");
        try {
          contexts[0]?.stash.hold();
        } catch (error) {
          log.push(error instanceof ActorError && error.code);
        }
        log.push(contexts[0]?.deadlineMs, message);
        return state;
      },
    };
    system.spawn(
      "supervisor",
      supervisor({ children: (scope) => void refs.push(scope.child("actor", definition)) }),
    );
    for (const message of ["crash", "a"]) refs[0]?.tell(message);
    await clock.advance(1_000);
    assert.deepEqual(log, ["no_current_message", undefined, "a"]);
  }));
