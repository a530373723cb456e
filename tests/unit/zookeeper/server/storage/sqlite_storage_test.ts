// The coordinator's file: what a commit promises, and that it asks the disk for it.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DataTree } from "../../../../../zookeeper/server/tree/data_tree.ts";
import { SqliteStorage } from "../../../../../zookeeper/server/storage/sqlite_storage.ts";
import type { Commit, Storage } from "../../../../../zookeeper/server/storage/storage.ts";
import { openAcl } from "../../../../../zookeeper/types.ts";

const nothing: Commit = {
  lastZxid: 0n,
  nodes: [],
  counters: [],
  deletedPaths: [],
  sessions: [],
  endedSessions: [],
};

function withStorage(run: (storage: Storage, folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "rollcall-storage-" });
  const storage = new SqliteStorage(folder);
  try {
    run(storage, folder);
  } finally {
    storage.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Stands between the storage and the disk. */
function withSync(sync: (original: () => void) => void, run: () => void): void {
  const original = Deno.FsFile.prototype.syncDataSync;
  Deno.FsFile.prototype.syncDataSync = function () {
    sync(() => original.call(this));
  };
  try {
    run();
  } finally {
    Deno.FsFile.prototype.syncDataSync = original;
  }
}

Deno.test("SqliteStorage: each commit waits for the disk once, after it was written", () => {
  withStorage((storage, folder) => {
    let syncs = 0;
    const log = `${folder}/coordinator.sqlite-wal`;
    let before = Deno.readFileSync(log);
    withSync((original) => {
      const now = Deno.readFileSync(log);
      assert.notDeepEqual(now, before, "nothing was written before the sync");
      before = now;
      syncs++;
      original();
    }, () => {
      for (let zxid = 1n; zxid <= 5n; zxid++) storage.commit({ ...nothing, lastZxid: zxid });
    });
    assert.equal(syncs, 5);
  });
});

Deno.test("SqliteStorage: a disk that refuses to sync fails the commit", () => {
  withStorage((storage) => {
    withSync(() => {
      throw new Error("input/output error, on purpose");
    }, () => {
      assert.throws(() => storage.commit({ ...nothing, lastZxid: 1n }), /on purpose/);
    });
  });
});

Deno.test("SqliteStorage: nodes are changed in place, deleted, and given back as they were", () => {
  const folder = Deno.makeTempDirSync({ prefix: "rollcall-storage-" });
  const tree = new DataTree();
  const id = { zxid: 1n, timeMs: 5 };
  const make = (path: string, ttlMs: number) =>
    tree.transact(() => tree.create({ path, data: Uint8Array.of(1), acl: openAcl, ttlMs }, id))
      .value;
  const none =
    tree.transact(() => tree.create({ path: "/null", data: null, acl: openAcl }, id)).value;
  const kept = make("/kept", 7);
  const gone = make("/gone", 0);
  try {
    const first = new SqliteStorage(folder);
    first.commit({ ...nothing, nodes: [kept, gone, none] });
    const changed = tree.transact(() =>
      tree.setData("/kept", Uint8Array.of(2, 3), -1, { zxid: 2n, timeMs: 9 })
    ).value;
    first.commit({ ...nothing, lastZxid: 2n, nodes: [changed], deletedPaths: ["/gone"] });
    first.close();
    const second = new SqliteStorage(folder);
    const { lastZxid, nodes: stored } = second.load();
    const nodes = [...stored];
    second.close();
    const expected = [changed, none].map(({ children: _, ...node }) => node);
    assert.deepEqual({ lastZxid, nodes }, { lastZxid: 2n, nodes: expected });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Nodes of 3 kB. */
function largeNodes(count: number) {
  const tree = new DataTree();
  return Array.from({ length: count }, (_, index) =>
    tree.transact(() =>
      tree.create(
        { path: `/n${index}`, data: new Uint8Array(3_000), acl: openAcl },
        { zxid: 1n, timeMs: 5 },
      )
    ).value);
}

Deno.test("SqliteStorage: the file shrinks after much was deleted, a little at a time", () => {
  withStorage((storage, folder) => {
    const sizeOf = () => Deno.statSync(`${folder}/coordinator.sqlite`).size;
    const nodes = largeNodes(3_000);
    storage.commit({ ...nothing, lastZxid: 1n, nodes });
    storage.tidy();
    const [kept, ...others] = nodes;
    assert.ok(kept);
    // A commit after it carries the log over.
    storage.commit({ ...nothing, lastZxid: 2n, deletedPaths: others.map(({ path }) => path) });
    const large = sizeOf();
    assert.ok(large > 9_000_000, `${large} bytes`);
    let slices = 0;
    // Each gives back half a megabyte; more than enough of them.
    for (; slices < 100 && sizeOf() > large / 10; slices++) storage.tidy();
    assert.ok(slices > 5 && slices < 100, `${slices} slices`);
    assert.ok(storage.sizeBytes() < large + (5 << 20));
    assert.deepEqual([...storage.load().nodes].map(({ path }) => path), [kept.path]);
  });
});

Deno.test("SqliteStorage: room that is soon used again is not given back", () => {
  withStorage((storage, folder) => {
    const nodes = largeNodes(3_000);
    storage.commit({ ...nothing, lastZxid: 1n, nodes });
    const some = nodes.slice(0, 300).map(({ path }) => path);
    storage.commit({ ...nothing, lastZxid: 2n, deletedPaths: some });
    const before = Deno.statSync(`${folder}/coordinator.sqlite`).size;
    for (let slice = 0; slice < 20; slice++) storage.tidy();
    assert.equal(Deno.statSync(`${folder}/coordinator.sqlite`).size, before);
  });
});

Deno.test("SqliteStorage: an earlier version's file is taken over, and shrinks from then on", () => {
  const folder = Deno.makeTempDirSync({ prefix: "rollcall-storage-" });
  try {
    const earlier = new DatabaseSync(`${folder}/coordinator.sqlite`);
    earlier.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE meta (only INTEGER PRIMARY KEY CHECK (only = 1), last_zxid INTEGER NOT NULL) STRICT;
      INSERT INTO meta VALUES (1, 7);
      CREATE TABLE nodes (
        path TEXT PRIMARY KEY, data BLOB NOT NULL, acl TEXT NOT NULL,
        czxid INTEGER NOT NULL, mzxid INTEGER NOT NULL, pzxid INTEGER NOT NULL,
        ctime_ms INTEGER NOT NULL, mtime_ms INTEGER NOT NULL,
        version INTEGER NOT NULL, aversion INTEGER NOT NULL, creates INTEGER NOT NULL,
        ephemeral_owner INTEGER NOT NULL, is_container INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, password BLOB NOT NULL, timeout_ms INTEGER NOT NULL
      ) STRICT;
      ALTER TABLE nodes ADD COLUMN ttl_ms INTEGER NOT NULL DEFAULT 0;
      INSERT INTO nodes VALUES ('/a', x'0102', '[]', 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10);
      PRAGMA user_version = 2`);
    earlier.close();
    const storage = new SqliteStorage(folder);
    const { lastZxid, nodes } = storage.load();
    assert.deepEqual({ lastZxid, nodes: [...nodes] }, {
      lastZxid: 7n,
      nodes: [{
        path: "/a",
        data: Uint8Array.of(1, 2),
        acl: [],
        czxid: 1n,
        mzxid: 2n,
        pzxid: 3n,
        ctimeMs: 4,
        mtimeMs: 5,
        version: 6,
        aversion: 7,
        creates: 8,
        ephemeralOwner: 9n,
        isContainer: false,
        ttlMs: 10,
      }],
    });
    storage.close();
    const after = new DatabaseSync(`${folder}/coordinator.sqlite`);
    assert.equal(after.prepare("PRAGMA auto_vacuum").get()?.auto_vacuum, 2);
    after.close();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
