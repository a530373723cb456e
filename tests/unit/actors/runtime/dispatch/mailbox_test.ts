import assert from "node:assert/strict";
import { ActorError, type ActorRef } from "../../../../../actors/runtime/mod.ts";
import { openActor, recorder, supervised, withSystem } from "../fixture.ts";

Deno.test("G4: a full mailbox with drop_newest refuses, and keeps what it has", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: number[] = [];
    const actor = system.spawn("actor", recorder(seen, { mailbox: { capacity: 2 } }));
    const outcomes = [1, 2, 3, 4].map((message) => actor.tell(message));
    assert.deepEqual(outcomes, ["accepted", "accepted", "overflow", "overflow"]);
    await clock.settle();
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(deadLetters, [
      { recipient: "/actor", message: 3, reason: "overflow" },
      { recipient: "/actor", message: 4, reason: "overflow" },
    ]);
  }));

Deno.test("G4: a full mailbox with drop_oldest takes the new message for the oldest", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: number[] = [];
    const mailbox = { capacity: 2, overflow: "drop_oldest" } as const;
    const actor = system.spawn("actor", recorder(seen, { mailbox }));
    for (const message of [7, 7, 7, 8]) assert.equal(actor.tell(message), "accepted");
    await clock.settle();
    assert.deepEqual(seen, [7, 8]);
    assert.deepEqual(deadLetters.map(({ message }) => message), [7, 7]);
  }));

Deno.test("G4: a mailbox without room for a message is refused", () =>
  withSystem(({ system }) => {
    assert.throws(
      () => system.spawn("actor", recorder([], { mailbox: { capacity: 0 } })),
      (error) => error instanceof ActorError && error.code === "invalid_option",
    );
  }));

Deno.test("G22: outcomes of an actor's own work need no room in its mailbox", () =>
  withSystem(async (fixture) => {
    const seen: string[] = [];
    const { ref, context } = openActor<string>(fixture, seen, 1);
    context.pipeToSelf(() => Promise.resolve(), { ok: () => "task", error: String });
    context.ask<{ replyTo: ActorRef<string> }, string>(
      { path: "inline", tell: ({ replyTo }) => replyTo.tell("answer") },
      (replyTo) => ({ replyTo }),
      { timeoutMs: 1, ok: String, error: String },
    );
    assert.equal(ref.tell("told"), "accepted");
    assert.equal(ref.tell("refused"), "overflow");
    await fixture.clock.settle();
    assert.deepEqual(seen.sort(), ["answer", "task", "told"]);
  }));

Deno.test("G22: drop_oldest does not drop them either", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const actor = system.spawn(
      "actor",
      recorder(seen, {
        mailbox: { capacity: 1, overflow: "drop_oldest" },
        init(context) {
          context.ask<{ replyTo: ActorRef<string> }, string>(
            { path: "inline", tell: ({ replyTo }) => replyTo.tell("answer") },
            (replyTo) => ({ replyTo }),
            { timeoutMs: 1, ok: String, error: String },
          );
          return 0;
        },
      }),
    );
    for (const message of ["a", "b", "c"]) actor.tell(message);
    await clock.settle();
    assert.deepEqual(seen, ["answer", "c"]);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["a", "b"]);
  }));

Deno.test("G10: a mailbox stays bounded while its actor is down", () =>
  withSystem(async ({ system, clock }) => {
    const child = supervised(system, recorder<string>([], { mailbox: { capacity: 2 } }));
    child.tell("crash");
    await clock.settle();
    const outcomes = ["a", "b", "c"].map((message) => child.tell(message));
    assert.deepEqual(outcomes, ["accepted", "accepted", "overflow"]);
  }));
