import assert from "node:assert/strict";
import { desk, deskActor, note, withNodes } from "./fixture.ts";

Deno.test("R9: an idle connection stays, by signs of life", () =>
  withNodes(async ({ clock, network, there, peer }) => {
    await clock.advance(3_600_000);
    assert.equal(peer.status, "connected");
    assert.deepEqual([network.dials, there.node.status.connections], [1, 1]);
    assert.ok(network.writes >= 2 * 3_600 / 5, "both sides send");
  }));

Deno.test("R9: a connection without a sign of life is given up, on both sides", () =>
  withNodes(async ({ clock, network, there, peer }) => {
    network.frozen = true;
    await clock.advance(14_999);
    assert.equal(peer.status, "connected");
    network.down = true;
    await clock.advance(5_001);
    assert.equal(peer.status, "connecting");
    assert.equal(there.node.status.connections, 0);
  }));

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
