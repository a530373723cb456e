/**
 * The main job, run as a user runs it: a fleet on this machine takes v1, then rolls v2 out live.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startRealZooKeeper } from "../real_zookeeper.ts";
import { demoFolders, type DemoJson, processesOf, runDemoJson, startDemo } from "./demo_process.ts";

function assertRolledOut(json: DemoJson): void {
  assert.deepEqual(json.problems, []);
  assert.equal(json.ok, true);
  assert.deepEqual(json.rollout.order, ["A", "B"]);
  assert.deepEqual(json.rollout.maxConcurrentDown, { A: 1, B: 1 });
  for (const host of json.hosts) {
    assert.deepEqual([host.version, host.state], ["v2", "serving"], `${host.host} ${host.service}`);
  }
}

Deno.test("demo: six hosts roll v2 out, one at a time, A before B, near the least possible traffic", async () => {
  const { run, json } = await runDemoJson("--blob-size", "8M");
  assert.equal(run.status, 0, run.stderr);
  assertRolledOut(json);
  assert.equal(json.hosts.length, 12);
  assert.equal(json.killed, null);
  const { bytes, crossSiteBytes, crossSiteOptimumBytes, crossRackBytes, crossRackOptimumBytes } =
    json.distribution;
  assert.ok(bytes >= 12 * 8 * 1024 ** 2, `${bytes} bytes moved`);
  // How near depends on who announces first; twice the optimum is what a tracker without locality does not reach.
  assert.ok(
    crossSiteBytes >= crossSiteOptimumBytes && crossSiteBytes <= 2 * crossSiteOptimumBytes,
    `${crossSiteBytes}`,
  );
  assert.ok(
    crossRackBytes >= crossRackOptimumBytes && crossRackBytes <= 2 * crossRackOptimumBytes,
    `${crossRackBytes}`,
  );
});

Deno.test("demo --kill: an agent that is killed in the middle rejoins, and the rollout ends", async () => {
  const { run, json } = await runDemoJson("--blob-size", "4M", "--kill", "web-3");
  assert.equal(run.status, 0, run.stderr);
  assertRolledOut(json);
  assert.equal(json.killed?.host, "web-3");
  assert.deepEqual(json.killed?.rejoinedOn, { A: "v2", B: "v2" });
});

Deno.test("demo --blob: a folder of many small files, against a real ZooKeeper server", async () => {
  const zookeeper = await startRealZooKeeper();
  const blob = await Deno.makeTempDir({ prefix: "rollcall-blob-" });
  try {
    for (let index = 0; index < 600; index++) {
      const folder = `${blob}/${index % 20}`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/${index}`, "x".repeat((index * 37) % 3_000));
    }
    const { run, json } = await runDemoJson(
      "--hosts",
      "4",
      "--blob",
      blob,
      "--zookeeper",
      zookeeper.connectString,
    );
    assert.equal(run.status, 0, run.stderr);
    assertRolledOut(json);
  } finally {
    await zookeeper.stop();
    await Deno.remove(blob, { recursive: true });
  }
});

Deno.test("demo: Ctrl-C leaves no process and no folder behind", async () => {
  const before = await demoFolders();
  const { child, ended } = startDemo("--hosts", "2", "--blob-size", "1M");
  let folders: string[] = [];
  // Guard, coordinator, build machine, two agents and their four services: from then on there is much to leave behind.
  for (let look = 0; (await processesOf(folders)).length < 9; look++) {
    assert.ok(look < 600, "the demo's services do not come up");
    folders = (await demoFolders()).filter((folder) => !before.includes(folder));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGINT");
  const { status, stderr } = await ended;
  assert.equal(status, 130, stderr);
  assert.deepEqual(await processesOf(folders), []);
  assert.deepEqual((await demoFolders()).filter((folder) => !before.includes(folder)), []);
});

Deno.test("demo: a host that does not exist is refused with the names of those that do", async () => {
  const { status, stdout, stderr } = await startDemo("--json", "--kill", "web-9").ended;
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /no host is called "web-9" \(the hosts are web-1, web-2, .*web-6\)/);
});
