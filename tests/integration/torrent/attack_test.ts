/**
 * Strangers that mean to stop a swarm: each attack is made with real sockets on loopback, on a clock that the test
 * moves, and the bound is the clock's time within which an honest host has to have everything all the same.
 */

import assert from "node:assert/strict";
import { sleep } from "../../../base/clock.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_BYTES,
} from "../../../torrent/swarm/wire/handshake.ts";
import { MessageId } from "../../../torrent/swarm/wire/messages.ts";
import { type Transfer, verifyRelease } from "../../../torrent/mod.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import {
  blockMessage,
  locality,
  publishBlob,
  readExactly,
  runUntil,
  startBadDiallers,
  startBadPeer,
  startFixedTracker,
  startHost,
  writeAll,
} from "./fault_world.ts";

const MIB = 1024 * 1024;
/** Within which everything has to be there; without the defences it never would. */
const PATIENCE_MS = 60_000;

async function expectDone(transfer: Transfer, clock: ManualClock, maxMs = PATIENCE_MS) {
  const isDone = await runUntil(transfer.done, clock, maxMs);
  const { verifiedBytes, totalBytes } = transfer.progress();
  assert.ok(isDone, `${verifiedBytes} of ${totalBytes} bytes after ${maxMs} ms of its clock`);
  await transfer.done;
}

/** A seeder that is listed at a tracker, and a fetcher that is to have everything from it. */
async function setUp(options: { sizeBytes?: number; reach?: "rack"; seederSite?: string } = {}) {
  const { sizeBytes = MIB, reach, seederSite = "north" } = options;
  const clock = new ManualClock();
  const ports: number[] = [];
  const tracker = startFixedTracker((asker) => asker === seeder.port ? [] : ports, reach);
  const published = await publishBlob(sizeBytes, tracker.announceUrl, {
    pieceLengthBytes: 64 * 1024,
  });
  const seeder = await startHost("seeder", {
    clock,
    locality: { host: "seeder", site: seederSite, rack: "a" },
  });
  const fetcher = await startHost("fetcher", { clock, hostname: "::" });
  const seed = seeder.seed(published);
  await seed.done;
  const fetch = (more: { fallbackPeers?: readonly string[] } = {}) =>
    fetcher.fetch({ metainfo: published.metainfo, root: published.target, ...more });
  return {
    ...published,
    clock,
    ports,
    seeder,
    seed,
    fetcher,
    fetch,
    async [Symbol.asyncDispose]() {
      // What waits for the clock when it ends would wait for ever.
      const closed = Promise.all([fetcher.close(), seeder.close()]);
      assert.ok(await runUntil(closed, clock, PATIENCE_MS));
      await tracker[Symbol.asyncDispose]();
      await published.directory[Symbol.asyncDispose]();
    },
  };
}

for (const count of [64, 128]) {
  Deno.test(`attack: ${count} connections that want everything and ask for nothing silence no seeder`, async () => {
    await using world = await setUp();
    const { infoHash, clock, seeder, ports } = world;
    await using idlers = await startBadDiallers(
      infoHash,
      { says: (outbox) => outbox.signal(MessageId.interested) },
      { port: seeder.port, count },
    );
    await runUntil(new Promise(() => {}), clock, 3000);
    assert.ok(idlers.open > 0);
    ports.push(seeder.port);
    await expectDone(world.fetch(), clock);
    await verifyRelease({ metainfo: world.metainfo, root: world.target });
  });
}

Deno.test("attack: a stolen peer id gets nobody banned but the thief", async () => {
  await using world = await setUp();
  const { infoHash, clock, seeder, fetcher, ports } = world;
  const peerId = await peerIdOf(infoHash, seeder.port);
  const transfer = world.fetch();
  const events: string[] = [];
  transfer.subscribe(({ type }) => events.push(type));
  await runUntil(new Promise(() => {}), clock, 1000);
  // From another address of this machine than the seeder's.
  await using thief = await startBadDiallers(
    infoHash,
    { peerId, answer: (request) => blockMessage(request, 66) },
    { port: fetcher.port, hostname: "::1" },
  );
  assert.ok(await runUntil(happens(() => events.includes("piece_rejected")), clock, PATIENCE_MS));
  assert.ok(thief.served > 0);
  ports.push(seeder.port);
  await expectDone(transfer, clock);
  await verifyRelease({ metainfo: world.metainfo, root: world.target });
});

