/** What strangers write into the tree, and what a host makes of it: bounds of one reading. */

import assert from "node:assert/strict";
import { readService } from "../../../coordination/mod.ts";
import {
  currentPath,
  decideAdmission,
  decideGoal,
  encodeEntry,
  EntryError,
  SCHEMA_VERSION,
  servicePath,
  slotsPath,
  stagingPath,
  stagingPrefix,
  wavePrefix,
} from "../../../rollout/mod.ts";
import { permissions, type ZooKeeper } from "../../../zookeeper/mod.ts";
import { current, slot } from "../rollout/views.ts";
import { admit, join, read, roll, SERVICE, TestTree } from "./tree.ts";

/** Waits for a reading that fails, and returns its message. */
async function problemOf(zk: ZooKeeper): Promise<string> {
  const error = await read(zk).then(() => null, (error: unknown) => error);
  assert.ok(error instanceof EntryError, String(error));
  return error.message;
}

async function rewrite(zk: ZooKeeper, path: string, change: Record<string, unknown>) {
  const { data } = await zk.get(path);
  const entry = JSON.parse(new TextDecoder().decode(data));
  await zk.set(path, encodeEntry({ ...entry, ...change }));
}

Deno.test("readService: a committed version that is no name is a reading that failed", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    for (
      const version of ["x".repeat(300), "a\0b", "../../../../pwn", ".", "..", "", "current", "a/b"]
    ) {
      const committed = {
        service: SERVICE,
        version,
        infoHash: null,
        sizeBytes: 0,
        torrentUrl: null,
      };
      await rewrite(zk, servicePath(SERVICE), { committed });
      const message = await problemOf(zk);
      assert.match(
        message,
        /^read \/dc\/services\/web: .* at "committed\.version": expected a version /,
      );
      assert.ok(message.length < 500, message);
    }
  });
});

Deno.test("readService: an entry counts under the name of its node, and what does not is dropped and told", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    await roll(zk, "2");
    const forged = encodeEntry(current("web-1", { agent: "another", version: "9" }));
    await zk.create(currentPath(SERVICE, "zz"), forged);
    await zk.create(slotsPath(SERVICE, "zz"), encodeEntry(slot("web-1")));
    const staged = encodeEntry({ schema: SCHEMA_VERSION, host: "web-1", version: "2" });
    await zk.create(stagingPrefix(SERVICE, "zz"), staged, { mode: "persistent_sequential" });
    const { view, problems } = await read(zk);
    assert.deepEqual([...view.current.keys()].toSorted(), ["web-1", "web-2"]);
    assert.equal(view.current.get("web-1")?.agent, "web-1-agent");
    assert.deepEqual([view.slots.size, view.staged.length], [0, 0]);
    assert.equal(problems.length, 3);
    for (const problem of problems) {
      assert.match(
        problem,
        /^read \/dc\/\w+\/web\/zz.*: expected "host" to be "zz", .* was "web-1"/,
      );
    }
  });
});

Deno.test("readService: a wave counts for the service in the name of its node", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const wave = {
      schema: SCHEMA_VERSION,
      rollout: "r",
      service: "other",
      version: "2",
      hosts: null,
    };
    await zk.create(wavePrefix(SERVICE), encodeEntry(wave), { mode: "persistent_sequential" });
    assert.match(
      await problemOf(zk),
      /^read \/dc\/deploy\/web-\d+: expected "service" to be "web"/,
    );
  });
});

Deno.test("readService: names that no host can have are on no roster", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const roster = encodeEntry({ schema: SCHEMA_VERSION, site: "north", rack: "r1" });
    for (const name of ["h".repeat(300), "\u202egnp.exe", "a b", "…"]) {
      await zk.create(servicePath(SERVICE, name), roster);
      await zk.create(currentPath(SERVICE, name), encodeEntry(current("web-1")));
    }
    const { view, problems } = await read(zk);
    assert.deepEqual(view.roster, ["web-1"]);
    assert.deepEqual([...view.current.keys()], ["web-1"]);
    assert.equal(problems.length, 8);
    for (const problem of problems) {
      assert.ok(problem.length < 300, problem);
      assert.doesNotMatch(problem, /[^\x20-\x7e]/, "no character that a terminal could act on");
    }
  });
});

