// The coordinator's file: what a commit promises, and that it asks the disk for it.
import assert from "node:assert/strict";
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
    const { lastZxid, nodes } = second.load();
    second.close();
    const expected = [changed, none].map(({ children: _, ...node }) => node);
    assert.deepEqual({ lastZxid, nodes }, { lastZxid: 2n, nodes: expected });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
