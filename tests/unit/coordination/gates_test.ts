/** Tests of gates against a coordinator: who opens one, and whom that lets go. */

import assert from "node:assert/strict";
import {
  haltRollout,
  openGate,
  pauseRollout,
  promote,
  readFleet,
  readRolloutHistory,
  readWaitingGates,
  resumeRollout,
  startRollout,
} from "../../../coordination/mod.ts";
import { DEFAULT_POLICY, type Gate, type PlannedWave, wavePath } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { read, SERVICE, TestTree } from "./tree.ts";

/** Starts a rollout of version 2 in these waves. */
async function start(
  zk: ZooKeeper,
  waves: readonly Pick<PlannedWave, "hosts" | "gate">[],
): Promise<void> {
  const release = {
    service: SERVICE,
    version: "2",
    infoHash: null,
    sizeBytes: 0,
    torrentUrl: null,
  };
  await startRollout(zk, {
    id: "r",
    by: "test",
    nowMs: 0,
    services: new Map([[SERVICE, {
      version: "2",
      dependsOn: [],
      policy: { ...DEFAULT_POLICY, quorum: 1 },
    }]]),
    releases: new Map([[SERVICE, release]]),
    waves: waves.map((wave) => ({ service: SERVICE, version: "2", ...wave })),
  });
}

const PERSON: Gate = {};

/** The orders in the record of the rollout, in their order. */
async function orders(zk: ZooKeeper) {
  const { events } = await readRolloutHistory(zk, "r");
  return events.flatMap((event) =>
    event.kind === "order" ? [[event.order, event.by, event.reason, event.service]] : []
  );
}

Deno.test("promote: opens the gate of the wave that is next, with who and when, and keeps what it does not know", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await start(zk, [{ hosts: null, gate: PERSON }]);
    const [gate] = await readWaitingGates(zk);
    assert.ok(gate);
    const path = wavePath(gate.node);
    const { data } = await zk.get(path);
    const entry = JSON.parse(new TextDecoder().decode(data));
    await zk.set(path, JSON.stringify({ ...entry, later: 7, gate: { later: 8 } }));
    const word = { by: "ann", reason: "it looks fine", nowMs: 5 };
    assert.deepEqual(await promote(zk, word), gate);
    const after = JSON.parse(new TextDecoder().decode((await zk.get(path)).data));
    assert.equal(after.later, 7);
    assert.deepEqual(after.gate, { later: 8, opened: { by: "ann", atMs: 5, how: "promoted" } });
    const { queue } = await readFleet(zk);
    assert.deepEqual([queue[0]?.isNext, queue[0]?.gate?.opened?.by], [true, "ann"]);
    assert.deepEqual(await orders(zk), [["promote", "ann", "it looks fine", SERVICE]]);
  });
});

Deno.test("promote: only where a wave waits, and only once", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    const none = /^RolloutError: promote: no wave waits at a gate/;
    await assert.rejects(promote(zk, { by: "ann", nowMs: 0 }), none);
    await start(zk, [{ hosts: ["web-1"] }, { hosts: null, gate: PERSON }]);
    await assert.rejects(promote(zk, { by: "ann", nowMs: 0 }), none);
    const [first] = (await read(zk)).queue;
    await zk.delete(wavePath(first?.node ?? ""));
    const other = /promote: no wave of db waits at a gate; those of web 2 do$/;
    await assert.rejects(promote(zk, { service: "db", by: "ann", nowMs: 0 }), other);
    await promote(zk, { service: SERVICE, by: "ann", nowMs: 0 });
    await assert.rejects(promote(zk, { by: "ben", nowMs: 1 }), none);
  });
});

Deno.test("openGate: not on a reading from before a pause, nor of a wave that has changed", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await start(zk, [{ hosts: null, gate: { afterMs: 1 } }]);
    const before = await read(zk);
    const wave = before.view.wave;
    assert.ok(wave);
    const opening = { wave, by: "web-1", how: "1ms have passed", nowMs: 0 };
    const word = { by: "ann", reason: null, sinceMs: 0 };
    await pauseRollout(zk, word);
    assert.equal(await openGate(zk, before, opening), false);
    await resumeRollout(zk, word);
    const now = await read(zk);
    const counter = now.view.slotsVersion;
    assert.equal(await openGate(zk, now, opening), true);
    // Whoever waits for the counter is woken, and whoever keeps the entries of waves reads them again.
    const after = await read(zk);
    assert.ok(after.view.slotsVersion > counter);
    assert.equal(after.view.wave?.gate?.opened?.by, "web-1");
    assert.equal(await openGate(zk, now, opening), false);
    assert.deepEqual((await orders(zk)).slice(2), [
      ["open gate", "web-1", "1ms have passed", SERVICE],
    ]);
  });
});

Deno.test("haltRollout: halts with the reason, unless the gate was opened meanwhile", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await start(zk, [{ hosts: null, gate: PERSON }]);
    const before = await read(zk);
    const halt = { by: "web-1", reason: "gate: no", nowMs: 3 };
    await promote(zk, { by: "ann", nowMs: 0 });
    assert.equal(await haltRollout(zk, before, halt), false);
    const now = await read(zk);
    assert.equal(await haltRollout(zk, now, halt), true);
    const { control } = (await read(zk)).view;
    assert.deepEqual([control?.state, control?.by, control?.reason], [
      "halted",
      "web-1",
      "gate: no",
    ]);
    assert.deepEqual((await orders(zk)).at(-1), ["halt", "web-1", "gate: no", undefined]);
  });
});
