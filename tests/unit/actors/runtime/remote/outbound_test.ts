import assert from "node:assert/strict";
import { z } from "zod";
import { type ActorContext, ask, type AskError } from "../../../../../actors/runtime/mod.ts";
import { remoteContract, replyTo } from "../../../../../actors/runtime/remote/mod.ts";
import { desk, deskActor, failsWith, note, reasons, withNodes } from "./fixture.ts";
import { hello, Mallory } from "./mallory.ts";

/** The same name, believed to take anything: what a peer of another version might do. */
const loose = remoteContract(
  "desk",
  z.looseObject({ type: z.string(), replyTo: replyTo(z.unknown()).optional() }),
);

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

Deno.test("R11: a callee that breaks the protocol loses the connection, its asks fail", () =>
  withNodes(async ({ clock, network, here }) => {
    const url = "tcp://mallory:1";
    const listener = network.listen(url);
    const bad: object[] = [
      { k: "answer", ask: 99, answer: 1 },
      { k: "credit", ref: 0, count: 100 },
      { k: "credit", ref: 5, count: 1 },
      { k: "ended", ref: 5, kind: "normal", why: "" },
      { k: "open", ref: 0, name: "desk" },
      { k: "failed", ask: 0, code: "because", why: "" },
    ];
    const peer = here.node.connect(url);
    for (const frame of bad) {
      const mallory = new Mallory(await listener.accept());
      mallory.send(hello);
      await clock.settle();
      const codes: string[] = [];
      ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "", replyTo }), { timeoutMs: 1_000 })
        .catch(({ code }) => codes.push(code));
      mallory.send(frame);
      await clock.settle();
      assert.ok(mallory.closed, JSON.stringify(frame));
      assert.deepEqual(codes, ["ask_unreachable"], JSON.stringify(frame));
      await clock.advance(200);
    }
    listener.close();
  }, { maxBackoffMs: 200 }));

Deno.test("R3: messages arrive in order, from all references of a node to one actor", () =>
  withNodes(async ({ clock, there, peer }) => {
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const sent: string[] = [];
    for (let round = 0; round < 50; round++) {
      for (const ref of [peer.ref(desk), peer.ref(loose)]) {
        for (let index = 0; index < 10; index++) {
          sent.push(`${sent.length}`);
          assert.equal(ref.tell(note(sent.at(-1) ?? "")), "accepted");
        }
      }
      await clock.settle();
    }
    assert.deepEqual(notes, sent);
  }));

Deno.test("R3: what was under way when a connection was lost is not sent again", () =>
  withNodes(async ({ clock, network, there, peer }) => {
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const ref = peer.ref(desk);
    ref.tell(note("before"));
    await clock.settle();
    network.frozen = true;
    assert.equal(ref.tell(note("lost")), "accepted");
    await clock.settle();
    network.frozen = false;
    network.cut();
    await clock.advance(1_000);
    assert.equal(ref.tell(note("after")), "accepted");
    await clock.settle();
    assert.deepEqual(notes, ["before", "after"]);
  }));

Deno.test("R4: a reference takes as many messages as the window, then overflows", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const ref = peer.ref(desk);
    const outcomes = Array.from({ length: 10 }, (_, index) => ref.tell(note(`${index}`)));
    assert.deepEqual(outcomes, [
      ...Array<string>(8).fill("accepted"),
      "overflow",
      "overflow",
    ]);
    await clock.settle();
    assert.equal(notes.length, 8);
    assert.deepEqual(reasons(here.deadLetters), ["overflow", "overflow"]);
    assert.equal(ref.tell(note("again")), "accepted");
    const other = peer.ref(loose);
    assert.equal(other.tell(note("another reference has its own")), "accepted");
  }, { window: 8 }));

Deno.test("R4: an ask holds its credit until it has its outcome", () =>
  withNodes(async ({ clock, there, peer }) => {
    const silent = deskActor([], { receive: (state) => state });
    there.node.export(desk, there.system.spawn("desk", silent));
    const ref = peer.ref(desk);
    const codes: string[] = [];
    for (let index = 0; index < 3; index++) {
      ask(ref, (replyTo) => ({ type: "upper", text: "", replyTo }), { timeoutMs: 100 })
        .catch((error: AskError) => codes.push(error.code));
    }
    await clock.settle();
    assert.deepEqual(codes, ["ask_overflow"]);
    await clock.advance(100);
    assert.deepEqual(codes, ["ask_overflow", "ask_timeout", "ask_timeout"]);
    await clock.settle();
    assert.equal(ref.tell(note("there is room again")), "accepted");
  }, { window: 2 }));
