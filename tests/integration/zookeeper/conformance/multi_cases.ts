// Conformance: several operations in one request.
import assert from "node:assert/strict";
import { MultiError, op, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import type { CaseContext } from "../servers.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);

function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ZooKeeperError, String(error));
    assert.equal(error.code, expected, error.message);
    return true;
  };
}

export const multiCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "multi does all of its operations under one transaction id"(context) {
    const zk = await context.client();
    await zk.create("/a", "1");
    const results = await zk.multi([
      op.check("/a", 0),
      op.create("/a/b", "x"),
      op.create("/a/s-", "", { mode: "persistent_sequential" }),
      op.create("/a/e", "", { mode: "ephemeral" }),
      op.set("/a", "2", { version: 0 }),
      op.delete("/a/b"),
    ]);
    assert.deepEqual(results.map(({ kind }) => kind), [
      "check",
      "create",
      "create",
      "create",
      "set",
      "delete",
    ]);
    assert.deepEqual(results[2], { kind: "create", path: "/a/s-0000000001" });
    const a = await zk.exists("/a");
    const s = await zk.exists("/a/s-0000000001");
    assert.equal(a?.mzxid, s?.czxid);
    assert.equal(a?.pzxid, a?.mzxid);
    assert.equal(a?.numChildren, 2);
    const result = results[4];
    assert.equal(result?.kind === "set" && result.stat.version, 1);
  },

  async "multi that is refused does nothing and says which operation and why"(context) {
    const zk = await context.client();
    await zk.create("/a", "1");
    await zk.create("/a/kept");
    const before = (await zk.children("/a")).stat;
    await assert.rejects(
      zk.multi([
        op.create("/a/b"),
        op.create("/a/s-", "", { mode: "persistent_sequential" }),
        op.set("/a", "changed"),
        op.delete("/a/kept"),
        op.check("/a", 7),
        op.create("/never"),
      ]),
      (error) => {
        assert.ok(error instanceof MultiError);
        assert.equal(error.code, "BAD_VERSION");
        assert.equal(error.index, 4);
        assert.equal(error.path, "/a");
        assert.deepEqual(error.results, [
          "OK",
          "OK",
          "OK",
          "OK",
          "BAD_VERSION",
          "RUNTIME_INCONSISTENCY",
        ]);
        return true;
      },
    );
    const { children, stat } = await zk.children("/a");
    assert.deepEqual(children, ["kept"]);
    assert.deepEqual(stat, before);
    assert.equal(text((await zk.get("/a")).data), "1");
    // The sequence number was not used up either.
    assert.equal(
      await zk.create("/a/s-", "", { mode: "persistent_sequential" }),
      "/a/s-0000000001",
    );
  },

  async "multi sees the effects of its own earlier operations"(context) {
    const zk = await context.client();
    await zk.multi([
      op.create("/a"),
      op.create("/a/b"),
      op.set("/a/b", "1", { version: 0 }),
      op.check("/a/b", 1),
      op.delete("/a/b", { version: 1 }),
      op.delete("/a"),
    ]);
    assert.equal(await zk.exists("/a"), null);
    assert.deepEqual(await zk.multi([]), []);
  },

  async "multi refuses each kind of operation with its own code"(context) {
    const zk = await context.client();
    await zk.create("/a");
    await zk.create("/a/b");
    await assert.rejects(zk.multi([op.create("/a")]), code("NODE_EXISTS"));
    await assert.rejects(zk.multi([op.create("/x/y")]), code("NO_NODE"));
    await assert.rejects(zk.multi([op.delete("/a")]), code("NOT_EMPTY"));
    await assert.rejects(zk.multi([op.check("/x", 0)]), code("NO_NODE"));
    await assert.rejects(zk.multi([op.set("/a", "", { version: 3 })]), code("BAD_VERSION"));
  },

  async "multiRead gives each read its own result or error"(context) {
    const zk = await context.client();
    await zk.create("/a", "1");
    await zk.create("/a/b");
    const [data, children, missing] = await zk.multiRead([
      op.get("/a"),
      op.children("/a"),
      op.get("/x"),
    ]);
    assert.ok(data !== undefined && "kind" in data && data.kind === "get");
    assert.equal(text(data.data), "1");
    assert.deepEqual(data.stat, await zk.exists("/a"));
    assert.deepEqual(children, { kind: "children", children: ["b"] });
    assert.ok(missing instanceof ZooKeeperError);
    assert.equal(missing.code, "NO_NODE");
    assert.equal(missing.path, "/x");
  },
};
