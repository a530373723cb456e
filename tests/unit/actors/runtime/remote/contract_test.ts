import assert from "node:assert/strict";
import { z } from "zod";
import { ask } from "../../../../../actors/runtime/mod.ts";
import { remoteContract, replyTo } from "../../../../../actors/runtime/remote/mod.ts";
import { desk, deskActor, failsWith, reasons, withNodes } from "./fixture.ts";

/** The same name, believed to take anything: what a peer of another version might do. */
const loose = remoteContract(
  "desk",
  z.looseObject({ type: z.string(), replyTo: replyTo(z.unknown()).optional() }),
);

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
