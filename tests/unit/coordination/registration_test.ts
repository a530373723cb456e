import assert from "node:assert/strict";
import { HostNameTaken, refuseNamesake, registerHost } from "../../../coordination/mod.ts";
import { currentPath } from "../../../rollout/mod.ts";
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
