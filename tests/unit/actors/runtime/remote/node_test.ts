import assert from "node:assert/strict";
import { desk, deskActor, note, URL_THERE, withNodes } from "./fixture.ts";
import { Mallory } from "./mallory.ts";

Deno.test("R12: a node ends with its system, and its references with it", () =>
  withNodes(async ({ clock, network, here, there, peer, place }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ref = peer.ref(desk);
    await clock.settle();
    const stopped = here.system.stop();
    await clock.settle();
    await stopped;
    assert.equal(ref.tell(note("x")), "stopped");
    assert.equal(there.node.status.connections, 0);
    assert.throws(() => here.node.connect(URL_THERE), { code: "node_closed" });
    assert.throws(() => here.node.export(desk, ref), { code: "node_closed" });
    // One that cannot be written to does not hold up the stop.
    const other = place("other");
    other.node.connect(URL_THERE);
    await clock.settle();
    network.stuck = true;
    const slow = other.system.stop();
    await clock.advance(500);
    await slow;
    network.stuck = false;
  }));

Deno.test("R11: a node takes so many connections and no more", () =>
  withNodes(async (fixture) => {
    const { clock, there } = fixture;
    const others = [await Mallory.dial(fixture), await Mallory.dial(fixture)];
    await clock.settle();
    assert.deepEqual(others.map(({ closed }) => closed), [false, true]);
    assert.equal(there.node.status.refused, 1);
  }, { connections: 2 }));
