import assert from "node:assert/strict";
import { spawnProbe } from "../../../../../actors/runtime/testing/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("Probe takes what it was sent in order, and the signals of those it watches", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe<string>(system);
    const actor = system.spawn("actor", recorder<string>([]));
    probe.watch(actor);
    for (const message of ["a", "b"]) probe.ref.tell(message);
    system.stopActor(actor);
    await clock.settle();
    assert.deepEqual([probe.take(), probe.take(), probe.take()], ["a", "b", undefined]);
    assert.equal(probe.signals.length, 1);
  }));
