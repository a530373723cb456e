/** Agents in a tree that a stranger writes into: they live, say so once, and go on when it is put right. */

import assert from "node:assert/strict";
import { CONTROL, currentPath, encodeEntry, servicePath, slotsPath } from "../../../rollout/mod.ts";
import { current } from "../../unit/rollout/views.ts";
import { TestFleet } from "./harness/fleet.ts";

const BAD_VERSIONS = ["x".repeat(300), "a\0b", "../../../../pwn"];

/** As the agent tells of it. */
const BAD_COMMITTED = /in the tree: .*"committed\.version": expected a version/g;

function countOf(log: string, pattern: RegExp): number {
  return log.match(pattern)?.length ?? 0;
}

Deno.test("agent: entries that a stranger forges freeze nobody and end nobody, and each is told once", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    const { zookeeper: zk } = fleet;
    const agents = ["web-1", "web-2"].map((host) => fleet.agent(host));
    const path = servicePath("web");
    const { data: sound } = await zk.get(path);
    const service = JSON.parse(new TextDecoder().decode(sound));
    for (const [index, version] of BAD_VERSIONS.entries()) {
      await zk.set(path, encodeEntry({ ...service, committed: { ...service.committed, version } }));
      // An idle fleet reads only what it watches, and looks once in a while.
      await zk.set(CONTROL, (await zk.get(CONTROL)).data);
      await fleet.until(
        `${version.slice(0, 9)} is told`,
        () => agents.every(({ log }) => countOf(log, BAD_COMMITTED) === index + 1),
      );
    }
    await zk.set(path, sound);
    const forged = current("web-1", { agent: "another", version: "../../x" });
    await zk.create(currentPath("web", "zz"), encodeEntry(forged));
    await zk.create(slotsPath("web", "zz"), "garbage");
    await zk.set(currentPath("web", "web-1"), "garbage");
    await zk.set(currentPath("web", "web-2"), encodeEntry(current("web-2", { agent: "another" })));
    await zk.create(servicePath("zz"), "garbage");
    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    for (const { log } of agents) {
      assert.equal(countOf(log, BAD_COMMITTED), BAD_VERSIONS.length);
      assert.equal(countOf(log, /in the tree: .*read \/dc\/slots\/web\/zz: /g), 1);
      // The entries of others are counted, and read by few: `rollcall status` shows what is wrong with them.
      assert.ok(countOf(log, /in the tree: .*read \/dc\/current\/web\/zz: /g) <= 1);
      assert.doesNotMatch(log, /failed with|restarted/);
    }
  });
});