Deno.test("attack: a stolen peer id that is there first keeps nobody out", async () => {
  await using world = await setUp();
  const { infoHash, clock, seeder, fetcher, ports } = world;
  const peerId = await peerIdOf(infoHash, seeder.port);
  const transfer = world.fetch();
  await runUntil(new Promise(() => {}), clock, 1000);
  await using _thief = await startBadDiallers(
    infoHash,
    { peerId, says: (outbox) => outbox.signal(MessageId.haveNone) },
    { port: fetcher.port, hostname: "::1" },
  );
  await runUntil(new Promise(() => {}), clock, 1000);
  ports.push(seeder.port);
  await expectDone(transfer, clock);
});

Deno.test("attack: peers that send a byte now and then hold no block for long", async () => {
  await using world = await setUp();
  const { infoHash, clock, seeder, ports } = world;
  const drip = {
    answer: (request: Parameters<typeof blockMessage>[0]) => blockMessage(request, 66),
    async send(connection: Deno.TcpConn, bytes: Uint8Array) {
      // The block's header at once, then a byte every five seconds.
      await connection.write(bytes.subarray(0, 13));
      for (let at = 13; at < bytes.length; at++) {
        await sleep(clock, 5000, connectionSignal.signal);
        if (connectionSignal.signal.aborted) return;
        await connection.write(bytes.subarray(at, at + 1));
      }
    },
  };
  const connectionSignal = new AbortController();
  await using first = startBadPeer(infoHash, drip);
  await using second = startBadPeer(infoHash, drip);
  await using third = startBadPeer(infoHash, drip);
  const drippers = [first, second, third];
  try {
    ports.push(...drippers.map(({ port }) => port));
    const transfer = world.fetch();
    assert.ok(await runUntil(happens(() => drippers.every(({ met }) => met > 0)), clock, 10_000));
    await runUntil(new Promise(() => {}), clock, 6000);
    ports.push(seeder.port);
    await expectDone(transfer, clock);
    await verifyRelease({ metainfo: world.metainfo, root: world.target });
  } finally {
    connectionSignal.abort();
  }
});

Deno.test("attack: a false seed in the rack that gives nothing eclipses nobody", async () => {
  await using world = await setUp({ reach: "rack", seederSite: "south" });
  const { infoHash, clock, seeder, ports } = world;
  await using liar = startBadPeer(infoHash, { locality: locality("liar") });
  ports.push(liar.port, seeder.port);
  await expectDone(world.fetch(), clock, 20_000);
  await verifyRelease({ metainfo: world.metainfo, root: world.target });
});

Deno.test("attack: a tracker that names false seeds alone is not the last word, where a fallback is known", async () => {
  await using world = await setUp({ reach: "rack", seederSite: "south" });
  const { infoHash, clock, seeder, ports } = world;
  await using liar = startBadPeer(infoHash, { locality: locality("liar") });
  ports.push(liar.port);
  await expectDone(world.fetch({ fallbackPeers: [`127.0.0.1:${seeder.port}`] }), clock, 20_000);
  await verifyRelease({ metainfo: world.metainfo, root: world.target });
});

/** Resolves once the condition holds. */
async function happens(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** The peer id that a host says in its handshake, as anybody can hear it. */
async function peerIdOf(infoHash: string, port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await writeAll(connection, encodeHandshake(infoHash, "11".repeat(20)));
  return decodeHandshake(await readExactly(connection, HANDSHAKE_BYTES)).peerId;
}
