import assert from "node:assert/strict";
import { join } from "node:path";
import { ReleaseStore } from "../../../../host/mod.ts";
import { rejectsWith, withFolder } from "../support.ts";

const FACTS = { infoHash: "ab".repeat(20), verifiedAt: 1_700_000_000_000 };

async function withStore(use: (store: ReleaseStore) => Promise<void>) {
  await withFolder(async (folder) => {
    const store = new ReleaseStore(join(folder, "data"), "web");
    await store.open();
    await use(store);
  });
}

/** Fetches a release of two files into the partial folder. */
async function fetchRelease(store: ReleaseStore, version: string) {
  const partial = await store.preparePartial(version);
  await Deno.mkdir(join(partial, "sub"), { recursive: true });
  await Deno.writeTextFile(join(partial, "blob"), `blob of ${version}`);
  await Deno.writeTextFile(join(partial, "sub", "file"), version);
}

async function addRelease(store: ReleaseStore, version: string) {
  await fetchRelease(store, version);
  await store.writeReceipt(version, FACTS);
  await store.promote(version);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function reasonOf(store: ReleaseStore, version: string): Promise<string> {
  const result = await store.isIntact(version);
  return result.intact ? "intact" : result.reason;
}

Deno.test("promote turns the partial release into the complete one, once", async () => {
  await withStore(async (store) => {
    await rejectsWith(store.promote("v1"), "RELEASE_MISSING");
    await fetchRelease(store, "v1");
    assert.deepEqual(await store.list(), [{ version: "v1", state: "partial", current: false }]);
    await store.promote("v1");
    await store.promote("v1");
    assert.deepEqual(await store.list(), [{ version: "v1", state: "complete", current: false }]);
    assert.equal(await Deno.readTextFile(join(store.paths("v1").final, "blob")), "blob of v1");
  });
});

Deno.test("promote never overwrites a complete release unless it is told to", async () => {
  await withStore(async (store) => {
    await addRelease(store, "v1");
    await fetchRelease(store, "v1");
    await Deno.writeTextFile(join(store.paths("v1").partial, "blob"), "repaired");
    await rejectsWith(store.promote("v1"), "RELEASE_EXISTS");
    await store.promote("v1", { replace: true });
    assert.equal(await Deno.readTextFile(join(store.paths("v1").final, "blob")), "repaired");
    assert.deepEqual([...Deno.readDirSync(store.layout.trashDir)], []);
  });
});

Deno.test("isIntact holds for a receipt written before or after promote", async () => {
  await withStore(async (store) => {
    await addRelease(store, "v1");
    const result = await store.isIntact("v1", { infoHash: FACTS.infoHash });
    assert.ok(result.intact);
    assert.equal(result.receipt.verifiedAt, FACTS.verifiedAt);
    assert.deepEqual(result.receipt.files.map(({ path, sizeBytes }) => [path, sizeBytes]), [
      ["blob", 10],
      ["sub/file", 2],
    ]);
    await store.writeReceipt("v1", FACTS);
    assert.equal(await reasonOf(store, "v1"), "intact");
    assert.equal((await store.isIntact("v1", { infoHash: "cd".repeat(20) })).intact, false);
  });
});

Deno.test("isIntact names what differs from the receipt", async () => {
  const changes: [RegExp, (folder: string) => void][] = [
    [/blob is missing/, (folder) => Deno.removeSync(join(folder, "blob"))],
    [/blob has 3 bytes instead of 10/, (folder) => Deno.truncateSync(join(folder, "blob"), 3)],
    [/blob was written to/, (folder) => Deno.utimeSync(join(folder, "blob"), 1, 1)],
    [/extra was added/, (folder) => Deno.writeTextFileSync(join(folder, "extra"), "")],
    [/is not there/, (folder) => Deno.removeSync(folder, { recursive: true })],
    [/blob was replaced/, (folder) => {
      const { mtime } = Deno.statSync(join(folder, "sub", "file"));
      Deno.copyFileSync(join(folder, "blob"), join(folder, "copy"));
      Deno.renameSync(join(folder, "copy"), join(folder, "blob"));
      Deno.utimeSync(join(folder, "blob"), mtime ?? 0, mtime ?? 0);
    }],
  ];
  for (const [expected, change] of changes) {
    await withStore(async (store) => {
      await fetchRelease(store, "v1");
      const { partial, final } = store.paths("v1");
      const now = new Date(1_700_000_000_000);
      for (const file of ["blob", "sub/file"]) Deno.utimeSync(join(partial, file), now, now);
      await store.writeReceipt("v1", FACTS);
      await store.promote("v1");
      change(final);
      assert.match(await reasonOf(store, "v1"), expected);
    });
  }
});

Deno.test("isIntact needs a readable receipt and the complete state", async () => {
  await withStore(async (store) => {
    await fetchRelease(store, "v1");
    assert.match(await reasonOf(store, "v1"), /no receipt/);
    await store.writeReceipt("v1", FACTS);
    assert.match(await reasonOf(store, "v1"), /is not there/);
    await store.promote("v1");
    await Deno.writeTextFile(store.paths("v1").receipt, '{"schema":1,"files":');
    assert.match(await reasonOf(store, "v1"), /no receipt/);
    await rejectsWith(store.writeReceipt("v2", FACTS), "RELEASE_MISSING");
  });
});

Deno.test("switchCurrent moves the link in one step: a reader always finds a release", async () => {
  await withStore(async (store) => {
    await addRelease(store, "v1");
    await addRelease(store, "v2");
    assert.equal(await store.currentVersion(), null);
    await store.switchCurrent("v1");
    assert.equal(await store.currentVersion(), "v1");
    let switching = true;
    let reads = 0;
    const reader = (async () => {
      while (switching) {
        const text = await Deno.readTextFile(join(store.layout.currentLink, "blob"));
        assert.match(text, /^blob of v[12]$/);
        reads++;
      }
    })();
    for (let count = 0; count < 200; count++) {
      await store.switchCurrent(count % 2 === 0 ? "v2" : "v1");
    }
    switching = false;
    await reader;
    assert.ok(reads > 0);
    assert.equal(await store.currentVersion(), "v1");
    const names = [...Deno.readDirSync(store.layout.serviceDir)].map((entry) => entry.name).sort();
    assert.deepEqual(names, [".rollcall", "current", "v1", "v2"]);
  });
});

Deno.test("switchCurrent refuses a release that is not complete", async () => {
  await withStore(async (store) => {
    await fetchRelease(store, "v1");
    await rejectsWith(store.switchCurrent("v1"), "RELEASE_MISSING");
    assert.equal(await store.currentVersion(), null);
  });
});

Deno.test("remove takes a release with all that belongs to it, but never the current one", async () => {
  await withStore(async (store) => {
    await addRelease(store, "v1");
    await addRelease(store, "v2");
    await fetchRelease(store, "v2");
    await store.switchCurrent("v1");
    await rejectsWith(store.remove("v1"), "RELEASE_CURRENT");
    await store.remove("v2");
    await store.remove("v2");
    assert.deepEqual(await store.list(), [{ version: "v1", state: "complete", current: true }]);
    assert.equal(store.readReceipt("v2"), null);
    assert.deepEqual([...Deno.readDirSync(store.layout.trashDir)], []);
  });
});

Deno.test("cleanUp keeps the current release and those it is told to keep", async () => {
  await withStore(async (store) => {
    for (const version of ["v1", "v2", "v3"]) await addRelease(store, version);
    await fetchRelease(store, "v4");
    await fetchRelease(store, "v5");
    await store.switchCurrent("v3");
    assert.deepEqual(await store.cleanUp({ keep: ["v2", "v5"] }), ["v1", "v4"]);
    assert.deepEqual((await store.list()).map((release) => release.version), ["v2", "v3", "v5"]);
  });
});

Deno.test("remove and cleanUp leave nothing of a release among Rollcall's own files", async () => {
  await withStore(async (store) => {
    for (const version of ["v1", "v2", "v3"]) {
      await addRelease(store, version);
      const { torrent, progress, received, pinLog } = store.paths(version);
      for (const path of [torrent, `${torrent}.new`, progress, received, pinLog]) {
        await Deno.writeTextFile(path, "{}");
      }
    }
    await Deno.writeTextFile(store.paths("never-fetched").received, "{}");
    await store.switchCurrent("v1");
    await store.remove("v2");
    await store.cleanUp({ keep: [] });
    const names = [...Deno.readDirSync(store.layout.stateDir)].map(({ name }) => name);
    assert.deepEqual(names.filter((name) => !name.startsWith("v1.")), ["trash"]);
    await Deno.writeTextFile(store.paths("never-fetched").received, "{}");
    await store.open();
    assert.ok(!await isThere(store.paths("never-fetched").received));
    assert.ok(await isThere(store.paths("v1").received));
  });
});

Deno.test("open closes Rollcall's own folder to other users, also one that was open", async () => {
  await withStore(async (store) => {
    const mode = async () => ((await Deno.stat(store.layout.stateDir)).mode ?? 0) & 0o777;
    assert.equal(await mode(), 0o700);
    await Deno.chmod(store.layout.stateDir, 0o755);
    await store.open();
    assert.equal(await mode(), 0o700);
  });
});

Deno.test("demote opens a damaged release for a repair, and keeps what it says of its content", async () => {
  await withStore(async (store) => {
    await rejectsWith(store.demote("v1"), "RELEASE_MISSING");
    await addRelease(store, "v1");
    const known = store.readReceipt("v1")?.infoHash;
    await store.demote("v1");
    assert.deepEqual(await store.list(), [{ version: "v1", state: "partial", current: false }]);
    // Regression: the receipt went, and a release that was not on offer was known by its version alone from then on.
    assert.equal(store.readReceipt("v1")?.infoHash, known);
    assert.equal((await store.isIntact("v1")).intact, false);
    await fetchRelease(store, "v2");
    await store.promote("v2");
    await fetchRelease(store, "v2");
    await rejectsWith(store.demote("v2"), "RELEASE_EXISTS");
  });
});

Deno.test("open finishes what a crash has left: removed releases and half-made links", async () => {
  await withStore(async (store) => {
    await addRelease(store, "v1");
    await Deno.rename(store.paths("v1").final, join(store.layout.trashDir, "v1.x"));
    await Deno.symlink("v1", join(store.layout.serviceDir, ".current.x"));
    await store.open();
    assert.deepEqual([...Deno.readDirSync(store.layout.trashDir)], []);
    const names = [...Deno.readDirSync(store.layout.serviceDir)].map((entry) => entry.name);
    assert.deepEqual(names, [".rollcall"]);
    assert.deepEqual(await store.list(), []);
  });
});

Deno.test("ReleaseStore: dropFromPageCache changes nothing on disk", async () => {
  await withStore(async (store) => {
    await fetchRelease(store, "v1");
    await store.writeReceipt("v1", FACTS);
    await store.promote("v1");
    await store.dropFromPageCache("v1");
    assert.equal((await store.isIntact("v1")).intact, true);
    assert.equal(await Deno.readTextFile(join(store.paths("v1").final, "blob")), "blob of v1");
    // A version that is not there has nothing to drop.
    await store.dropFromPageCache("v2");
  });
});
