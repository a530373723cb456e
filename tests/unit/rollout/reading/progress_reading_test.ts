/** Tests of which wave is watched for its progress. */

import assert from "node:assert/strict";
import {
  decodeWatchedWave,
  encodeEntry,
  type Gate,
  headPaths,
  otherWavePaths,
  wavePath,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must } from "../memory_tree.ts";

/** Queues a wave. `after`: left out in a rollout that goes strictly in order. */
function queue(
  tree: MemoryTree,
  service: string,
  { gate, after }: { readonly gate?: Gate; readonly after?: readonly string[] } = {},
): void {
  const wave = {
    schema: 1,
    rollout: "r",
    service,
    version: "2",
    hosts: null,
    tally: `r-${service}`,
    ...(gate === undefined ? {} : { gate }),
    ...(after === undefined ? {} : { after }),
  };
  const path = wavePath(`${service}-`);
  must(
    tree.apply([{ op: "create", path, data: encodeEntry(wave), mode: "persistent_sequential" }]),
  );
}

function watched(tree: MemoryTree) {
  const { service, gateMs } = decodeWatchedWave(tree) ?? {};
  return [service, gateMs];
}

const PERSON: Gate = {};

Deno.test("decodeWatchedWave: the head of the queue, with the time that it may wait at its gate", () => {
  const tree = fleet("web-1");
  assert.equal(decodeWatchedWave(tree), null);
  queue(tree, "B", { gate: { afterMs: 600_000 } });
  queue(tree, "A");
  assert.deepEqual(watched(tree), ["B", 600_000]);
  assert.equal(headPaths(tree).length, 1);
  assert.deepEqual(otherWavePaths(tree), []);
});

Deno.test("decodeWatchedWave: nobody is to blame for a wave that waits for a person", () => {
  const tree = fleet("web-1");
  queue(tree, "B", { gate: PERSON });
  queue(tree, "A");
  assert.equal(decodeWatchedWave(tree), null);
});

Deno.test("decodeWatchedWave: another service that goes at the same time is watched then, and none that is not next", () => {
  const tree = fleet("web-1");
  queue(tree, "B", { gate: PERSON, after: ["C"] });
  queue(tree, "C", { after: ["B"] });
  queue(tree, "A", { after: [] });
  assert.equal(otherWavePaths(tree).length, 2);
  assert.deepEqual(watched(tree), ["A", 0]);
});
