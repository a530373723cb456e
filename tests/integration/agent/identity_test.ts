import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("agent: a second one under the same host name is refused, and does not disturb the first", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    const namesake = await fleet.startAgent("namesake", { name: "web-1" });
    const { endpoint } = await fleet.host("web-1");
    await fleet.until(
      "it is refused",
      () => namesake.log.includes("another agent is online under that name"),
    );
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.deepEqual(fleet.observer.admissions.toSorted(), ["web/web-1", "web/web-2"]);
    assert.equal((await fleet.host("web-1")).endpoint, endpoint);
    assert.equal(namesake.log.match(/not registered/g)?.length, 1);
    assert.doesNotMatch(namesake.log, /gives back|switches|starts v/);
  });
});

Deno.test("agent: a second one on the same data folder ends at once and says why", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    const second = await fleet.startAgent("second", { name: "web-1", dataDirOf: "web-1" });
    assert.equal((await second.untilEnded()).code, 1);
    assert.match(second.log, /expected to be its only agent, but the agent with pid \d+ uses it/);
  });
});

Deno.test("agent: one with a copy of another's data folder is refused, and does not disturb it", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.install("v1");
    const before = await fleet.service("web-1");
    await fleet.copyDataDir("web-1", "clone");
    const clone = await fleet.startAgent("clone", { name: "web-1", dataDirOf: "clone" });
    await fleet.until(
      "it is refused",
      () => clone.log.includes("an agent with a copy of this data folder is online"),
    );
    await fleet.untilServing("v1");
    assert.deepEqual(await fleet.service("web-1"), before, "the same process");
    assert.doesNotMatch(clone.log, /gives back|switches|starts v/);
  });
});
