import fc from "fast-check";
import assert from "node:assert/strict";
import { ask, type AskError, type ReplyTo, supervisor } from "../../../../../actors/runtime/mod.ts";
import {
  desk,
  deskActor,
  failsWith,
  type Fixture,
  note,
  type Place,
  reasons,
  URL_THERE,
  withNodes,
} from "./fixture.ts";
import { hello, Mallory } from "./mallory.ts";

/** Frames as a broken node might make them: the right words in the wrong places. */
const anyFrame = fc.record({
  k: fc.constantFrom(
    "hello",
    "open",
    "tell",
    "ask",
    "answer",
    "failed",
    "credit",
    "ended",
    "release",
    "beat",
    "bye",
    "toString",
  ),
  version: fc.constantFrom(1, 1, 1, 2),
  node: fc.constantFrom("mallory", "", 7),
  window: fc.constantFrom(8, 0, -1, 1e9, null),
  ref: fc.constantFrom(0, 0, 1, -1, 1.5, "0"),
  ask: fc.constantFrom(0, 1, 2, 2 ** 53, null),
  name: fc.constantFrom("desk", "desk", "nobody", "__proto__", null),
  timeoutMs: fc.constantFrom(1, 1_000, 0, -1, null),
  message: fc.oneof(
    fc.constant({ type: "note", text: "x" }),
    fc.constant({ type: "upper", text: "x" }),
    fc.jsonValue(),
  ),
  count: fc.constantFrom(1, 100_000),
  code: fc.constantFrom("stopped", "because"),
  kind: fc.constantFrom("normal", "failed", "because"),
  why: fc.constantFrom("", "x".repeat(2_000)),
}, { requiredKeys: ["k"] });

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

Deno.test("R7: a late answer to an ask whose connection was lost is a dead letter there", () =>
  withNodes(async ({ clock, network, there, peer }) => {
    let answer: () => unknown = () => {};
    const slow = deskActor([], {
      receive(state, message) {
        if (message.type === "upper") answer = () => message.replyTo.tell("late");
        return state;
      },
    });
    there.node.export(desk, there.system.spawn("desk", slow));
    const asked = ask(
      peer.ref(desk),
      (replyTo) => ({ type: "upper", text: "", replyTo }),
      { timeoutMs: 60_000 },
    ).catch(() => {});
    await clock.settle();
    network.cut();
    await clock.settle();
    await asked;
    assert.equal(answer(), "stopped");
    assert.deepEqual(reasons(there.deadLetters), ["late_answer"]);
  }));

Deno.test("R11: a broken peer loses its connection, and nobody else notices", () =>
  withNodes(async (fixture) => {
    const { clock, there, peer } = fixture;
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const open = { k: "open", ref: 0, name: "desk" };
    const tell = { k: "tell", ref: 0, message: { type: "note", text: "x" } };
    const deep = '{"k":"tell","ref":0,"message":' + "[".repeat(500_000) + "]".repeat(500_000) + "}";
    const attacks: [string, (mallory: Mallory) => void][] = [
      ["no greeting", (mallory) => mallory.send(open)],
      ["two greetings", (mallory) => mallory.send(hello, hello)],
      ["another version", (mallory) => mallory.send({ ...hello, version: 2 })],
      ["no window", (mallory) => mallory.send({ ...hello, window: 0 })],
      ["a huge window", (mallory) => mallory.send({ ...hello, window: 1e9 })],
      ["no JSON", (mallory) => mallory.sendText("hello")],
      ["no UTF-8", (mallory) => mallory.sendBytes(new Uint8Array([0, 0, 0, 1, 0xff]))],
      ["HTTP", (mallory) => mallory.sendBytes(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))],
      ["a huge frame", (mallory) => mallory.sendText("{", 2 ** 32 - 1)],
      ["no frame", (mallory) => mallory.send(hello, null)],
      ["an array", (mallory) => mallory.send(hello, [])],
      ["an unknown kind", (mallory) => mallory.send(hello, { k: "exec" })],
      ["a prototype", (mallory) => mallory.send(hello, { k: "__proto__" })],
      ["a reference twice", (mallory) => mallory.send(hello, open, open)],
      ["an unopened reference", (mallory) => mallory.send(hello, { ...tell, ref: 7 })],
      ["an odd reference", (mallory) => mallory.send(hello, { ...tell, ref: -1 })],
      [
        "a deadline of never",
        (mallory) =>
          mallory.send(hello, open, { k: "ask", ref: 0, ask: 0, timeoutMs: 1e300, message: {} }),
      ],
      ["an answer to nothing", (mallory) => mallory.send(hello, { k: "answer", ask: 0 })],
      ["credit for nothing", (mallory) => mallory.send(hello, { k: "credit", ref: 0, count: 1 })],
      [
        "too many references",
        (mallory) =>
          mallory.send(hello, ...Array.from({ length: 1_100 }, (_, ref) => ({ ...open, ref }))),
      ],
      [
        "more than the credit",
        (mallory) => mallory.send(hello, open, ...Array.from({ length: 1_000 }, () => tell)),
      ],
      ["a deep message of too many bytes", (mallory) => mallory.sendText(deep)],
    ];
    let violations = there.node.status.violations;
    for (const [attack, run] of attacks) {
      const mallory = await Mallory.dial(fixture);
      run(mallory);
      await clock.settle();
      assert.ok(mallory.closed, attack);
      assert.equal(there.node.status.violations, ++violations, attack);
      assert.equal(there.node.status.connections, 1, attack);
    }
    notes.length = 0;
    peer.ref(desk).tell({ type: "note", text: "still here" });
    await clock.settle();
    assert.deepEqual(notes, ["still here"]);
  }, { frameBytes: 999_999 }));

Deno.test("R11: a deep message is no more than one that does not fit", () =>
  withNodes(async (fixture) => {
    const { clock, there } = fixture;
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const mallory = await Mallory.dial(fixture);
    mallory.send(hello, { k: "open", ref: 0, name: "desk" });
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    mallory.sendText(`{"k":"tell","ref":0,"message":${deep}}`);
    mallory.sendText(`{"k":"ask","ref":0,"ask":0,"timeoutMs":1,"message":${deep}}`);
    mallory.send({ k: "ask", ref: 0, ask: 1, timeoutMs: 1, message: null });
    await clock.settle();
    assert.deepEqual(reasons(there.deadLetters), ["invalid", "invalid", "invalid"]);
    assert.deepEqual(mallory.frames.slice(1).map(({ k, code }) => [k, code]), [
      ["failed", "rejected"],
      ["failed", "rejected"],
    ]);
    assert.equal(mallory.closed, false);
  }));

Deno.test("R11: whatever frames arrive, in whatever order, others are served", () =>
  withNodes(async (fixture) => {
    const { clock, there, peer } = fixture;
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ref = peer.ref(desk);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFrame, { maxLength: 30 }),
        fc.boolean(),
        async (frames, polite) => {
          const mallory = await Mallory.dial(fixture);
          if (polite) mallory.send(hello, { k: "open", ref: 0, name: "desk" });
          mallory.send(...frames);
          await clock.settle();
          const answer = ask(ref, (replyTo) => ({ type: "upper", text: "hi", replyTo }), {
            timeoutMs: 10,
          });
          await clock.settle();
          assert.equal(await answer, "HI");
          mallory.hangUp();
          await clock.settle();
          assert.equal(there.node.status.connections, 1);
        },
      ),
      { numRuns: 300 },
    );
  }));

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
