import assert from "node:assert/strict";
import { chooseVersion } from "../../../../actors/upgrade_coordinator/start_alone.ts";

/** A store in which these versions are as they were verified, and v2 is the current one. */
function store(...intact: string[]) {
  return {
    currentVersion: () => Promise.resolve("v2"),
    isIntact: (version: string) => Promise.resolve({ intact: intact.includes(version) }),
  };
}

Deno.test("chooseVersion: what ran before a switch that was interrupted, as long as it is intact", async () => {
  // Regression: v2 was on trial and took the machine down; without ZooKeeper it was started at each boot.
  assert.equal(await chooseVersion("v1", store("v1", "v2")), "v1");
  assert.equal(await chooseVersion("v1", store("v2")), "v2");
  assert.equal(await chooseVersion(null, store("v1", "v2")), "v2");
});
