/** Which connections are kept: bounds, bans, the same peer twice, and addresses that are dialled. */

import assert from "node:assert/strict";
import { ConnectionPool } from "../../../../../torrent/swarm/connections/connection_pool.ts";
import { acceptHandshake } from "../../../../../torrent/swarm/wire/handshaker.ts";
import { systemClock } from "../../../../../base/clock.ts";
import { ScriptedConnection } from "../wire/scripted_connection.ts";
import { type BarePeer, barePeer } from "./bare_peer.ts";

const INFO_HASH = "ab".repeat(20);
const OWN_ID = "55".repeat(20);

function setUp({ isHungry = true } = {}) {
  const peers: BarePeer[] = [];
  const refused: string[] = [];
  const turnedAway: string[] = [];
  const banned: string[] = [];
  const state = { tick: 0 };
  const pool: ConnectionPool = new ConnectionPool({
    own: { infoHash: INFO_HASH, peerId: OWN_ID },
    clock: systemClock,
    random: () => 0.5,
    tick: () => state.tick,
    isHungry: () => isHungry,
    admit: (provenance) => {
      const peer = barePeer(provenance);
      const { close } = peer;
      peer.close = (reason) => {
        if (peer.closedFor.length > 0) return;
        close(reason);
        provenance.connection.close();
        pool.remove(peer);
      };
      peers.push(peer);
      return peer;
    },
    onRefused: (address) => void refused.push(address),
    onBanned: (address, _reason, seconds) => void banned.push(`${address} for ${seconds} s`),
    onTurnedAway: (address, reason) => void turnedAway.push(`${address}: ${reason}`),
  });
  /** A peer dials us; whether its connection was kept. */
  const accept = (peerId: string, address: string) => {
    const connection = new ScriptedConnection([]);
    const handshake = { infoHash: INFO_HASH, peerId, fast: true, extended: true };
    pool.accept({ connection, handshake, address });
    return !connection.isClosed;
  };
  return { pool, peers, refused, turnedAway, banned, state, accept };
}

const idOf = (number: number) => number.toString(16).padStart(40, "0");

Deno.test("ConnectionPool: keeps what comes, up to its bound", async () => {
  const { pool, accept } = setUp();
  const kept = Array.from(
    { length: 200 },
    (_, at) => accept(idOf(at), `10.0.${at >> 3}.${at & 7}:1000`),
  );
  assert.equal(kept.filter(Boolean).length, 128);
  assert.equal(pool.peers.size, 128);
  await pool.close();
  assert.equal(pool.peers.size, 0);
  assert.equal(accept(idOf(1), "10.0.0.1:1"), false, "it is over");
});

Deno.test("ConnectionPool: one address has a quarter of the connections at most", async () => {
  const { pool, accept, turnedAway } = setUp();
  const kept = Array.from({ length: 60 }, (_, at) => accept(idOf(at), `10.0.0.1:${1000 + at}`));
  assert.equal(kept.filter(Boolean).length, 32);
  assert.equal(
    turnedAway[0],
    "10.0.0.1:1032: its address has too many, and none of them is idle",
  );
  assert.ok(accept(idOf(99), "10.0.0.2:1000"));
  await pool.close();
});

Deno.test("ConnectionPool: what is too many drops the connection that has been idle for the longest time", async () => {
  for (const addressOf of [() => "10.0.0.1", (at: number) => `10.0.${at}.1`]) {
    const { pool, peers, accept } = setUp();
    for (let at = 0; at < 200; at++) accept(idOf(at), `${addressOf(at)}:${1000 + at}`);
    const before = pool.peers.size;
    assert.equal(accept(idOf(500), `${addressOf(500)}:1`), false, "they have just come");
    peers[5]!.idleTicks = 10;
    peers[7]!.idleTicks = 12;
    peers[9]!.idleTicks = 9;
    assert.ok(accept(idOf(501), `${addressOf(501)}:1`));
    assert.deepEqual(
      peers.map(({ closedFor }, at) => closedFor.length > 0 ? at : -1)
        .filter((at) => at !== -1),
      [7],
    );
    assert.equal(pool.peers.size, before);
    assert.ok(accept(idOf(502), `${addressOf(502)}:1`));
    assert.equal(accept(idOf(503), `${addressOf(503)}:1`), false, "9 s are too few");
    await pool.close();
  }
});

