import assert from "node:assert/strict";
import {
  fetcherActor,
  type FetcherMessage,
  type FetchProgress,
  type PrepareOutcome,
} from "../../../../actors/fetcher/fetcher.ts";
import {
  type ActorRef,
  ActorSystem,
  ask,
  spawnProbe,
  systemClock,
} from "../../../../actors/runtime/mod.ts";
import { ReleaseStore } from "../../../../host/mod.ts";
import type { Release } from "../../../../rollout/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import {
  createRelease,
  type FetchOptions,
  type TorrentEngine,
  type Transfer,
} from "../../../../torrent/mod.ts";

/** An engine for tests that end before a transfer. */
const engine: TorrentEngine = {
  port: 0,
  fetch: () => assert.fail("nothing to fetch"),
  seed: () => assert.fail("nothing to seed"),
  close: () => Promise.resolve(),
};

function release(version: string, entry: Partial<Release> = {}): Release {
  return { service: "web", version, infoHash: null, sizeBytes: 0, torrentUrl: null, ...entry };
}

/** An engine whose transfers are complete at once: what is to be fetched is on disk already. */
const idleTransfer: Transfer = {
  infoHash: "",
  done: Promise.resolve(),
  progress: () => ({
    verifiedBytes: 0,
    totalBytes: 0,
    downloadBytesPerSecond: 0,
    uploadBytesPerSecond: 0,
    peers: 0,
    received: { rackBytes: 0, siteBytes: 0, remoteBytes: 0, resumedBytes: 0 },
    sent: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
  }),
  verify: () => Promise.resolve(),
  relocate: (_newRoot, rename) => rename(),
  subscribe: () => () => {},
  stop: () => Promise.resolve(),
};

async function run(
  test: (bench: {
    store: ReleaseStore;
    fetcher: ActorRef<FetcherMessage>;
    prepare(release: Release, isPinned?: boolean, isRunning?: boolean): Promise<PrepareOutcome>;
  }) => Promise<void>,
  engineOfTest: TorrentEngine = engine,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-fetcher-" });
  const system = ActorSystem.create({ name: "test" });
  try {
    const store = new ReleaseStore(folder, "web");
    await store.open();
    const fetcher = system.spawn("fetcher", fetcherActor({ store, engine: engineOfTest }));
    const progress = spawnProbe<FetchProgress>(system, "progress");
    await test({
      store,
      fetcher,
      prepare: (wanted, isPinned = false, isRunning = false) =>
        ask<FetcherMessage, PrepareOutcome>(
          fetcher,
          (replyTo) => ({
            type: "prepare",
            release: wanted,
            isPinned,
            isRunning,
            progressTo: progress.ref,
            replyTo,
          }),
          { timeoutMs: 10_000, clock: systemClock },
        ),
    });
  } finally {
    await system.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("fetcher: a release without a blob is an empty folder, complete", async () => {
  await run(async ({ store, prepare }) => {
    assert.equal((await prepare(release("v1"))).ok, true);
    assert.equal((await store.isIntact("v1")).intact, true);
    assert.equal((await prepare(release("v1"))).ok, true);
  });
});

Deno.test("fetcher: a release without a blob in which a file has appeared is made again, unless the service runs from it", async () => {
  await run(async ({ store, prepare }) => {
    assert.equal((await prepare(release("v1"))).ok, true);
    const stray = `${store.paths("v1").final}/stray`;
    await Deno.writeTextFile(stray, "left behind");
    const refused = await prepare(release("v1"), false, true);
    assert.ok(!refused.ok);
    assert.match(refused.reason, /have changed since they were verified/);
    await Deno.stat(stray);
    assert.equal((await prepare(release("v1"))).ok, true);
    assert.equal((await store.isIntact("v1")).intact, true);
    await assert.rejects(Deno.stat(stray), Deno.errors.NotFound);
  });
});

Deno.test("fetcher: other content under a version that is on the disk is refused, and changes nothing", async () => {
  // Regression: the release on the disk was overwritten by the other one, whose .torrent it was seeded with meanwhile.
  await run(async ({ store, prepare }) => {
    const [known, wanted] = ["a".repeat(40), "b".repeat(40)] as const;
    await store.preparePartial("v1");
    await Deno.writeTextFile(`${store.paths("v1").partial}/blob`, "content");
    await store.writeReceipt("v1", { infoHash: known, verifiedAt: 0 });
    await store.promote("v1");
    await Deno.writeTextFile(store.paths("v1").torrent, "its .torrent");
    for (
      const [infoHash, named] of [[wanted, wanted], [null, "a release without a blob"]] as const
    ) {
      const refused = await prepare(
        release("v1", { infoHash, torrentUrl: "http://127.0.0.1:1/other.torrent" }),
      );
      assert.ok(!refused.ok);
      assert.equal(
        refused.reason,
        `prepare web: v1 is ${known} (on this host's disk), and ${named} is wanted under the same version; ` +
          "publish the new content under another version, and roll that out",
      );
      assert.equal((await store.isIntact("v1", { infoHash: known })).intact, true);
      assert.equal(await Deno.readTextFile(store.paths("v1").torrent), "its .torrent");
    }
  });
});

Deno.test("fetcher: a preparation that is cancelled, or overtaken, is answered at once", async () => {
  await run(async ({ fetcher, prepare }) => {
    // A build machine that takes connections and never answers.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const open: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of listener) open.push(connection);
    })().catch(() => {});
    const torrentUrl = `http://127.0.0.1:${listener.addr.port}/v2.torrent`;
    const stuck = release("v2", { infoHash: "0".repeat(40), sizeBytes: 1, torrentUrl });
    try {
      const cancelled = prepare(stuck);
      fetcher.tell({ type: "cancel" });
      assert.equal((await cancelled).ok, false);
      const overtaken = prepare(stuck);
      const next = prepare(release("v3"));
      assert.equal((await overtaken).ok, false);
      assert.equal((await next).ok, true);
    } finally {
      listener.close();
      await accepting;
      for (const connection of open) connection.close();
    }
  });
});

