/** Fetching and seeding with the real tracker over loopback, everybody in this process, with either engine. */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import {
  createRelease,
  type EngineName,
  ENGINES,
  ReleaseError,
  type TorrentEngine,
  TransferError,
  type TransferEvent,
  verifyRelease,
} from "../../../torrent/mod.ts";
import { createTracker, type Tracker } from "../../../tracker/mod.ts";
import { sampleBytes, temporaryDirectory } from "./peer_harness.ts";

const locality = (host: string) => ({ host, site: "north", rack: "a" });

function startTracker(port = 0): Promise<Tracker> {
  return createTracker({
    hostname: "127.0.0.1",
    port,
    log: silentLog,
    settings: { hungryIntervalMs: 1000 },
  });
}

function startEngine(engine: EngineName, host: string): Promise<TorrentEngine> {
  return ENGINES[engine]({ locality: locality(host), hostname: "127.0.0.1", log: silentLog });
}

/** A tracker, two engines and a directory; everything is closed in the end. */
async function setUp(engine: EngineName) {
  const directory = await temporaryDirectory();
  const tracker = await startTracker();
  const [seeder, fetcher] = await Promise.all([
    startEngine(engine, "seeder"),
    startEngine(engine, "fetcher"),
  ]);
  return {
    directory: directory.path,
    tracker,
    seeder,
    fetcher,
    async [Symbol.asyncDispose]() {
      await Promise.all([seeder.close(), fetcher.close()]);
      await tracker.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The same case once for each engine. */
function testEach(name: string, test: (engine: EngineName) => Promise<void>): void {
  for (const engine of Object.keys(ENGINES) as EngineName[]) {
    Deno.test(`${engine}: ${name}`, () => test(engine));
  }
}

async function publish(
  path: string,
  announce: string,
): Promise<{ metainfo: Uint8Array; root: string }> {
  return await createRelease({
    service: "web",
    version: "1.0",
    path,
    announce: [announce],
    log: silentLog,
  });
}

async function writeFolder(path: string): Promise<void> {
  for (let folder = 0; folder < 20; folder++) {
    await Deno.mkdir(`${path}/part ${folder}/ünïcode`, { recursive: true });
    for (let file = 0; file < 50; file++) {
      const name = `${path}/part ${folder}/${file % 2 === 0 ? "ünïcode/" : ""}${file}.txt`;
      const sizeBytes = file % 5 === 0 ? 0 : 1 + (file * 97) % 3000;
      await Deno.writeFile(name, sampleBytes(sizeBytes, folder * 100 + file));
    }
  }
  await Deno.writeFile(`${path}/run`, sampleBytes(200_000, 7), { mode: 0o755 });
}

testEach(
  "fetch: a file arrives from a seeder, is counted by distance and can be relocated",
  async (engine) => {
    await using test = await setUp(engine);
    const content = `${test.directory}/blob.bin`;
    await Deno.writeFile(content, sampleBytes(5_000_001, 1));
    const { metainfo, root } = await publish(content, test.tracker.announceUrl);
    const seed = test.seeder.seed({ metainfo, root });
    await seed.done;
    const target = `${test.directory}/incoming`;
    const transfer = test.fetcher.fetch({ metainfo, root: target });
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
    const { received, verifiedBytes } = transfer.progress();
    assert.equal(verifiedBytes, 5_000_001);
    assert.ok(received.rackBytes >= 5_000_001);
    assert.equal(received.siteBytes + received.remoteBytes + received.resumedBytes, 0);
    assert.equal(seed.progress().sent.rackBytes, received.rackBytes);
    assert.deepEqual(transfer.progress().peersByDistance, { rack: 1, site: 0, remote: 0 });

    const final = `${test.directory}/final`;
    await transfer.relocate(final, () => Deno.rename(target, final));
    await verifyRelease({ metainfo, root: final });
    await seed.stop();
    const third = await startEngine(engine, "third");
    try {
      await third.fetch({ metainfo, root: `${test.directory}/third` }).done;
    } finally {
      await third.close();
    }
    assert.ok(transfer.progress().sent.rackBytes >= 5_000_001, "it serves from the new place");
  },
);

testEach(
  "fetch: a folder of a thousand small and empty files arrives as it was",
  async (engine) => {
    await using test = await setUp(engine);
    const content = `${test.directory}/content`;
    await writeFolder(content);
    const { metainfo, root } = await publish(content, test.tracker.announceUrl);
    await test.seeder.seed({ metainfo, root }).done;
    const target = `${test.directory}/incoming`;
    await test.fetcher.fetch({ metainfo, root: target }).done;
    await verifyRelease({ metainfo, root: target });
    const info = await Deno.stat(`${target}/run`);
    assert.equal((info.mode ?? 0) & 0o111, 0o111, "executable files stay so");
    const empty = await Deno.stat(`${target}/part 3/ünïcode/0.txt`);
    assert.equal(empty.size, 0);
  },
);

testEach("fetch: a release without content needs no peers", async (engine) => {
  await using test = await setUp(engine);
  const { metainfo } = await createRelease({
    service: "web",
    version: "restart-1",
    announce: [test.tracker.announceUrl],
    log: silentLog,
  });
  const target = `${test.directory}/incoming`;
  await test.fetcher.fetch({ metainfo, root: target }).done;
  await verifyRelease({ metainfo, root: target });
});

testEach("fetch: a tracker that is down at the start is found when it comes up", async (engine) => {
  await using test = await setUp(engine);
  const content = `${test.directory}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(300_000, 1));
  // A port that was free a moment ago.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { metainfo, root } = await publish(content, `http://127.0.0.1:${port}/announce`);
  await test.seeder.seed({ metainfo, root }).done;
  const transfer = test.fetcher.fetch({ metainfo, root: `${test.directory}/incoming` });
  await new Promise<void>((resolve) => {
    transfer.subscribe((event) => event.type === "announce_failed" && resolve());
  });
  const late = await startTracker(port);
  try {
    await transfer.done;
  } finally {
    await test.fetcher.close();
    await test.seeder.close();
    await late.close();
  }
});

testEach("fetch: a tracker that dies in mid-reply is asked again", async (engine) => {
  await using test = await setUp(engine);
  const content = `${test.directory}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(300_000, 1));
  // Promises 1,000 bytes, sends a few, and hangs up.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const dying = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096)).catch(() => null);
      await connection.write(
        new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nd8:int"),
      ).catch(() => 0);
      connection.close();
    }
  })();
  const { metainfo, root } = await publish(content, `http://127.0.0.1:${port}/announce`);
  await test.seeder.seed({ metainfo, root }).done;
  const transfer = test.fetcher.fetch({ metainfo, root: `${test.directory}/incoming` });
  await new Promise<void>((resolve) => {
    transfer.subscribe((event) => event.type === "announce_failed" && resolve());
  });
  listener.close();
  await dying;
  const late = await startTracker(port);
  try {
    await transfer.done;
  } finally {
    await test.fetcher.close();
    await test.seeder.close();
    await late.close();
  }
});

testEach("fetch: a disk without room is waited for, and said so", async (engine) => {
  await using test = await setUp(engine);
  const content = `${test.directory}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(300_000, 1));
  const { metainfo, root } = await publish(content, test.tracker.announceUrl);
  await test.seeder.seed({ metainfo, root }).done;
  let hasRoom = false;
  const full = await ENGINES[engine]({
    locality: locality("full"),
    hostname: "127.0.0.1",
    log: silentLog,
    preallocate: () => {
      if (hasRoom) return;
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    },
  });
  try {
    const target = `${test.directory}/incoming`;
    const transfer = full.fetch({ metainfo, root: target });
    const events: TransferEvent[] = [];
    await new Promise<void>((resolve) => {
      transfer.subscribe((event) => {
        events.push(event);
        if (event.type === "paused") resolve();
      });
    });
    assert.equal(transfer.progress().paused?.reason, "disk_full");
    assert.match(transfer.progress().paused?.message ?? "", /no room/);
    hasRoom = true;
    await transfer.done;
    assert.equal(transfer.progress().paused, undefined);
    const types = events.map((event) => event.type);
    assert.ok(types.indexOf("continued") > types.indexOf("paused"));
    assert.equal(types.includes("failed"), false);
    await verifyRelease({ metainfo, root: target });
  } finally {
    await full.close();
  }
});

testEach("fetch: one that waits for room can be stopped", async (engine) => {
  await using directory = await temporaryDirectory();
  const content = `${directory.path}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(300_000, 1));
  const { metainfo } = await publish(content, "http://127.0.0.1:1/announce");
  const full = await ENGINES[engine]({
    locality: locality("full"),
    hostname: "127.0.0.1",
    log: silentLog,
    preallocate: () => {
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    },
  });
  try {
    const transfer = full.fetch({ metainfo, root: `${directory.path}/incoming` });
    await new Promise<void>((resolve) => {
      transfer.subscribe((event) => event.type === "paused" && resolve());
    });
    await transfer.stop();
    await assert.rejects(
      transfer.done,
      (error) => error instanceof TransferError && error.code === "stopped",
    );
  } finally {
    await full.close();
  }
});

testEach(
  "fetch: stop ends it with a TransferError stopped, and it can begin again",
  async (engine) => {
    await using test = await setUp(engine);
    const content = `${test.directory}/blob.bin`;
    await Deno.writeFile(content, sampleBytes(300_000, 1));
    const { metainfo, root } = await publish(content, test.tracker.announceUrl);
    const options = { metainfo, root: `${test.directory}/incoming` };
    const waiting = test.fetcher.fetch(options);
    assert.throws(
      () => test.fetcher.fetch(options),
      (error) => error instanceof TransferError && error.code === "duplicate",
    );
    await waiting.stop();
    await assert.rejects(
      waiting.done,
      (error) => error instanceof TransferError && error.code === "stopped",
    );
    await test.seeder.seed({ metainfo, root }).done;
    await test.fetcher.fetch(options).done;
  },
);

testEach("seed: content of another size is a TransferError content_missing", async (engine) => {
  await using test = await setUp(engine);
  const content = `${test.directory}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(300_000, 1));
  const { metainfo, root } = await publish(content, test.tracker.announceUrl);
  await Deno.truncate(content, 299_999);
  await assert.rejects(
    test.seeder.seed({ metainfo, root }).done,
    (error) => error instanceof TransferError && error.code === "content_missing",
  );
});

testEach(
  "verifyRelease: damage on disk is found and named, a rehash repairs it",
  async (engine) => {
    await using test = await setUp(engine);
    const content = `${test.directory}/content`;
    await writeFolder(content);
    const { metainfo, root } = await publish(content, test.tracker.announceUrl);
    await test.seeder.seed({ metainfo, root }).done;
    const target = `${test.directory}/incoming`;
    const first = test.fetcher.fetch({ metainfo, root: target });
    await first.done;
    await first.stop();
    const damaged = "part 7/1.txt";
    const bytes = await Deno.readFile(`${target}/${damaged}`);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await Deno.writeFile(`${target}/${damaged}`, bytes);
    await assert.rejects(
      verifyRelease({ metainfo, root: target }),
      (error) =>
        error instanceof ReleaseError && error.code === "file_content" && error.path === damaged,
    );
    const again = test.fetcher.fetch({ metainfo, root: target, resume: "rehash" });
    await again.done;
    await verifyRelease({ metainfo, root: target });
    const { received } = again.progress();
    assert.ok(received.rackBytes > 0 && received.rackBytes <= 64 * 1024, "one piece was fetched");
  },
);

testEach(
  "fetch: a program can run from the content, and its release be resumed meanwhile",
  async (engine) => {
    await using test = await setUp(engine);
    const content = `${test.directory}/content`;
    await Deno.mkdir(content);
    await Deno.copyFile("/bin/sleep", `${content}/service`);
    const { metainfo, root } = await publish(content, test.tracker.announceUrl);
    await test.seeder.seed({ metainfo, root }).done;
    const target = `${test.directory}/incoming`;
    const first = test.fetcher.fetch({ metainfo, root: target });
    await first.done;
    const service = new Deno.Command(`${target}/service`, { args: ["60"] }).spawn();
    try {
      await first.stop();
      const again = test.fetcher.fetch({ metainfo, root: target });
      await again.done;
      assert.equal(again.progress().received.resumedBytes, again.progress().totalBytes);
    } finally {
      service.kill("SIGKILL");
      await service.status;
    }
  },
);

testEach("engine: a peer that sends malformed extension messages does no harm", async (engine) => {
  await using test = await setUp(engine);
  const content = `${test.directory}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(300_000, 1));
  const { metainfo, root } = await publish(content, test.tracker.announceUrl);
  const seed = test.seeder.seed({ metainfo, root });
  await seed.done;
  for (const extension of [0, 1]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: test.seeder.port });
    const hash = seed.infoHash.match(/../g)?.map((byte) => parseInt(byte, 16)) ?? [];
    const handshake = [
      19,
      ...new TextEncoder().encode("BitTorrent protocol"),
      ...[0, 0, 0, 0, 0, 0x10, 0, 0],
      ...hash,
      ...new TextEncoder().encode(`-XX0000-00000000000${extension}`),
    ];
    // A list with a string of negative length: the decoder would never come back from it.
    const message = [0, 0, 0, 8, 20, extension, ...new TextEncoder().encode("l-3:ee")];
    await connection.write(new Uint8Array([...handshake, ...message]));
    // Its own handshake shows that it has read what was there.
    await connection.read(new Uint8Array(4096));
  }
  await test.fetcher.fetch({ metainfo, root: `${test.directory}/incoming` }).done;
});