Deno.test("ConnectionPool: a few addresses that keep busy keep nobody out", async () => {
  // Regression: with a block now and then no connection was idle, so all newcomers were turned away.
  const { pool, peers, accept } = setUp();
  for (let at = 0; at < 144; at++) accept(idOf(at), `10.0.0.${at % 12}:${1000 + at}`);
  assert.equal(pool.peers.size, 128);
  peers[3]!.idleTicks = 4;
  const honest = Array.from({ length: 100 }, (_, at) => accept(idOf(500 + at), `10.1.${at}.1:1`));
  assert.equal(honest.filter(Boolean).length, 100);
  assert.ok(peers[3]!.closedFor.length > 0);
  assert.ok(peers.slice(128).every(({ closedFor }) => closedFor.length === 0));
  assert.equal(pool.peers.size, 128);
  await pool.close();
});

Deno.test("ConnectionPool: the same peer id from the same host is one peer, from another host another", async () => {
  const { pool, accept } = setUp();
  assert.ok(accept(idOf(1), "10.0.0.1:1000"));
  assert.equal(accept(idOf(1), "10.0.0.1:1001"), false);
  assert.ok(accept(idOf(1), "10.0.0.2:1000"), "whoever had it first may have stolen it");
  assert.ok(accept(idOf(2), "10.0.0.1:1002"), "another process of that host");
  assert.equal(pool.peers.size, 3);
  await pool.close();
});

Deno.test("ConnectionPool: a banned peer goes, and does not come back until its ban ends", async () => {
  const { pool, peers, turnedAway, banned, state, accept } = setUp();
  assert.ok(accept(idOf(1), "10.0.0.1:1000"));
  pool.ban([peers[0]!.download]);
  assert.deepEqual(peers[0]!.closedFor, ["it sent bytes that do not match their hash"]);
  assert.deepEqual(banned, ["10.0.0.1:1000 for 600 s"]);
  assert.equal(accept(idOf(1), "10.0.0.1:1001"), false);
  assert.deepEqual(turnedAway, ["10.0.0.1:1001: it is banned"]);
  assert.deepEqual(pool.banned, ["10.0.0.1:1000"]);
  assert.ok(accept(idOf(2), "10.0.0.1:1002"));
  assert.ok(
    accept(idOf(1), "10.0.0.2:1000"),
    "at another address it may be the one it was stolen from",
  );
  state.tick = 600;
  assert.ok(accept(idOf(1), "10.0.0.1:1003"));
  assert.deepEqual(pool.banned, []);
  await pool.close();
});

Deno.test("ConnectionPool: a liar that has gone before it is found out is banned all the same", async () => {
  const { pool, peers, accept } = setUp();
  assert.ok(accept(idOf(1), "10.0.0.1:1000"));
  const [liar] = peers;
  liar!.close("it hung up");
  pool.ban([liar!.download]);
  assert.equal(accept(idOf(1), "10.0.0.1:1001"), false);
  await pool.close();
});

Deno.test("ConnectionPool: dials what a tracker names, once, and tells who refuses", async () => {
  const { pool, peers, refused } = setUp();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [address, nobody] = [listener, gone].map(({ addr }) => `127.0.0.1:${addr.port}`);
  gone.close();
  pool.add([address!, nobody!]);
  pool.add([address!]);
  const theirs = { infoHash: INFO_HASH, peerId: idOf(7) };
  const accepted = await acceptHandshake(await listener.accept(), () => theirs, systemClock);
  while (peers.length === 0 || refused.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(refused, [nobody]);
  assert.deepEqual(peers.map(({ listensOn }) => listensOn), [address]);
  pool.add([address!]);
  await pool.close();
  assert.equal(peers.length, 1);
  accepted?.connection.close();
});

Deno.test("ConnectionPool: two hosts that dial each other keep the connection that the smaller id dialled", async () => {
  for (const [theirId, keepsTheirs] of [[idOf(1), true], ["ff".repeat(20), false]] as const) {
    const { pool, peers, accept } = setUp();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    pool.add([`127.0.0.1:${listener.addr.port}`]);
    const theirs = { infoHash: INFO_HASH, peerId: theirId };
    const accepted = await acceptHandshake(await listener.accept(), () => theirs, systemClock);
    while (peers.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(accept(theirId, "127.0.0.1:1"), keepsTheirs);
    assert.deepEqual(
      [...pool.peers].map(({ provenance }) => provenance.isOutgoing),
      [!keepsTheirs],
    );
    await pool.close();
    accepted?.connection.close();
  }
});

Deno.test("ConnectionPool: an address that failed is dialled again after a pause, but only while pieces are missing", async () => {
  for (const isHungry of [true, false]) {
    const { pool, refused, state } = setUp({ isHungry });
    const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    gone.close();
    pool.add([`127.0.0.1:${gone.addr.port}`]);
    while (refused.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    pool.onTick();
    assert.equal(refused.length, 1);
    state.tick = 60;
    pool.onTick();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(refused.length, isHungry ? 2 : 1);
    await pool.close();
  }
});