Deno.test("readService: a slot that cannot be read counts as held, until its host gives it back (I1)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    await admit(host, "web-1", "2");
    await zk.set(slotsPath(SERVICE, "web-1"), "garbage");
    await join(host, "web-2", "2");
    const reading = await read(zk);
    const { service } = reading;
    assert.match(reading.problems.join(), /^read \/dc\/slots\/web\/web-1: expected JSON/);
    const request = {
      host: "web-2",
      service: SERVICE,
      version: "2",
      catchUp: true,
      behind: null,
      wallTimeMs: 0,
    };
    const admission = decideAdmission((await read(zk, "web-2")).census, request);
    assert.match(admission.admit ? "" : admission.waitingFor, /^budget: 1 of 1 down, web-1 holds/);
    assert.ok(service);
    const goal = decideGoal({
      ...reading,
      host: "web-1",
      service: service.entry,
      running: { version: "1" },
      isServing: true,
      hasRejoined: true,
      unstarted: null,
    });
    assert.equal(goal.goal.kind, "return_slot");
  });
});

Deno.test("readService: entries that a stranger has locked, swollen or nested drop out alone", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const entry = encodeEntry(current("locked"));
    const nobody = [{ permissions: permissions.ALL, scheme: "ip", id: "10.9.9.9" }];
    await zk.create(currentPath(SERVICE, "locked"), entry, { acl: nobody });
    const swollen = JSON.stringify(current("swollen", { waitingFor: "x".repeat(200_000) }));
    await zk.create(currentPath(SERVICE, "swollen"), swollen);
    const nested = JSON.stringify(current("nested")).slice(0, -1) +
      `,"extra":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    await zk.create(currentPath(SERVICE, "nested"), nested);
    const { view, problems } = await read(zk);
    assert.deepEqual([...view.current.keys()], ["web-1"]);
    assert.equal(problems.length, 3, problems.join("\n"));
    assert.match(problems.join("\n"), /swollen: expected at most 65536 bytes, was \d{6}/);
    assert.match(problems.join("\n"), /locked: .*NO_AUTH/);
    assert.match(problems.join("\n"), /nested: expected at most \d+ levels/);
  });
});

Deno.test("readService: a node of the whole service that is locked, empty or crowded is a reading that failed", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await zk.set(servicePath(SERVICE), "");
    assert.match(await problemOf(zk), /^read \/dc\/services\/web: expected JSON, was 0 bytes/);
  });
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await zk.setAcl(stagingPath(SERVICE), [{
      permissions: permissions.ALL,
      scheme: "ip",
      id: "10.9.9.9",
    }]);
    assert.match(await problemOf(zk), /^read \/dc\/staging\/web: .*NO_AUTH/);
  });
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    for (let batch = 0; batch < 3; batch++) {
      await Promise.all(
        Array.from({ length: 400 }, (_, index) => zk.create(`/dc/deploy/x${batch}-${index}`)),
      );
    }
    assert.match(
      await problemOf(zk),
      /^read \/dc\/deploy: expected at most 1000 children, was 1200/,
    );
  });
});

Deno.test("readService: 200 forged entries of a megabyte each neither end the session nor stay in memory", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const megabyte = new Uint8Array(1_000_000).fill(32);
    for (let index = 0; index < 200; index++) {
      await zk.create(currentPath(SERVICE, `zz-${index}`), megabyte);
    }
    const states: string[] = [];
    zk.onState((state) => states.push(state));
    const { view, problems } = await readService(zk, SERVICE);
    assert.deepEqual([...view.current.keys()], ["web-1"]);
    assert.ok(problems.length > 0 && problems.length <= 101, `${problems.length}`);
    assert.deepEqual(states, []);
  });
});

Deno.test("joinStaging: an entry of its own that was overwritten is replaced", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    const node = await join(host, "web-1", "2");
    await zk.set(stagingPath(SERVICE, node), "garbage");
    const again = await join(host, "web-1", "2");
    assert.notEqual(again, node);
    assert.deepEqual((await read(zk)).stagingNodes.map((staged) => staged.node), [again]);
  });
});
