/** The swarm engine among failures and bad peers: every download completes, every byte verified. */

import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { silentLog } from "../../../base/log.ts";
import { ENGINES, type TorrentEngine, verifyRelease } from "../../../torrent/mod.ts";
import { encodeHandshake } from "../../../torrent/swarm/wire/handshake.ts";
import { MessageId, Outbox } from "../../../torrent/swarm/wire/messages.ts";
import {
  blockMessage,
  fastClock,
  locality,
  publishBlob,
  readExactly,
  startBadPeer,
  startFixedTracker,
  startHost,
  until,
  writeAll,
} from "./fault_world.ts";
import { PeerProcess } from "./peer_harness.ts";

const MIB = 1024 * 1024;

for (const [from, to] of [["swarm", "webtorrent"], ["webtorrent", "swarm"]] as const) {
  Deno.test(`${to} fetches from ${from}: each knows where the other stands`, async () => {
    const ports: number[] = [];
    await using tracker = startFixedTracker(() => ports);
    const { directory, metainfo, root, target } = await publishBlob(
      5 * MIB + 1,
      tracker.announceUrl,
    );
    await using _directory = directory;
    const options = { hostname: "127.0.0.1", log: silentLog };
    const seeder = await ENGINES[from]({ ...options, locality: locality("seeder") });
    const fetcher = await ENGINES[to]({ ...options, locality: locality("fetcher") });
    try {
      const seed = seeder.seed({ metainfo, root });
      await seed.done;
      ports.push(seeder.port);
      const transfer = fetcher.fetch({ metainfo, root: target });
      await transfer.done;
      await verifyRelease({ metainfo, root: target });
      const { received } = transfer.progress();
      assert.ok(received.rackBytes >= 5 * MIB + 1);
      assert.equal(received.siteBytes + received.remoteBytes, 0);
      assert.ok(seed.progress().sent.rackBytes >= 5 * MIB + 1);
    } finally {
      await fetcher.close();
      await seeder.close();
    }
  });
}

Deno.test("swarm: the seeder is killed in the middle, and comes back elsewhere", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const { directory, metainfo, root, target } = await publishBlob(8 * MIB, tracker.announceUrl);
  await using _directory = directory;
  const torrentPath = `${directory.path}/web.torrent`;
  await Deno.writeFile(torrentPath, metainfo);
  const orders = { engine: "swarm", kind: "seed", torrentPath, root } as const;
  // Slow enough that there is a middle.
  const fetcher = await startHost("fetcher", { limits: { down: { total: 6 * MIB } } });
  try {
    await using first = new PeerProcess({ ...orders, locality: locality("first") });
    ports.push(await first.port());
    const transfer = fetcher.fetch({ metainfo, root: target });
    await until(
      transfer,
      (event) => event.type === "piece_verified" && transfer.progress().verifiedBytes > 2 * MIB,
    );
    await first.kill();
    assert.ok(transfer.progress().verifiedBytes < 8 * MIB);
    await using second = new PeerProcess({ ...orders, locality: locality("second") });
    ports.splice(0, 1, await second.port());
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
  } finally {
    await fetcher.close();
  }
});

Deno.test("swarm: without a tracker it comes back to the peers that it had", async () => {
  const ports: number[] = [];
  const tracker = startFixedTracker(() => ports);
  const { directory, metainfo, root, target } = await publishBlob(8 * MIB, tracker.announceUrl);
  await using _directory = directory;
  const first = await startHost("seeder");
  const fetcher = await startHost("fetcher", { limits: { down: { total: 6 * MIB } } });
  const { port } = first;
  let second: TorrentEngine | undefined;
  try {
    await first.seed({ metainfo, root }).done;
    ports.push(port);
    const transfer = fetcher.fetch({ metainfo, root: target });
    await until(transfer, ({ type }) => type === "piece_verified");
    await tracker[Symbol.asyncDispose]();
    await first.close();
    assert.ok(transfer.progress().verifiedBytes < 8 * MIB);
    second = await startHost("seeder", { listenPort: port });
    await second.seed({ metainfo, root }).done;
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
  } finally {
    await fetcher.close();
    await first.close();
    await second?.close();
  }
});

