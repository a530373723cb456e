// The coordinator's tree: transactions are all or nothing, and what it calls dirty is enough to store.
import assert from "node:assert/strict";
import fc from "fast-check";
import { DataTree } from "../../../../../zookeeper/server/tree/data_tree.ts";
import type { TreeNode } from "../../../../../zookeeper/server/tree/tree_node.ts";
import { Refusal } from "../../../../../zookeeper/server/tree/refusal.ts";
import { openAcl } from "../../../../../zookeeper/types.ts";

const names = ["a", "b", "c"];
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.join("/")}`);
const version = fc.constantFrom(-1, -1, -1, 0, 1);

type Step =
  | { kind: "create"; path: string; sequential: boolean; owner: bigint }
  | { kind: "set"; path: string; version: number; size: number }
  | { kind: "delete"; path: string; version: number }
  | { kind: "acl"; path: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("create" as const),
    path,
    sequential: fc.boolean(),
    owner: fc.constantFrom(0n, 0n, 7n, 8n),
  }),
  fc.record({
    kind: fc.constant("set" as const),
    path,
    version,
    size: fc.integer({ min: 0, max: 9 }),
  }),
  fc.record({ kind: fc.constant("delete" as const), path, version }),
  fc.record({ kind: fc.constant("acl" as const), path }),
);

function apply(tree: DataTree, steps: readonly Step[], zxid: bigint): void {
  const id = { zxid, timeMs: Number(zxid) };
  for (const each of steps) {
    if (each.kind === "create") {
      tree.create({
        path: each.path,
        data: new Uint8Array(1),
        acl: openAcl,
        sequential: each.sequential,
        ephemeralOwner: each.owner,
      }, id);
    } else if (each.kind === "set") {
      tree.setData(each.path, new Uint8Array(each.size), each.version, id);
    } else if (each.kind === "delete") tree.delete(each.path, each.version, id);
    else tree.setAcl(each.path, [...openAcl], -1);
  }
}

/** Everything that can be seen of a tree. */
function snapshot(tree: DataTree): unknown {
  const nodes: unknown[] = [];
  const visit = (at: string) => {
    const node = tree.node(at);
    nodes.push({ path: at, stat: tree.stat(node), creates: node.creates, data: node.data });
    for (const name of [...node.children].sort()) visit(at === "/" ? `/${name}` : `${at}/${name}`);
  };
  visit("/");
  return {
    nodes,
    size: tree.size,
    dataSizeBytes: tree.dataSizeBytes,
    ephemerals: [7n, 8n].map((owner) => tree.ephemeralsOf(owner).sort()),
  };
}

function transact(tree: DataTree, steps: readonly Step[], zxid: bigint): boolean {
  try {
    tree.transact(() => apply(tree, steps, zxid));
    return true;
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return false;
  }
}

Deno.test("DataTree: a transaction that is refused leaves no trace", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 12 }), (transactions) => {
      const tree = new DataTree();
      transactions.forEach((steps, index) => {
        const before = snapshot(tree);
        if (!transact(tree, steps, BigInt(index + 1))) assert.deepEqual(snapshot(tree), before);
        const undone = snapshot(tree);
        assert.throws(() =>
          tree.transact(() => {
            try {
              apply(tree, steps, 1000n);
            } catch {
              // Wherever it stopped, that much must be undone.
            }
            throw new Refusal("BAD_VERSION");
          })
        );
        assert.deepEqual(snapshot(tree), undone);
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("DataTree: a store that is told what is dirty can give the same tree back", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 20 }), (transactions) => {
      const tree = new DataTree();
      const stored = new Map<string, TreeNode>();
      transactions.forEach((steps, index) => {
        transact(tree, steps, BigInt(index + 1));
        // Several transactions may go into one commit.
        if (index % 3 === 0) return;
        for (const [dirty, whole] of tree.takeDirty()) {
          const node = tree.find(dirty);
          const earlier = stored.get(dirty);
          if (node === undefined) stored.delete(dirty);
          else if (whole || earlier === undefined) {
            assert.ok(whole, `${dirty} is new, so all of it must be stored`);
            stored.set(dirty, { ...node });
          } else stored.set(dirty, { ...earlier, creates: node.creates, pzxid: node.pzxid });
        }
      });
      for (const [dirty, whole] of tree.takeDirty()) {
        const node = tree.find(dirty);
        const earlier = stored.get(dirty);
        if (node === undefined) stored.delete(dirty);
        else if (whole || earlier === undefined) stored.set(dirty, { ...node });
        else stored.set(dirty, { ...earlier, creates: node.creates, pzxid: node.pzxid });
      }
      assert.deepEqual(snapshot(new DataTree(stored.values())), snapshot(tree));
    }),
    { numRuns: 300 },
  );
});

Deno.test("DataTree: events are those of the transaction, in its order", () => {
  const tree = new DataTree();
  const id = { zxid: 1n, timeMs: 1 };
  const { events } = tree.transact(() => {
    tree.create({ path: "/a", data: new Uint8Array(0), acl: openAcl }, id);
    tree.setData("/a", new Uint8Array(1), -1, id);
    tree.delete("/a", -1, id);
  });
  assert.deepEqual(events.map((event) => `${event.type} ${event.path}`), [
    "created /a",
    "children_changed /",
    "data_changed /a",
    "deleted /a",
    "children_changed /",
  ]);
});
