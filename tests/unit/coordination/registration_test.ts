import assert from "node:assert/strict";
import {
  forgetHost,
  HostNameTaken,
  joinRoster,
  refuseNamesake,
} from "../../../coordination/mod.ts";
import {
  areaMembersPath,
  areaServingPath,
  currentPath,
  encodeEntry,
  newcomersPath,
  placedPath,
  SCHEMA_VERSION,
  servicePath,
  servingPath,
} from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { read, register, say, SERVICE, TestTree } from "./tree.ts";

Deno.test("registerHost: replaces a ghost of this agent's earlier session", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const later = tree.client();
    await register(later, current("web-1", { version: "2" }));
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "2");
    const stat = await zk.exists(currentPath(SERVICE, "web-1"));
    assert.equal(stat?.ephemeralOwner, later.sessionId);
    await register(later, current("web-1", { version: "3" }));
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "3");
  });
});

Deno.test("registerHost: never takes the entry of another machine", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const namesake = current("web-1", { agent: "another", version: "9" });
    await assert.rejects(() => refuseNamesake(tree.client(), SERVICE, namesake), HostNameTaken);
    await assert.rejects(
      () => register(tree.client(), namesake),
      HostNameTaken,
    );
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "1");
  });
});

Deno.test("registerHost: of two machines that start at once under one name, one is refused", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-2");
    const outcomes = await Promise.allSettled(
      ["a", "b"].map(async (agent) => {
        const client = tree.client();
        const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
        const enrolled = await joinRoster(client, SERVICE, { host: "web-1", roster });
        await register(client, current("web-1", { agent }), enrolled);
      }),
    );
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
    const winner = outcomes[0]?.status === "fulfilled" ? "a" : "b";
    assert.equal((await read(zk)).view.current.get("web-1")?.agent, winner);
  });
});

Deno.test("writeHost: a late request of an agent from before the present registration changes nothing (I5)", async () => {
  // Regression: it overwrote "down" by "serving", and a request of a dead agent deleted the slot of the switch under way.
  await TestTree.run(async (tree, zk) => {
    const [[, earlier] = []] = [...await tree.addHosts("web-1")];
    assert.ok(earlier);
    const later = tree.client();
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    const enrolled = await joinRoster(later, SERVICE, { host: "web-1", roster });
    assert.equal(enrolled.epoch, 1);
    const down = current("web-1", { state: "down" });
    await register(later, down, enrolled);
    const late = say(earlier, current("web-1"));
    await assert.rejects(() => late, { code: "BAD_VERSION" });
    assert.equal((await read(zk)).view.current.get("web-1")?.state, "down");
  });
});

Deno.test("joinRoster: one host more has those decide again that have decided without it", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const { slotsVersion } = (await read(zk)).view;
    await tree.addHosts("web-2");
    assert.ok((await read(zk)).view.slotsVersion > slotsVersion);
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
      const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
      const enrolled = await joinRoster(host, SERVICE, { host: "web-1", roster });
      await register(host, current("web-1"), enrolled);
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
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    const enrolled = await joinRoster(zk, SERVICE, { host: "web-1", roster });
    await assert.rejects(() => register(tree.client(), current("web-1"), enrolled), refusal);
  });
});

Deno.test("registerHost: a copy of the data folder on another machine, or of another boot, is refused", async () => {
  // Regression: a cloned machine counted as the same host, and two instances were down at once with a budget of one.
  await TestTree.run(async (_, zk) => {
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    const registerOn = async (machine: { id: string; boot: string }) => {
      const own = current("web-1", { machine });
      await refuseNamesake(zk, SERVICE, own);
      const enrolled = await joinRoster(zk, SERVICE, { host: "web-1", roster });
      await register(zk, own, enrolled);
    };
    await registerOn({ id: "a", boot: "1" });
    await registerOn({ id: "a", boot: "1" });
    for (const machine of [{ id: "b", boot: "2" }, { id: "a", boot: "3" }]) {
      await assert.rejects(() => registerOn(machine), {
        code: "HOST_NAME_TAKEN",
        message: /an agent with a copy of this data folder is online under that name/,
      });
    }
    assert.deepEqual((await read(zk)).view.current.get("web-1")?.machine, { id: "a", boot: "1" });
  });
});

