/** Tests of the history against a coordinator: what is kept, and what it says of switches. */

import assert from "node:assert/strict";
import {
  abortRollout,
  apply,
  pruneHistory,
  readHistory,
  readRolloutHistory,
  readSwitchTimes,
} from "../../../coordination/mod.ts";
import { type RolloutEvent, SCHEMA_VERSION, transactions } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { roll, SERVICE, TestTree } from "./tree.ts";

function switched(tookMs: number, service = SERVICE): RolloutEvent {
  return {
    schema: SCHEMA_VERSION,
    kind: "switch",
    service,
    host: "web-1",
    from: "1",
    to: "2",
    outcome: "switched",
    reason: null,
    steps: [{ step: "stopping", tookMs }],
  };
}

/** A rollout that is over, with these events. */
async function rolled(zk: ZooKeeper, version: string, events: readonly RolloutEvent[]) {
  const id = await roll(zk, version);
  await abortRollout(zk, { by: "test", nowMs: 0 });
  await apply(zk, events.map((event) => transactions.recordEvent(id, event)));
  return id;
}

Deno.test("pruneHistory: the oldest go with their events, but never the last two", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const ids: string[] = [];
    for (const version of ["2", "3", "4", "5"]) {
      ids.push(await rolled(zk, version, [switched(1), switched(2)]));
    }
    const kept = async () => (await readHistory(zk)).rollouts.map(({ id }) => id).toReversed();
    // Each has its abort as a third event.
    await pruneHistory(zk, { eventsMax: 12 });
    assert.deepEqual(await kept(), ids);
    await pruneHistory(zk, { eventsMax: 11 });
    assert.deepEqual(await kept(), ids.slice(1));
    await pruneHistory(zk, { eventsMax: 0 });
    assert.deepEqual(await kept(), ids.slice(2));
    assert.equal((await readRolloutHistory(zk, ids.at(-1) ?? "")).events.length, 3);
  });
});

Deno.test("readSwitchTimes: by the newest rollout of each service that has measured any", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await rolled(zk, "2", [switched(5_000), switched(70, "db")]);
    await rolled(zk, "3", [switched(1_000), switched(3_000), switched(2_000)]);
    // Nobody has switched in the last one.
    await rolled(zk, "4", []);
    const times = await readSwitchTimes(zk, [SERVICE, "db", "api"]);
    assert.deepEqual(Object.fromEntries(times), {
      [SERVICE]: { count: 3, medianMs: 2_000 },
      db: { count: 1, medianMs: 70 },
    });
  });
});

Deno.test("readRolloutHistory: of many events the last, if so many are asked for", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await rolled(zk, "2", [switched(1), switched(2), switched(3)]);
    const { events } = await readRolloutHistory(zk, id, 2);
    assert.deepEqual(
      events.map((event) => event.kind === "switch" ? event.steps[0]?.tookMs : event.order),
      [2, 3],
    );
  });
});
