import assert from "node:assert/strict";
import type { RunnerOutcome } from "../../../../actors/runner/messages.ts";
import {
  chooseRestart,
  chooseVersion,
  startAsCurrent,
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

Deno.test("startAsCurrent: what is started is the current release, once it runs", async () => {
  // Regression, found by the simulation: after a switch that the end of the machine had interrupted, the one before it ran, and
  // the one that the switch had been to was the current one for good.
  const done: string[] = [];
  const releases = {
    currentVersion: () => Promise.resolve("v2"),
    switchCurrent: (version: string) => Promise.resolve(void done.push(`current ${version}`)),
  };
  const start = (version: string, outcome: RunnerOutcome) =>
    startAsCurrent(version, releases, () => {
      done.push(`start ${version}`);
      return Promise.resolve(outcome);
    });
  await start("v1", { ok: true });
  assert.deepEqual(done.splice(0), ["start v1", "current v1"]);
  await start("v1", { ok: false, reason: "no such file" });
  await start("v2", { ok: true });
  assert.deepEqual(done, ["start v1", "start v2"]);
});

Deno.test("chooseRestart: a host that starts alone is of the restart that it ran by, and restarts no second time for it", () => {
  // Regression: it was of none, and took its service down once more as soon as it could read the tree.
  const alone = { version: "v2", onTrial: null };
  assert.equal(chooseRestart(alone, { version: "v2", restart: "r-5" }), "r-5");
  assert.equal(chooseRestart(alone, { version: "v2", restart: null }), undefined);
  assert.equal(chooseRestart(alone, { version: "v1", restart: "r-5" }), undefined);
  assert.equal(chooseRestart(alone, null), undefined);
  const onTrial = { version: "v2", onTrial: { to: "v2" } };
  assert.equal(chooseRestart(onTrial, { version: "v2", restart: "r-5" }), undefined);
});