Deno.test("fetcher: says what it could not reach", async () => {
  await run(async ({ prepare }) => {
    const infoHash = "0".repeat(40);
    const torrentUrl = "http://127.0.0.1:1/v2.torrent";
    const outcome = await prepare(release("v2", { infoHash, sizeBytes: 1, torrentUrl }));
    assert.ok(!outcome.ok);
    assert.match(outcome.reason, /127\.0\.0\.1:1/);
  });
});

Deno.test("fetcher: tells how much it found on this host's own disk, and remembers it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-published-" });
  const torrents = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    return new Response(torrents.get(new URL(url).pathname));
  });
  const sizeBytes = 100_000;
  await Deno.writeFile(`${folder}/blob`, new Uint8Array(sizeBytes).fill(7));
  async function publish(version: string) {
    const path = `${folder}/blob`;
    const made = await createRelease({
      service: "web",
      version,
      path,
      announce: [],
      log: silentLog,
    });
    torrents.set(`/${version}`, new Uint8Array(made.metainfo));
    const torrentUrl = `http://127.0.0.1:${server.addr.port}/${version}`;
    const peers = ["build.example.com:6881"];
    return {
      made,
      wanted: release(version, { infoHash: made.infoHash, sizeBytes, torrentUrl, peers }),
    };
  }
  try {
    const old = await publish("v1");
    const { wanted } = await publish("v2");
    const { wanted: pinned } = await publish("v3");
    const orders: FetchOptions[] = [];
    const fetching: TorrentEngine = {
      ...engine,
      fetch(options) {
        orders.push(options);
        return idleTransfer;
      },
      seed: () => idleTransfer,
    };
    await run(async ({ store, prepare }) => {
      const partial = await store.preparePartial("v1");
      await Deno.copyFile(`${folder}/blob`, `${partial}/blob`);
      await Deno.writeFile(store.paths("v1").torrent, old.made.metainfo);
      await store.writeReceipt("v1", { infoHash: old.made.infoHash, verifiedAt: 1 });
      await store.promote("v1");
      const received = {
        version: "v2",
        rackBytes: 0,
        siteBytes: 0,
        remoteBytes: 0,
        reusedBytes: sizeBytes,
      };
      assert.deepEqual(await prepare(wanted), { ok: true, received });
      assert.equal((await store.isIntact("v2", { infoHash: wanted.infoHash! })).intact, true);
      // Asked again, it fetches nothing, and still has the record.
      assert.deepEqual(await prepare(wanted), { ok: true, received });
      assert.equal((await prepare(pinned, true)).ok, true);
      assert.deepEqual(
        orders.map(({ pages, checkFiles, fallbackPeers }) => [pages, checkFiles, fallbackPeers]),
        [["drop", true, ["build.example.com:6881"]], ["keep", true, ["build.example.com:6881"]]],
        "what is not locked right afterwards leaves the page cache",
      );
    }, fetching);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fetcher: a version that is no name writes nothing outside of the service's folder, and fails no actor", async () => {
  await run(async ({ store, prepare }) => {
    const { dataDir, stateDir } = store.layout;
    for (const version of ["../../../pwn", "../../pwn", "a/b", "x".repeat(300), "a\0b", ""]) {
      const outcome = await prepare(release(version));
      assert.ok(!outcome.ok && outcome.reason.includes("expected"), JSON.stringify(outcome));
    }
    assert.equal((await prepare(release("v1"))).ok, true, "it goes on");
    const [parent] = [dataDir.slice(0, dataDir.lastIndexOf("/"))];
    for (const folder of [parent, dataDir]) {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assert.deepEqual(names.filter((name) => name.includes("pwn")), [], folder);
    }
    const records = [...Deno.readDirSync(stateDir)].map(({ name }) => name)
      .filter((name) => name.endsWith(".received.json"));
    assert.deepEqual(records, ["v1.received.json"]);
  });
});

