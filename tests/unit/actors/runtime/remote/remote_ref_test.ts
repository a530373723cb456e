import assert from "node:assert/strict";
import { ask, supervisor } from "../../../../../actors/runtime/mod.ts";
import {
  desk,
  deskActor,
  type DeskMessage,
  endsWith,
  failsWith,
  note,
  reasons,
  spawnWatcher,
  withNodes,
} from "./fixture.ts";

Deno.test("R6: a watcher learns once of the end of an actor elsewhere, with the reason", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    const leaving: DeskMessage[] = [{ type: "leave" }, { type: "crash" }];
    for (const [index, message] of leaving.entries()) {
      there.node.export(desk, there.system.spawn(`desk-${index}`, deskActor([])));
      const ref = peer.ref(desk);
      const ends = spawnWatcher(here.system, ref);
      await clock.settle();
      assert.deepEqual(ends, []);
      ref.tell(message);
      await clock.settle();
      if (message.type === "leave") assert.deepEqual(ends, [{ kind: "normal" }]);
      else endsWith(ends, "actor_failed");
      assert.equal(ref.tell(note("x")), "stopped");
      assert.deepEqual(reasons(here.deadLetters.slice(-1)), ["stopped"]);
      assert.notEqual(peer.ref(desk), ref, "a new reference leads to whoever comes next");
      await clock.settle();
    }
  }));

Deno.test("R6: a restart is not an end", () =>
  withNodes(async ({ clock, here, there, peer }) => {
    const notes: string[] = [];
    there.system.spawn(
      "shop",
      supervisor({
        children: (scope) => void there.node.export(desk, scope.child("desk", deskActor(notes))),
      }),
    );
    const ref = peer.ref(desk);
    const ends = spawnWatcher(here.system, ref);
    ref.tell({ type: "crash" });
    ref.tell(note("after"));
    await clock.advance(1_000);
    assert.deepEqual([ends, notes], [[], ["after"]]);
  }));

Deno.test("R6: watching what has ended gives the signal at once", () =>
  withNodes(async ({ clock, here, peer }) => {
    const ref = peer.ref(desk);
    await clock.settle();
    const ends = spawnWatcher(here.system, ref);
    await clock.settle();
    endsWith(ends, "not_exported");
  }));

Deno.test("R7: without a connection asks fail at once and tells say stopped", () =>
  withNodes(async ({ clock, network, here, there, peer }) => {
    const notes: string[] = [];
    const slow = deskActor(notes, {
      receive(state, message) {
        if (message.type === "note") notes.push(message.text);
        return state;
      },
    });
    there.node.export(desk, there.system.spawn("desk", slow));
    const ref = peer.ref(desk);
    const tryAsk = () =>
      assert.rejects(
        ask(ref, (replyTo) => ({ type: "upper", text: "", replyTo }), { timeoutMs: 60_000 }),
        failsWith("ask_unreachable"),
      );
    const underWay = tryAsk();
    await clock.settle();
    network.down = true;
    network.cut();
    await clock.settle();
    await underWay;
    await tryAsk();
    assert.equal(ref.tell(note("lost")), "stopped");
    assert.deepEqual(reasons(here.deadLetters), ["stopped", "stopped"]);
    assert.equal(peer.status, "connecting");
    network.down = false;
    await clock.advance(20_000);
    assert.equal(ref.tell(note("found")), "accepted");
    await clock.settle();
    assert.deepEqual(notes, ["found"]);
  }));