/** A fetch from one good seeder, with a bad peer in the same swarm. */
async function fetchBeside(
  manners: Parameters<typeof startBadPeer>[1],
  check: (of: {
    bad: ReturnType<typeof startBadPeer>;
    events: string[];
    receivedBytes: number;
  }) => void,
) {
  const ports: number[] = [];
  let seederPort = 0;
  await using tracker = startFixedTracker((asker) => asker === seederPort ? [] : ports);
  const { directory, metainfo, infoHash, root, target } = await publishBlob(
    8 * MIB,
    tracker.announceUrl,
    { pieceLengthBytes: 256 * 1024 },
  );
  await using _directory = directory;
  await using bad = startBadPeer(infoHash, manners);
  const clock = fastClock;
  const seeder = await startHost("seeder");
  seederPort = seeder.port;
  const fetcher = await startHost("fetcher", { clock });
  try {
    await seeder.seed({ metainfo, root }).done;
    // The bad one is met first; the good one is named as soon as the bad one has been met.
    ports.push(bad.port);
    const transfer = fetcher.fetch({ metainfo, root: target });
    const events: string[] = [];
    transfer.subscribe(({ type }) => events.push(type));
    while (bad.met === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    ports.push(seeder.port);
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
    const { rackBytes, remoteBytes } = transfer.progress().received;
    check({ bad, events, receivedBytes: rackBytes + remoteBytes });
  } finally {
    await fetcher.close();
    await seeder.close();
  }
}

Deno.test("swarm: a peer that sends garbage costs only its own connection", async () => {
  await fetchBeside({ garbage: true }, ({ bad, events }) => {
    assert.ok(bad.met > 0);
    assert.equal(events.includes("piece_rejected"), false);
  });
});

Deno.test("swarm: a peer that lies is found out, banned, and not met again", async () => {
  await fetchBeside(
    { answer: (request) => blockMessage(request, 66) },
    ({ bad, events, receivedBytes }) => {
      assert.ok(bad.served > 0);
      assert.ok(events.includes("piece_rejected"));
      assert.equal(bad.met, 1);
      assert.ok(receivedBytes < 16 * MIB, `${receivedBytes} bytes for 8 MiB`);
    },
  );
});

Deno.test("swarm: a peer that stops in mid-block is not waited for", async () => {
  await fetchBeside(
    { answer: (request) => blockMessage(request, 66).subarray(0, 5000) },
    ({ bad, receivedBytes }) => {
      assert.ok(bad.served > 0, "it had been asked");
      assert.ok(receivedBytes < 12 * MIB);
    },
  );
});

Deno.test("swarm: a peer that takes requests and answers none is not waited for", async () => {
  await fetchBeside({}, ({ bad }) => assert.ok(bad.met > 0));
});

Deno.test("swarm: a clock that jumps, as that of a machine that was suspended does, ends nothing", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const { directory, metainfo, root, target } = await publishBlob(6 * MIB, tracker.announceUrl);
  await using _directory = directory;
  let offsetMs = 0;
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offsetMs };
  const seeder = await startHost("seeder", { clock });
  const fetcher = await startHost("fetcher", { clock, limits: { down: { total: 3 * MIB } } });
  try {
    await seeder.seed({ metainfo, root }).done;
    ports.push(seeder.port);
    const transfer = fetcher.fetch({ metainfo, root: target });
    let connected = 0;
    transfer.subscribe(({ type }) => {
      if (type === "peer_connected") connected++;
    });
    await until(transfer, ({ type }) => type === "piece_verified");
    offsetMs = 3_600_000;
    await until(transfer, ({ type }) => type === "piece_verified");
    offsetMs += 86_400_000;
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
    assert.equal(connected, 1, "the connection was kept");
  } finally {
    await fetcher.close();
    await seeder.close();
  }
});

Deno.test("swarm: a peer that asks and does not read is dropped, others are served meanwhile", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const { directory, metainfo, infoHash, root, target } = await publishBlob(
    32 * MIB,
    tracker.announceUrl,
    { pieceLengthBytes: 256 * 1024 },
  );
  await using _directory = directory;
  const seeder = await startHost("seeder", { clock: fastClock });
  const fetcher = await startHost("fetcher");
  using greedy = await Deno.connect({ hostname: "127.0.0.1", port: seeder.port });
  try {
    const seed = seeder.seed({ metainfo, root });
    await seed.done;
    await writeAll(greedy, encodeHandshake(infoHash, "99".repeat(20)));
    await readExactly(greedy, 68);
    const outbox = new Outbox(1_000_000);
    outbox.signal(MessageId.interested);
    for (let index = 0; index < 128; index++) {
      for (const begin of [0, 131_072]) {
        outbox.range(MessageId.request, { index, begin, sizeBytes: 131_072 });
      }
    }
    const bytes = new Uint8Array(outbox.sizeBytes);
    outbox.drainTo(bytes, 0);
    await writeAll(greedy, bytes);
    ports.push(seeder.port);
    await fetcher.fetch({ metainfo, root: target }).done;
    await verifyRelease({ metainfo, root: target });
    await fetcher.close();
    while (seed.progress().peers > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(seed.progress().sent.remoteBytes < 32 * MIB, "it was not sent what it did not take");
  } finally {
    await fetcher.close();
    await seeder.close();
  }
});

Deno.test("swarm: strangers that connect and say nothing keep nobody out", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const { directory, metainfo, root, target } = await publishBlob(MIB, tracker.announceUrl);
  await using _directory = directory;
  const seeder = await startHost("seeder");
  const fetcher = await startHost("fetcher");
  const strangers: Deno.TcpConn[] = [];
  try {
    await seeder.seed({ metainfo, root }).done;
    for (let count = 0; count < 300; count++) {
      strangers.push(await Deno.connect({ hostname: "127.0.0.1", port: seeder.port }));
    }
    ports.push(seeder.port);
    await fetcher.fetch({ metainfo, root: target }).done;
    await verifyRelease({ metainfo, root: target });
  } finally {
    for (const stranger of strangers) stranger.close();
    await fetcher.close();
    await seeder.close();
  }
});
