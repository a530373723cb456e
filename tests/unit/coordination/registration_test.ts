import assert from "node:assert/strict";
import { HostNameTaken, refuseNamesake, registerHost } from "../../../coordination/mod.ts";
import { currentPath, encodeEntry } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { read, SERVICE, TestTree } from "./tree.ts";

Deno.test("registerHost: replaces a ghost of this agent's earlier session", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const later = tree.client();
    await registerHost(later, SERVICE, current("web-1", { version: "2" }));
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "2");
    const stat = await zk.exists(currentPath(SERVICE, "web-1"));
    assert.equal(stat?.ephemeralOwner, later.sessionId);
    await registerHost(later, SERVICE, current("web-1", { version: "3" }));
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "3");
  });
});

Deno.test("registerHost: never takes the entry of another machine", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const namesake = current("web-1", { agent: "another", version: "9" });
    await assert.rejects(() => refuseNamesake(tree.client(), SERVICE, namesake), HostNameTaken);
    await assert.rejects(() => registerHost(tree.client(), SERVICE, namesake), HostNameTaken);
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "1");
  });
});

Deno.test("registerHost: of two machines that start at once under one name, one is refused", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-2");
    const outcomes = await Promise.allSettled(
      ["a", "b"].map((agent) => registerHost(tree.client(), SERVICE, current("web-1", { agent }))),
    );
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
    const winner = outcomes[0]?.status === "fulfilled" ? "a" : "b";
    assert.equal((await read(zk)).view.current.get("web-1")?.agent, winner);
  });
});

Deno.test("registerHost: an entry that no session holds is no agent's, and is replaced", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-2");
    for (const data of ["garbage", encodeEntry(current("web-1", { agent: "another" }))]) {
      await zk.create(currentPath(SERVICE, "web-1"), data);
      await zk.create(`${currentPath(SERVICE, "web-1")}/child`);
      const host = tree.client();
      await refuseNamesake(host, SERVICE, current("web-1"));
      await registerHost(host, SERVICE, current("web-1"));
      const stat = await zk.exists(currentPath(SERVICE, "web-1"));
      assert.equal(stat?.ephemeralOwner, host.sessionId);
      await zk.delete(currentPath(SERVICE, "web-1"));
    }
  });
});

Deno.test("registerHost: an entry of another session that cannot be read stays, and is named", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-2");
    await zk.create(currentPath(SERVICE, "web-1"), "garbage", { mode: "ephemeral" });
    const refusal = /^EntryError: read \/dc\/current\/web\/web-1: expected JSON/;
    await assert.rejects(() => refuseNamesake(tree.client(), SERVICE, current("web-1")), refusal);
    await assert.rejects(() => registerHost(tree.client(), SERVICE, current("web-1")), refusal);
  });
});
