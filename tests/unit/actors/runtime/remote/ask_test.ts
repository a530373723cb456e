import assert from "node:assert/strict";
import {
  type ActorContext,
  ask,
  type AskError,
  type ReplyTo,
} from "../../../../../actors/runtime/mod.ts";
import { desk, deskActor, failsWith, reasons, withNodes } from "./fixture.ts";

Deno.test("R5: ask resolves to the answer and leaves nothing behind", () =>
  withNodes(async ({ clock, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const timers = clock.scheduledCount;
    const answer = ask(
      peer.ref(desk),
      (replyTo) => ({ type: "upper", text: "hi", replyTo }),
      { timeoutMs: 100 },
    );
    await clock.settle();
    assert.equal(await answer, "HI");
    assert.equal(peer.pendingAsks, 0);
    assert.equal(clock.scheduledCount, timers);
  }));

Deno.test("R5: an actor asks across processes as it asks at home", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const answers: string[] = [];
    here.system.spawn("asker", {
      init(context: ActorContext<string>) {
        context.ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "hi", replyTo }), {
          timeoutMs: 100,
          ok: (answer) => answer,
          error: (error) => error.code,
        });
        return null;
      },
      receive(state: null, answer: string): null {
        answers.push(answer);
        return state;
      },
    });
    await clock.settle();
    assert.deepEqual(answers, ["HI"]);
  }));

Deno.test("R5: the callee learns how much time is left, not when it is over", () =>
  withNodes(async ({ clock, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const answer = ask(
      peer.ref(desk),
      (replyTo) => ({ type: "time_left", replyTo }),
      { timeoutMs: 1_234 },
    );
    await clock.settle();
    assert.equal(await answer, 1_234);
  }));

Deno.test("R5: an ask gives up at its deadline; the late answer is a dead letter there", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    const waiting: ReplyTo<string>[] = [];
    const slow = deskActor([], {
      receive(state, message) {
        if (message.type === "upper") waiting.push(message.replyTo);
        return state;
      },
    });
    there.node.export(desk, there.system.spawn("desk", slow));
    const failed = assert.rejects(
      ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "", replyTo }), { timeoutMs: 50 }),
      failsWith("ask_timeout"),
    );
    await clock.advance(50);
    await failed;
    assert.equal(waiting[0]?.tell("late"), "stopped");
    assert.deepEqual(reasons(there.deadLetters), ["late_answer"]);
    assert.deepEqual(here.deadLetters, []);
    assert.equal(peer.pendingAsks, 0);
  }));

Deno.test("R5: an answer that crosses the asker's giving up is a dead letter here", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const controller = new AbortController();
    const { signal } = controller;
    const failed = assert.rejects(
      ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "", replyTo }), {
        timeoutMs: 50,
        signal,
      }),
      failsWith("ask_aborted"),
    );
    controller.abort();
    await failed;
    await clock.settle();
    assert.deepEqual(reasons(here.deadLetters), ["late_answer"]);
  }));

Deno.test("R5: ask fails when the callee's mailbox is full, or it ends without an answer", () =>
  withNodes(async ({ clock, there, peer }) => {
    const crowded = deskActor([], { mailbox: { capacity: 1 } });
    there.node.export(desk, there.system.spawn("desk", crowded));
    const ref = peer.ref(desk);
    const codes: string[] = [];
    const tryAsk = (): void =>
      void ask(ref, (replyTo) => ({ type: "upper", text: "", replyTo }), { timeoutMs: 50 })
        .then(() => codes.push("answered"), (error: AskError) => codes.push(error.code));
    tryAsk();
    tryAsk();
    await clock.settle();
    assert.deepEqual(codes.toSorted(), ["answered", "ask_overflow"]);
    ref.tell({ type: "leave" });
    await clock.settle();
    tryAsk();
    await clock.settle();
    assert.equal(codes.at(-1), "ask_stopped");
  }));

Deno.test("R5: an answer given before the end arrives before the end", () =>
  withNodes(async ({ clock, there, peer }) => {
    const lastWords = deskActor([], {
      receive(state, message, context) {
        if (message.type === "upper") message.replyTo.tell("farewell");
        context.stopSelf();
        return state;
      },
    });
    there.node.export(desk, there.system.spawn("desk", lastWords));
    const answer = ask(
      peer.ref(desk),
      (replyTo) => ({ type: "upper", text: "", replyTo }),
      { timeoutMs: 50 },
    );
    await clock.settle();
    assert.equal(await answer, "farewell");
    assert.equal(peer.ref(desk).tell({ type: "crash" }), "accepted", "a new reference");
  }));

Deno.test("R5: an actor's own reference takes an answer too", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const answers: string[] = [];
    const replyTo = here.system.spawn("self", {
      init: () => null,
      receive(state: null, answer: string): null {
        answers.push(answer);
        return state;
      },
    });
    peer.ref(desk).tell({ type: "upper", text: "hi", replyTo });
    await clock.settle();
    assert.deepEqual(answers, ["HI"]);
  }));
