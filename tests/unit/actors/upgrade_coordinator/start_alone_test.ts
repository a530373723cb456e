import assert from "node:assert/strict";
import {
  chooseRestart,
  chooseVersion,
} from "../../../../actors/upgrade_coordinator/start_alone.ts";

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

Deno.test("chooseRestart: a host that starts alone is of the restart that it ran by, and restarts no second time for it", () => {
  // Regression: it was of none, and took its service down once more as soon as it could read the tree.
  const alone = { version: "v2", interrupted: null };
  assert.equal(chooseRestart(alone, { version: "v2", restart: "r-5" }), "r-5");
  assert.equal(chooseRestart(alone, { version: "v2", restart: null }), undefined);
  assert.equal(chooseRestart(alone, { version: "v1", restart: "r-5" }), undefined);
  assert.equal(chooseRestart(alone, null), undefined);
  const onTrial = { version: "v2", interrupted: { to: "v2" } };
  assert.equal(chooseRestart(onTrial, { version: "v2", restart: "r-5" }), undefined);
});