Deno.test("joinRoster: what others have written of a host, and that it has never served, outlast its agents", async () => {
  // Regression: an agent that registered wrote over what an operator had said of its host.
  await TestTree.run(async (tree, zk) => {
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    const first = await joinRoster(zk, SERVICE, { host: "web-1", roster });
    assert.deepEqual(first, { epoch: 0, roster: { ...roster, newcomer: true } });
    const drained = { by: "ann", reason: null, sinceMs: 5 };
    const path = servicePath(SERVICE, "web-1");
    await zk.set(path, encodeEntry({ ...first.roster, drained }));
    const moved = { ...roster, rack: "r2" };
    const again = await joinRoster(zk, SERVICE, { host: "web-1", roster: moved });
    assert.deepEqual(again, { epoch: 2, roster: { ...moved, newcomer: true, drained } });
    const agent = tree.client();
    await register(agent, current("web-1", { state: "down" }), again);
    assert.equal((await joinRoster(zk, SERVICE, { host: "web-1", roster })).roster.newcomer, true);
    const third = await joinRoster(zk, SERVICE, { host: "web-1", roster: moved });
    // While it is drained nobody begins to count on it.
    await register(agent, current("web-1"), third);
    const isNewStill = { ...moved, newcomer: true, drained };
    assert.deepEqual((await read(zk)).view.rosterEntries.get("web-1"), isNewStill);
    assert.equal(await zk.exists(servingPath(SERVICE, "web-1")), null);
    const ended = { by: "bob", reason: null, sinceMs: 6 };
    await zk.set(path, encodeEntry({ ...isNewStill, drained: { ...drained, ended } }));
    // It is until its agent has put it back.
    const ending = await joinRoster(zk, SERVICE, { host: "web-1", roster: moved });
    await register(agent, current("web-1"), ending);
    assert.deepEqual((await read(zk)).view.rosterEntries.get("web-1")?.drained?.ended, ended);
    await register(agent, current("web-1"), { ...ending, isPutBack: true });
    assert.deepEqual((await read(zk)).view.rosterEntries.get("web-1"), moved);
    assert.equal(await zk.exists(newcomersPath(SERVICE, "web-1")), null);
    assert.notEqual(await zk.exists(servingPath(SERVICE, "web-1")), null);
    // Its epoch has moved on by that.
    await assert.rejects(() => say(agent, current("web-1"), { epoch: ending.epoch }));
    await say(agent, current("web-1"), { epoch: ending.epoch + 1 });
  });
});

Deno.test("joinRoster, registerHost: a host counts where it stands once it has served, and is moved and forgotten with it", async () => {
  await TestTree.run(async (tree, zk) => {
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    const membersOf = async (area: string) => await zk.childNames(areaMembersPath(SERVICE, area));
    const servingIn = async (area: string) => await zk.childNames(areaServingPath(SERVICE, area));
    const agent = tree.client();
    const first = await joinRoster(agent, SERVICE, { host: "web-1", roster });
    await register(agent, current("web-1", { state: "down" }), first);
    assert.deepEqual(await membersOf("r1@north"), []);
    const again = await joinRoster(agent, SERVICE, { host: "web-1", roster });
    await register(agent, current("web-1"), again);
    assert.deepEqual(await membersOf("r1@north"), ["web-1"]);
    assert.deepEqual(await membersOf("north"), ["web-1"]);
    assert.deepEqual(await servingIn("r1@north"), ["web-1"]);
    const moved = { ...roster, rack: "r2" };
    const there = await joinRoster(agent, SERVICE, { host: "web-1", roster: moved });
    assert.deepEqual([await membersOf("r1@north"), await servingIn("r1@north")], [[], []]);
    await register(agent, current("web-1", { rack: "r2" }), there);
    assert.deepEqual(await membersOf("r2@north"), ["web-1"]);
    assert.deepEqual(await servingIn("r2@north"), ["web-1"]);
    // What somebody has spoiled by hand, the next registration mends.
    await zk.delete(areaMembersPath(SERVICE, "r2@north", "web-1"));
    await joinRoster(agent, SERVICE, { host: "web-1", roster: moved });
    assert.deepEqual(await membersOf("r2@north"), ["web-1"]);
    await agent.close();
    await forgetHost(zk, "web-1");
    for (const area of ["north", "r1@north", "r2@north"]) {
      assert.deepEqual(await membersOf(area), []);
    }
    assert.equal(await zk.exists(placedPath(SERVICE, "web-1")), null);
  });
});
