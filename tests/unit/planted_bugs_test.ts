/**
 * The planted bugs of the simulation are changes of text. Whoever changes that text hears of it here.
 *
 * @module
 */

import assert from "node:assert/strict";
import { changedFiles, readBugs } from "../simulation/fleet/planted/planted_bug.ts";
import { readShipped } from "../simulation/fleet/planted/planted_tree.ts";

Deno.test("planted bugs: each change applies to the code that ships", async () => {
  for (const bug of (await readBugs()).values()) {
    assert.ok(bug.checks.length > 0, `${bug.name} names no check that should notice it`);
    for (const [file, text] of changedFiles(bug, readShipped)) {
      assert.notEqual(text, readShipped(file), `${bug.name} changes nothing in ${file}`);
    }
  }
});

Deno.test("planted bugs: what should be changed has to be there exactly once", () => {
  const change = { file: "a.ts", find: "once", replace: "never" };
  const changed = (text: string) =>
    changedFiles({ name: "bug", changes: [change] }, () => text).get("a.ts");
  assert.equal(changed("only once"), "only never");
  assert.throws(() => changed("not at all"), /expected exactly once in a.ts, was there 0 times/);
  assert.throws(() => changed("once, once"), /was there 2 times/);
});
