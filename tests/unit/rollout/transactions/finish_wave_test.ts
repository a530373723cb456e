/** Tests of the end of a wave where several services go at the same time. */

import assert from "node:assert/strict";
import {
  encodeEntry,
  historyPath,
  type Rollout,
  servicePath,
  transactions,
  wavePath,
} from "../../../../rollout/mod.ts";
import { fleet, must, rollWaves, SERVICE } from "../memory_tree.ts";

const OTHER = {
  schema: 1,
  rollout: "rollout-2",
  service: "B",
  version: "2",
  hosts: null,
  tally: "rollout-2-1",
  after: [],
} as const;

/** A rollout of both services; the wave of the other one is before this one's in the queue. */
function begin() {
  const tree = fleet("web-1");
  const path = wavePath("B-");
  const data = encodeEntry(OTHER);
  must(tree.apply([{ op: "create", path, data, mode: "persistent_sequential" }]));
  const { queue: [other] } = tree.read();
  assert.ok(other);
  must(tree.apply([{ op: "delete", path: wavePath(other.node) }]));
  rollWaves(tree, "2", {}, [{ hosts: null, after: [] }]);
  return tree;
}

function finish(othersFinishedMs: number | null) {
  const tree = begin();
  const before = tree.read();
  assert.ok(before.view.wave);
  const node = before.view.wave.node;
  // Read when the other service's wave was still there, and was the head.
  const reading = { ...before, queue: [{ node: "B-0000000000", service: "B" }, ...before.queue] };
  const record = tree.entry(historyPath("rollout-2")) as Rollout;
  const other = {
    service: "B",
    from: null,
    version: "2",
    hosts: null,
    finishedMs: othersFinishedMs,
  };
  const operations = transactions.finishWave(reading, {
    service: SERVICE,
    wave: { ...OTHER, service: SERVICE, after: [] },
    record: { entry: { ...record, waves: [other, ...record.waves] }, znodeVersion: 0 },
    nowMs: 9,
  });
  assert.ok(operations);
  must(tree.apply(operations));
  assert.ok(!tree.nodes().has(wavePath(node)));
  return tree;
}

Deno.test("finishWave: the rollout has finished when no wave of its record is left, whatever the queue was", () => {
  // Regression: of two services that ended at once, each left it to the other to end the record.
  assert.equal(finish(8).entry(historyPath("rollout-2"))?.["state"], "finished");
  assert.equal(finish(null).entry(historyPath("rollout-2"))?.["state"], "running");
});

Deno.test("finishWave: the last wave of a service commits its version, also behind another service's", () => {
  const service = finish(null).entry(servicePath(SERVICE)) as { committed: { version: string } };
  assert.equal(service.committed.version, "2");
});
