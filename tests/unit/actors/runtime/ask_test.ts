import assert from "node:assert/strict";
import {
  type ActorRef,
  ActorSystem,
  ask,
  AskError,
  type ReplyTo,
  spawnProbe,
  supervisor,
} from "../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "./fixture.ts";

const answering = {
  init: () => undefined,
  receive(state: undefined, { text, replyTo }: Question): undefined {
    replyTo.tell(`${text}!`);
    return state;
  },
};

interface Question {
  readonly text: string;
  readonly replyTo: ReplyTo<string>;
}

function failsWith(code: string) {
  return (error: unknown) => error instanceof AskError && error.code === code;
}

Deno.test("G21: ask resolves to the answer and leaves nothing behind", () =>
  withSystem(async ({ system, clock }) => {
    const actor = system.spawn("actor", answering);
    const controller = new AbortController();
    const { signal } = controller;
    const answer = ask(actor, (replyTo) => ({ text: "hi", replyTo }), { timeoutMs: 10, signal });
    assert.equal(await answer, "hi!");
    assert.equal(clock.scheduledCount, 0);
    controller.abort();
  }));

Deno.test("G21: asks that were answered leave no memory behind", async () => {
  const system = ActorSystem.create({ name: "asked" });
  const actor = system.spawn("actor", answering);
  const asking = async (times: number) => {
    for (let count = 0; count < times; count++) {
      await ask(actor, (replyTo) => ({ text: "", replyTo }), { timeoutMs: 60_000 });
    }
  };
  await asking(20_000);
  const before = Deno.memoryUsage().heapUsed;
  // Were each to leave its object behind, that would be some 150 MB.
  await asking(400_000);
  const grownBytes = Deno.memoryUsage().heapUsed - before;
  assert.ok(grownBytes < 64 * 2 ** 20, `${grownBytes} bytes more`);
  await system.stop();
});

Deno.test("G21: ask gives up at its deadline, and the late answer is a dead letter", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const probe = spawnProbe<Question>(system);
    const answer = ask(probe.ref, (replyTo) => ({ text: "hi", replyTo }), { timeoutMs: 100 });
    const failed = assert.rejects(answer, failsWith("ask_timeout"));
    await clock.advance(100);
    await failed;
    assert.equal(probe.take()?.replyTo.tell("late"), "stopped");
    assert.deepEqual(deadLetters, [
      { recipient: "/probe?answer", message: "late", reason: "late_answer" },
    ]);
  }));

Deno.test("G21: ask takes one answer; the second is a dead letter", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const probe = spawnProbe<Question>(system);
    const answer = ask(probe.ref, (replyTo) => ({ text: "hi", replyTo }), { timeoutMs: 100 });
    await clock.settle();
    const replyTo = probe.take()?.replyTo;
    assert.deepEqual([replyTo?.tell("one"), replyTo?.tell("two")], ["accepted", "stopped"]);
    assert.equal(await answer, "one");
    assert.deepEqual(deadLetters.map(({ message }) => message), ["two"]);
  }));

Deno.test("G21: ask fails at once when the target has ended, ends, or has no room", () =>
  withSystem(async ({ system, clock }) => {
    const actor = system.spawn("actor", recorder<Question>([], { mailbox: { capacity: 1 } }));
    const question = (replyTo: ReplyTo<string>) => ({ text: "hi", replyTo });
    const options = { timeoutMs: 100 };
    const ends = assert.rejects(ask(actor, question, options), failsWith("ask_stopped"));
    await assert.rejects(ask(actor, question, options), failsWith("ask_overflow"));
    await clock.settle();
    system.stopActor(actor);
    await ends;
    await assert.rejects(ask(actor, question, options), failsWith("ask_stopped"));
    assert.equal(clock.scheduledCount, 0);
  }));

Deno.test("G21: all that wait for an actor's answer learn of its end, in their order", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe<Question>(system);
    const ended: number[] = [];
    const asks = [0, 1, 2, 3].map((number) => {
      const options = { timeoutMs: 100 };
      return ask(probe.ref, (replyTo) => ({ text: "hi", replyTo }), options)
        .catch(() => void ended.push(number));
    });
    await clock.settle();
    probe.messages[1]?.replyTo.tell("answer");
    system.stopActor(probe.ref);
    await Promise.all(asks);
    assert.deepEqual(ended, [0, 2, 3]);
  }));

Deno.test("G21: ask ends when the asker's signal is aborted", () =>
  withSystem(async ({ system }) => {
    const probe = spawnProbe<Question>(system);
    const controller = new AbortController();
    const question = (replyTo: ReplyTo<string>) => ({ text: "hi", replyTo });
    const options = { timeoutMs: 100, signal: controller.signal };
    const answer = assert.rejects(ask(probe.ref, question, options), failsWith("ask_aborted"));
    controller.abort();
    await answer;
    await assert.rejects(ask(probe.ref, question, options), failsWith("ask_aborted"));
    assert.equal(probe.messages.length, 1, "the second question was not even told");
  }));

Deno.test("G21: an ask that waits in the mailbox is answered after a restart of the target", () =>
  withSystem(async ({ system, clock }) => {
    const targets: ActorRef<Question>[] = [];
    system.spawn(
      "supervisor",
      supervisor({
        children(scope) {
          targets.push(scope.child("target", {
            ...answering,
            receive(state: undefined, question: Question): undefined {
              if (question.text === "crash") throw new Error("crash");
              return answering.receive(state, question);
            },
          }));
        },
      }),
    );
    const [target] = targets;
    assert.ok(target);
    const asking = (text: string) =>
      ask(target, (replyTo) => ({ text, replyTo }), { timeoutMs: 1_000 });
    const lost = assert.rejects(asking("crash"), failsWith("ask_timeout"));
    const kept = asking("kept");
    await clock.advance(1_000);
    assert.equal(await kept, "kept!");
    await lost;
  }));

Deno.test("ask works on a reference of somebody else's, even one that answers inline", async () => {
  const inline: ActorRef<Question> = {
    path: "inline",
    tell: ({ replyTo }) => replyTo.tell("now"),
  };
  const options = { timeoutMs: 60_000 };
  assert.equal(await ask(inline, (replyTo) => ({ text: "", replyTo }), options), "now");
});
