/** Tests of the tree's layout and of the names of sequential nodes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  currentPath,
  historyPath,
  parseSequentialName,
  servicePath,
  SKELETON,
  slotsPath,
  sortSequential,
  stagingPath,
  stagingPrefix,
  wavePath,
  wavePrefix,
} from "../../../rollout/mod.ts";

/** As the server formats the counter: `%010d` of a signed 32-bit number. */
function format(sequence: number): string {
  return sequence < 0
    ? `-${String(-sequence).padStart(9, "0")}`
    : String(sequence).padStart(10, "0");
}

Deno.test("tree: every path in its place", () => {
  assert.equal(currentPath("A"), "/dc/current/A");
  assert.equal(currentPath("A", "web-1"), "/dc/current/A/web-1");
  assert.equal(stagingPath("A"), "/dc/staging/A");
  assert.equal(stagingPath("A", "web-1-0000000003"), "/dc/staging/A/web-1-0000000003");
  assert.equal(stagingPrefix("A", "web-1"), "/dc/staging/A/web-1-");
  assert.equal(wavePath("A-0000000000"), "/dc/deploy/A-0000000000");
  assert.equal(wavePrefix("A"), "/dc/deploy/A-");
  assert.equal(servicePath("A"), "/dc/services/A");
  assert.equal(servicePath("A", "web-1"), "/dc/services/A/web-1");
  assert.equal(slotsPath("A"), "/dc/slots/A");
  assert.equal(slotsPath("A", "web-1"), "/dc/slots/A/web-1");
  assert.equal(historyPath("r1"), "/dc/history/r1");
});

Deno.test("SKELETON: parents before their children", () => {
  for (const [index, path] of SKELETON.entries()) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    assert.ok(parent === "" || SKELETON.slice(0, index).includes(parent), path);
  }
});

Deno.test("parseSequentialName: host names with dashes and digits", () => {
  assert.deepEqual(parseSequentialName("web-3-0000000012"), {
    node: "web-3-0000000012",
    prefix: "web-3",
    sequence: 12,
  });
  assert.equal(parseSequentialName("a-0000000001-0000000002")?.prefix, "a-0000000001");
});

Deno.test("parseSequentialName: a counter that passed 2^31 turns negative", () => {
  assert.deepEqual(parseSequentialName(`web-3-${format(-2_147_483_648)}`), {
    node: "web-3--2147483648",
    prefix: "web-3",
    sequence: -2_147_483_648,
  });
  assert.deepEqual(parseSequentialName(`web-3-${format(-1)}`), {
    node: "web-3--000000001",
    prefix: "web-3",
    sequence: -1,
  });
});

Deno.test("parseSequentialName: null for what no sequential create made", () => {
  for (const name of ["web", "web-3", "web-12345", "-0000000001", "web0000000001", ""]) {
    assert.equal(parseSequentialName(name), null, name);
  }
});

Deno.test("parseSequentialName: takes apart what the server put together", () => {
  const prefix = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,12}[a-z0-9])?$/);
  const sequence = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 });
  fc.assert(fc.property(prefix, sequence, (prefix, sequence) => {
    const node = `${prefix}-${format(sequence)}`;
    assert.deepEqual(parseSequentialName(node), { node, prefix, sequence });
  }));
});

Deno.test("sortSequential: by number, not by name; foreign names are left out", () => {
  const nodes = ["b-0000000002", "lost+found", "c-0000000010", "a-0000000003"];
  assert.deepEqual(
    sortSequential(nodes).map(({ node }) => node),
    ["b-0000000002", "a-0000000003", "c-0000000010"],
  );
});

Deno.test("sortSequential: keeps the queue's order when the counter turns negative", () => {
  // Oldest first: the counter went past 2^31 between these two.
  const nodes = [`b-${format(-2_147_483_648)}`, `a-${format(2_147_483_647)}`];
  assert.deepEqual(sortSequential(nodes).map(({ prefix }) => prefix), ["a", "b"]);
});