Deno.test("fetcher: an offer that is not of the size of its .torrent is refused before anything is fetched", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-published-" });
  await Deno.writeFile(`${folder}/blob`, new Uint8Array(100_000));
  const { infoHash, metainfo } = await createRelease({
    service: "web",
    version: "v2",
    path: `${folder}/blob`,
    announce: [],
    log: silentLog,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(new Uint8Array(metainfo)),
  );
  const torrentUrl = `http://127.0.0.1:${server.addr.port}/`;
  const fetching: TorrentEngine = {
    ...engine,
    fetch: () => assert.fail("it must not be fetched"),
  };
  try {
    await run(async ({ prepare }) => {
      const outcome = await prepare(release("v2", { infoHash, sizeBytes: 1, torrentUrl }));
      assert.ok(!outcome.ok);
      assert.match(
        outcome.reason,
        /expected 1 bytes as the release was offered, its \.torrent has 100000/,
      );
    }, fetching);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fetcher: a release that is being removed is not taken for one that is there", async () => {
  await run(async ({ store, fetcher, prepare }) => {
    for (const version of ["v1", "v2"]) await prepare(release(version));
    const cleanUp = store.cleanUp.bind(store);
    const gate = Promise.withResolvers<void>();
    store.cleanUp = async (options) => {
      await gate.promise;
      return await cleanUp(options);
    };
    fetcher.tell({ type: "keep", versions: ["v2"], others: 0 });
    const prepared = prepare(release("v1"));
    // Long enough for a preparation that waits for nothing.
    await Promise.race([prepared, new Promise((resolve) => setTimeout(resolve, 100))]);
    gate.resolve();
    assert.equal((await prepared).ok, true);
    // What is removed is gone when something else is removed after it.
    fetcher.tell({ type: "keep", versions: ["v1", "v2"], others: 0 });
    await prepare(release("v2"));
    assert.equal((await store.isIntact("v1")).intact, true);
  });
});
