import assert from "node:assert/strict";
import { remoteContract } from "../../../../../actors/runtime/remote/mod.ts";
import { desk, deskActor, note, spawnWatcher, URL_THERE, withNodes } from "./fixture.ts";

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
