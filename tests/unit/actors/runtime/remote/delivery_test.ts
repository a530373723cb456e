import assert from "node:assert/strict";
import { z } from "zod";
import { ask, type AskError, supervisor } from "../../../../../actors/runtime/mod.ts";
import { remoteContract, replyTo } from "../../../../../actors/runtime/remote/mod.ts";
import {
  desk,
  deskActor,
  type DeskMessage,
  failsWith,
  type Fixture,
  type Place,
  reasons,
  spawnWatcher,
  URL_THERE,
  withNodes,
} from "./fixture.ts";

function note(text: string) {
  return { type: "note", text } as const satisfies DeskMessage;
}

/** The same name, believed to take anything: what a peer of another version might do. */
const loose = remoteContract(
  "desk",
  z.looseObject({ type: z.string(), replyTo: replyTo(z.unknown()).optional() }),
);

Deno.test("R1: a reference leads to the actor exported under its name", () =>
  withNodes(async ({ clock, there, peer }) => {
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("the-desk", deskActor(notes)));
    const ref = peer.ref(desk);
    assert.equal(ref.path, `${URL_THERE}/desk`);
    assert.equal(peer.ref(desk), ref, "one reference per contract");
    assert.equal(ref.tell(note("hi")), "accepted");
    await clock.settle();
    assert.deepEqual(notes, ["hi"]);
  }));

Deno.test("R1: what is not exported cannot be reached, whatever it is called", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    const notes: string[] = [];
    const hidden = there.system.spawn("desk", deskActor(notes));
    for (const name of ["desk", "/desk", "__proto__", "constructor"]) {
      const ref = peer.ref(remoteContract(name, desk.messages));
      const ends = spawnWatcher(here.system, ref);
      ref.tell(note("psst"));
      await clock.settle();
      assert.match(JSON.stringify(ends), /"kind":"failed".*not_exported/);
      assert.equal(ref.tell(note("psst")), "stopped");
    }
    const unexport = there.node.export(desk, hidden);
    unexport();
    const ref = peer.ref(desk);
    ref.tell(note("psst"));
    await clock.settle();
    assert.deepEqual(notes, []);
    there.node.export(desk, hidden);
    assert.throws(() => there.node.export(desk, hidden), { code: "name_taken" });
    assert.throws(() => there.node.export(remoteContract("x", desk.messages), ref), {
      code: "invalid_option",
    });
  }));

Deno.test("R2: a message that does not fit is counted and a dead letter, and fails its ask", () =>
  withNodes(async ({ clock, there, peer }) => {
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const ref = peer.ref(loose);
    assert.equal(ref.tell({ type: "note", text: 5 }), "accepted");
    ref.tell({ type: "format", disk: "c" });
    ref.tell({ type: "note", text: "good" });
    const refused = assert.rejects(
      ask(ref, (replyTo) => ({ type: "upper", text: ["no"], replyTo }), { timeoutMs: 100 }),
      failsWith("ask_rejected"),
    );
    await clock.settle();
    await refused;
    assert.deepEqual(notes, ["good"]);
    assert.equal(there.node.status.invalidMessages, 3);
    assert.equal(there.node.status.connections, 1, "it is no reason to end the connection");
    assert.deepEqual(reasons(there.deadLetters), ["invalid", "invalid", "invalid"]);
    assert.equal(there.deadLetters[0]?.recipient, "/desk");
  }));

Deno.test("R2: an answer that does not fit fails the ask, on whichever side it is noticed", () =>
  withNodes(async ({ clock, there, peer }) => {
    const answering = remoteContract("number", z.object({ replyTo: replyTo(z.unknown()) }));
    const expecting = remoteContract("number", z.object({ replyTo: replyTo(z.number()) }));
    const strict = remoteContract("strict", z.object({ replyTo: replyTo(z.number()) }));
    const actor = there.system.spawn("number", {
      init: () => null,
      receive(state: null, { replyTo }: z.infer<typeof answering.messages>): null {
        replyTo.tell("three");
        return state;
      },
    });
    there.node.export(answering, actor);
    // An actor that lies about its own answers.
    there.node.export(strict, actor as never);
    for (const contract of [expecting, strict]) {
      const refused = assert.rejects(
        ask(peer.ref(contract), (replyTo) => ({ replyTo }), { timeoutMs: 100 }),
        failsWith("ask_rejected"),
      );
      await clock.settle();
      await refused;
    }
  }));

Deno.test("R2: a message that does not fit does not leave either, and tell does not throw", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const ref = peer.ref(desk);
    assert.equal(ref.tell({ type: "note", text: 5 } as never), "overflow");
    const anything = peer.ref(remoteContract("desk", z.unknown()));
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    assert.equal(anything.tell(cycle), "overflow");
    assert.equal(anything.tell(5n), "overflow");
    assert.equal(anything.tell({ type: "note", text: "x".repeat(2_000_000) }), "overflow");
    await clock.settle();
    assert.deepEqual(reasons(here.deadLetters), ["invalid", "invalid", "invalid", "invalid"]);
    assert.equal(there.node.status.invalidMessages, 0);
    assert.equal(there.node.status.connections, 1);
  }));

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

/** While it is down its mailbox takes messages and hands none out. */
async function checkCreditOf(
  { clock, here }: Fixture,
  there: Place,
  url: string,
): Promise<void> {
  const peer = here.node.connect(url);
  const notes: string[] = [];
  there.system.spawn(
    "shop",
    supervisor({
      backoff: { initialMs: 10_000, jitter: 0 },
      children: (scope) => void there.node.export(desk, scope.child("desk", deskActor(notes))),
    }),
  );
  await clock.settle();
  const ref = peer.ref(desk);
  ref.tell({ type: "crash" });
  await clock.settle();
  const first = Array.from({ length: 12 }, () => ref.tell(note("1")));
  await clock.settle();
  const later = ref.tell(note("2"));
  assert.ok(first.filter((outcome) => outcome === "accepted").length <= 8);
  assert.equal(later, "overflow");
  assert.deepEqual(notes, []);
  await clock.advance(10_000);
  assert.equal(notes.length, first.filter((outcome) => outcome === "accepted").length);
  assert.equal(ref.tell(note("3")), "accepted");
}

Deno.test("R4: credit comes back when messages leave the mailbox, not when they arrive", () =>
  withNodes((fixture) => checkCreditOf(fixture, fixture.there, URL_THERE), { window: 8 }));

Deno.test("R4: hooks that look at messages do not give credit back", () =>
  withNodes(async (fixture) => {
    const looked: unknown[] = [];
    const hooked = fixture.place("hooked", {
      messageHooks: {
        onTell: ({ message }) => void looked.push(message),
        onHandle: (_handling, handle) => void handle(),
      },
    });
    hooked.node.listen("tcp://hooked:1");
    await checkCreditOf(fixture, hooked, "tcp://hooked:1");
    assert.ok(looked.length >= 8);
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

Deno.test("R4: tell overflows while too many bytes wait to be written", () =>
  withNodes(async ({ clock, network, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ref = peer.ref(desk);
    await clock.settle();
    network.stuck = true;
    const text = "x".repeat(1_000);
    const outcomes = Array.from({ length: 20 }, () => ref.tell(note(text)));
    assert.equal(outcomes.filter((outcome) => outcome === "accepted").length, 10);
    assert.equal(outcomes.at(-1), "overflow");
  }, { queueBytes: 10_000 }));
