// Quotas without a server: what they count, what they refuse, and what an undone transaction leaves.
import assert from "node:assert/strict";
import { DataTree } from "../../../../../zookeeper/server/tree/data_tree.ts";
import type { ExceededQuota } from "../../../../../zookeeper/server/tree/quotas.ts";
import { bytesOf } from "../../../../../zookeeper/server/tree/tree_node.ts";
import { openAcl } from "../../../../../zookeeper/types.ts";

const id = { zxid: 1n, timeMs: 0 };
const bytes = (text: string) => new TextEncoder().encode(text);

function make(tree: DataTree, path: string, data = ""): void {
  tree.transact(() => tree.create({ path, data: bytes(data), acl: openAcl }, id));
}

function withQuota(tree: DataTree, path: string, limits: string): () => string {
  const parts = path.split("/").slice(1);
  parts.forEach((_, index) =>
    make(tree, `/zookeeper/quota/${parts.slice(0, index + 1).join("/")}`)
  );
  make(tree, `/zookeeper/quota${path}/zookeeper_limits`, limits);
  make(tree, `/zookeeper/quota${path}/zookeeper_stats`);
  return () =>
    new TextDecoder().decode(bytesOf(tree.node(`/zookeeper/quota${path}/zookeeper_stats`)));
}

Deno.test("quotas: without enforcement a hard one is told of, and refuses nothing", () => {
  const told: ExceededQuota[] = [];
  const tree = new DataTree([], { onQuotaExceeded: (each) => told.push(each) });
  make(tree, "/a");
  const used = withQuota(tree, "/a", "count=-1,bytes=3=;countHardLimit=2");
  make(tree, "/a/b", "123");
  make(tree, "/a/c", "4");
  assert.equal(used(), "count=3,bytes=4");
  assert.deepEqual(told, [
    { path: "/a", of: "count", limit: 2, wouldBe: 3, isHard: true },
    { path: "/a", of: "bytes", limit: 3, wouldBe: 4, isHard: false },
  ]);
  // A sibling whose name begins alike is none of it.
  make(tree, "/ab", "123456");
  assert.equal(used(), "count=3,bytes=4");
});

Deno.test("quotas: a transaction that is undone is not counted, and neither is its quota", () => {
  const tree = new DataTree();
  make(tree, "/a");
  const used = withQuota(tree, "/a", "count=9,bytes=9");
  const undone = (change: () => void) =>
    assert.throws(() =>
      tree.transact(() => {
        change();
        throw new Error("on purpose");
      }), /on purpose/);
  const before = tree.dataSizeBytes;
  undone(() => tree.create({ path: "/a/b", data: bytes("1"), acl: openAcl }, id));
  assert.equal(used(), "count=1,bytes=0");
  assert.equal(tree.dataSizeBytes, before);
  undone(() => tree.delete("/zookeeper/quota/a/zookeeper_limits", -1, id));
  make(tree, "/a/c", "22");
  assert.equal(used(), "count=2,bytes=2");
  tree.transact(() => tree.delete("/zookeeper/quota/a/zookeeper_limits", -1, id));
  make(tree, "/a/d", "333");
  assert.equal(used(), "count=2,bytes=2");
});

Deno.test("quotas: the nearest counts, limits that say nothing limit nothing, and a start counts again", () => {
  const tree = new DataTree([], { enforceQuota: true });
  for (const path of ["/a", "/a/b"]) make(tree, path);
  const outer = withQuota(tree, "/a", "what=ever,count=x=;countHardLimit=");
  make(tree, "/zookeeper/quota/a/b");
  make(tree, "/zookeeper/quota/a/b/zookeeper_limits", "count=5,bytes=5");
  make(tree, "/zookeeper/quota/a/b/zookeeper_stats");
  make(tree, "/a/b/c", "1");
  make(tree, "/a/d", "22");
  assert.equal(outer(), "count=3,bytes=2");
  const inner = (of: DataTree) =>
    new TextDecoder().decode(bytesOf(of.node("/zookeeper/quota/a/b/zookeeper_stats")));
  assert.equal(inner(tree), "count=2,bytes=1");
  // An earlier version let the nodes be made and did not count.
  const stored = [
    ...["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/quota/a", "/a", "/a/x"],
    ...["/zookeeper/quota/a/zookeeper_limits", "/zookeeper/quota/a/zookeeper_stats"],
  ].map((path) => {
    const node = path.startsWith("/a/") ? tree.node("/a/d") : tree.find(path);
    return { ...(node ?? tree.node("/a")), path };
  });
  const again = new DataTree(stored);
  const { data } = again.node("/zookeeper/quota/a/zookeeper_stats");
  assert.equal(new TextDecoder().decode(data ?? undefined), "count=2,bytes=2");
  assert.equal(again.takeDirty().get("/zookeeper/quota/a/zookeeper_stats"), true);
});
