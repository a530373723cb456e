import assert from "node:assert/strict";
import { drainHost, joinRoster, undrainHost } from "../../../coordination/mod.ts";
import { servicePath } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { beforeReadingOf, read, register, SERVICE, TestTree } from "./tree.ts";

const HOST = "web-1";
const PLACE = { schema: 1, site: "north", rack: "r1" } as const;

Deno.test("undrainHost: not once more over a host that its agent puts back at that moment", async () => {
  // Regression, found by the simulation: the word was decided on by one reading, and written over what a later one had found. The
  // host counted as serving by its markers, and as drained by the roster.
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts(HOST, "web-2", "web-3");
    const agent = hosts.get(HOST);
    assert.ok(agent);
    const word = { host: HOST, by: "ann", reason: null } as const;
    await drainHost(zk, { ...word, sinceMs: 5, isForced: true });
    const racing = beforeReadingOf(servicePath(SERVICE, HOST), zk, async () => {
      await undrainHost(zk, { ...word, sinceMs: 6 });
      const enrolled = await joinRoster(agent, SERVICE, { host: HOST, roster: PLACE });
      await register(agent, current(HOST), { ...enrolled, isPutBack: true });
    });
    await assert.rejects(
      () => undrainHost(racing, { ...word, by: "bob", sinceMs: 7 }),
      /web-1 is not drained for web; nothing was changed/,
    );
    assert.equal((await read(zk)).view.rosterEntries.get(HOST)?.drained, undefined);
  });
});
