import assert from "node:assert/strict";
import { desk, deskActor, endsWith, note, spawnWatcher, URL_THERE, withNodes } from "./fixture.ts";

Deno.test("R8: a connection lost for too long ends its references as unreachable, once", () =>
  withNodes(async ({ clock, network, here, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ref = peer.ref(desk);
    const ends = spawnWatcher(here.system, ref);
    await clock.settle();
    network.down = true;
    network.cut();
    await clock.advance(29_999);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    endsWith(ends, "unreachable");
    network.down = false;
    await clock.advance(60_000);
    assert.equal(ends.length, 1);
    assert.equal(ref.tell(note("x")), "stopped");
    assert.equal(peer.ref(desk).tell(note("x")), "accepted", "a new reference works");
  }));

Deno.test("R8: a shorter loss is no end", () =>
  withNodes(async ({ clock, network, here, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ends = spawnWatcher(here.system, peer.ref(desk));
    await clock.settle();
    for (let loss = 0; loss < 5; loss++) {
      network.down = true;
      network.cut();
      await clock.advance(15_000);
      network.down = false;
      await clock.advance(15_000);
      assert.equal(peer.status, "connected");
    }
    assert.deepEqual(ends, []);
  }));

Deno.test("R8: a node that was never reached is unreachable too", () =>
  withNodes(async ({ clock, here }) => {
    const nobody = here.node.connect("tcp://nobody:1");
    const ends = spawnWatcher(here.system, nobody.ref(desk));
    const waited = assert.rejects(nobody.ready({ timeoutMs: 1_000 }), { code: "unreachable" });
    await clock.advance(30_000);
    await waited;
    endsWith(ends, "unreachable");
    const again = spawnWatcher(here.system, nobody.ref(desk));
    await clock.advance(30_000);
    endsWith(again, "unreachable");
  }));

Deno.test("R8: a node that says good-bye has ended at once, one that was replaced when it is back", () =>
  withNodes(async ({ clock, network, here, there, peer, place }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const first = spawnWatcher(here.system, peer.ref(desk));
    await clock.settle();
    const stopped = there.system.stop();
    await clock.settle();
    await stopped;
    assert.deepEqual(first, [{ kind: "shutdown" }], "the actor went first");

    const second = place("second");
    second.node.listen(URL_THERE);
    second.node.export(desk, second.system.spawn("desk", deskActor([])));
    await clock.advance(10_000);
    const ends = spawnWatcher(here.system, peer.ref(desk));
    await clock.settle();
    const closed = second.node.close();
    await clock.settle();
    await closed;
    endsWith(ends, "node_ended");

    const third = place("third");
    third.node.listen(URL_THERE);
    third.node.export(desk, third.system.spawn("desk", deskActor([])));
    await clock.advance(10_000);
    const crashed = spawnWatcher(here.system, peer.ref(desk));
    await clock.settle();
    // It dies without a word, and another one takes its place.
    network.frozen = true;
    network.cut();
    const gone = third.node.close();
    await clock.settle();
    await gone;
    network.frozen = false;
    const fourth = place("fourth");
    fourth.node.listen(URL_THERE);
    const notes: string[] = [];
    fourth.node.export(desk, fourth.system.spawn("desk", deskActor(notes)));
    await clock.advance(10_000);
    endsWith(crashed, "node_ended");
    assert.equal(peer.ref(desk).tell(note("hi")), "accepted");
    await clock.settle();
    assert.deepEqual(notes, ["hi"]);
  }));

Deno.test("R10: it dials again after a wait that doubles, with jitter, up to its limit", () =>
  withNodes(async ({ clock, network, there, peer }) => {
    const dialled: number[] = [];
    network.down = true;
    network.cut();
    let seen = network.dials;
    for (let elapsedMs = 0; elapsedMs < 120_000; elapsedMs += 10) {
      await clock.advance(10);
      if (network.dials > seen) dialled.push(elapsedMs);
      seen = network.dials;
    }
    const waits = dialled.map((atMs, index) => atMs - (dialled[index - 1] ?? 0));
    for (const [index, waitMs] of waits.entries()) {
      const fullMs = Math.min(10_000, 200 * 2 ** index);
      assert.ok(waitMs >= fullMs / 2 - 10 && waitMs <= fullMs + 10, `wait ${index}: ${waitMs}`);
    }
    assert.ok(new Set(waits.slice(-5)).size > 1, "no jitter");
    network.down = false;
    await clock.advance(10_000);
    assert.equal(peer.status, "connected");
    assert.equal(there.node.status.connections, 1);
  }));

Deno.test("R10: a dial that hangs is given up", () =>
  withNodes(async ({ clock, network, here }) => {
    network.hanging = true;
    const peer = here.node.connect("tcp://there:2");
    await clock.advance(20_000);
    assert.ok(network.dials > 2);
    await peer.close();
    const { dials } = network;
    await clock.advance(60_000);
    assert.equal(network.dials, dials);
    assert.throws(() => peer.ref(desk), { code: "node_closed" });
  }));

Deno.test("R10: a node has one connection to another, for all its references", () =>
  withNodes(async ({ clock, network, here, there, peer }) => {
    assert.equal(here.node.connect(URL_THERE), peer);
    peer.ref(desk);
    await clock.settle();
    assert.equal(network.dials, 1);
    assert.equal(there.node.status.connections, 1);
    await peer.close();
    await clock.settle();
    assert.equal(there.node.status.connections, 0);
    assert.notEqual(here.node.connect(URL_THERE), peer);
  }));
