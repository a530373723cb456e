/** A reading from a tree in memory; what strangers write into one is in tests/unit/coordination. */

import assert from "node:assert/strict";
import {
  checkParents,
  countingPaths,
  decodeReading,
  EntryError,
  entryPaths,
  parentPaths,
  sharedPaths,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, roll, SERVICE } from "../memory_tree.ts";

/** The nodes alone that a reading says it needs. */
function partOf(tree: MemoryTree) {
  const counting = countingPaths(SERVICE, tree);
  const parents = [...parentPaths(SERVICE), ...counting];
  const paths = [...sharedPaths(SERVICE), ...entryPaths(SERVICE, tree), ...counting];
  return {
    node: (path: string) => paths.includes(path) ? tree.node(path) : assert.fail(path),
    children: (path: string) => parents.includes(path) ? tree.children(path) : assert.fail(path),
  };
}

Deno.test("decodeReading: needs no node that it does not name", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const reading = decodeReading(SERVICE, partOf(tree));
  assert.deepEqual(reading, decodeReading(SERVICE, tree));
  assert.deepEqual(reading.view.roster, ["web-1", "web-2"]);
  assert.deepEqual([reading.waves.length, reading.offer?.version], [1, "2"]);
  assert.deepEqual([...reading.view.current.keys()], ["web-1", "web-2"]);
});

Deno.test("checkParents: a node with more children than anybody has is not listed", () => {
  const node = {
    data: new Uint8Array(0),
    version: 0,
    mtimeMs: 0,
    childCount: 1_001,
    childrenVersion: 0,
    session: 0n,
  };
  const crowded = (path: string) => path === "/dc/deploy" ? node : null;
  assert.throws(() => checkParents(SERVICE, { node: crowded }), EntryError);
});
