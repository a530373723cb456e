/** What `rollcall status` reads of a tree that strangers have written into. */

import assert from "node:assert/strict";
import { readFleet, readKnownServices } from "../../../coordination/mod.ts";
import {
  CONTROL,
  currentPath,
  encodeEntry,
  historyPath,
  servicePath,
  slotsPath,
  stagingPath,
  wavePrefix,
} from "../../../rollout/mod.ts";
import { permissions } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";
import { roll, SERVICE, TestTree } from "./tree.ts";

Deno.test("readFleet: shows the rest of a fleet whose every kind of node has a broken one, and names each", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    const id = await roll(zk, "2");
    await zk.create(wavePrefix(SERVICE), "garbage", { mode: "persistent_sequential" });
    await zk.create(servicePath("zz"), "garbage");
    await zk.create(servicePath("a b"), "garbage");
    await zk.create(slotsPath(SERVICE, "web-1"), "garbage");
    await zk.create(currentPath(SERVICE, "zz"), encodeEntry(current("web-1", { version: "9" })));
    await zk.create(historyPath("zzzz"), "garbage");
    const fleet = await readFleet(zk);
    assert.equal(fleet.rollout?.id, id, "a stranger's record is not the newest rollout");
    assert.equal(fleet.control?.state, "running");
    assert.equal(fleet.queue.length, 1);
    const hosts = fleet.services[SERVICE]?.hosts ?? [];
    const shown = hosts.map(({ host, version, online }) => [host, version, online]);
    assert.deepEqual(shown, [["web-1", "1", true], ["web-2", "1", true], ["zz", null, false]]);
    const told = fleet.problems.map((problem) => /^read (\S+):/.exec(problem)?.[1]).toSorted();
    assert.deepEqual(told, [
      "/dc/current/web/zz",
      "/dc/deploy/web-0000000001",
      "/dc/services",
      "/dc/services/zz",
      "/dc/slots/web/web-1",
    ]);
  });
});

Deno.test("readFleet: control, offer and record that cannot be read leave the hosts", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await roll(zk, "2");
    await zk.set(CONTROL, "garbage");
    await zk.set(stagingPath(SERVICE), "garbage");
    await zk.set(historyPath(id), "garbage");
    await zk.setAcl(slotsPath(SERVICE), [
      { permissions: permissions.ALL, scheme: "ip", id: "10.9.9.9" },
    ]);
    const fleet = await readFleet(zk);
    assert.deepEqual([fleet.control, fleet.rollout], [null, null]);
    assert.equal(fleet.services[SERVICE]?.hosts[0]?.version, "1");
    assert.equal(fleet.problems.length, 4, fleet.problems.join("\n"));
  });
});

Deno.test("readFleet: a thousand broken nodes make a hundred lines and a count", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const paths = Array.from({ length: 1_000 }, (_, index) => currentPath(SERVICE, `zz-${index}`));
    await Promise.all(paths.map((path) => zk.create(path, "garbage")));
    const { problems } = await readFleet(zk);
    assert.equal(problems.length, 101);
    assert.equal(problems.at(-1), "and 900 more nodes that cannot be read");
  });
});

Deno.test("readKnownServices: a service that cannot be read is told, and stops no plan without it", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await zk.create(servicePath("zz"), "garbage");
    const { services, unreadable } = await readKnownServices(zk);
    assert.deepEqual(services.get(SERVICE)?.roster, ["web-1"]);
    assert.deepEqual([...unreadable.keys()], ["zz"]);
    assert.match(unreadable.get("zz") ?? "", /^read \/dc\/services\/zz: expected JSON/);
  });
});

Deno.test("readKnownServices: a roster that cannot be read is its own service's problem", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const nobody = [{ permissions: permissions.ALL, scheme: "ip", id: "10.9.9.9" }];
    await zk.create(servicePath("zz"), "{}", { acl: nobody });
    const { services, unreadable } = await readKnownServices(zk);
    assert.deepEqual(services.get(SERVICE)?.roster, ["web-1"]);
    assert.match(unreadable.get("zz") ?? "", /NO_AUTH/);
    const { problems } = await readFleet(zk);
    assert.ok(problems.length > 0 && problems.every((problem) => problem.includes("zz")));
  });
});

Deno.test("readFleet: more services than anybody runs are a problem, and the rollout still shows", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await roll(zk, "2");
    const paths = Array.from({ length: 1_000 }, (_, index) => servicePath(`zz-${index}`));
    await Promise.all(paths.map((path) => zk.create(path)));
    const fleet = await readFleet(zk);
    assert.deepEqual([fleet.rollout?.id, fleet.queue.length], [id, 1]);
    assert.match(
      fleet.problems.join(),
      /^read \/dc\/services: expected at most 1000 children, was 1001/,
    );
  });
});
