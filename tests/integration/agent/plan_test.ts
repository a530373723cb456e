/** `rollcall rollout plan`, against real agents. */

import assert from "node:assert/strict";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("rollout plan: an estimate from measured switches, and which hosts cannot hold two releases", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2");
    await fleet.publish("v3");
    const plan = `${fleet.folder}/plan.yaml`;
    const show = async (version: string, ...more: string[]) => {
      await Deno.writeTextFile(
        plan,
        `feed: ${fleet.build.feedUrl}\nservices:\n  web: { version: ${version} }\n`,
      );
      const args = ["rollout", "plan", plan, ...more, "--zookeeper", fleet.connectString];
      const { status, stdout, stderr } = await rollcall(...args);
      assert.equal(status, 0, stderr);
      return stdout.replaceAll(/\n? +/g, " ");
    };
    assert.match(await show("v2"), /no estimate: no switch of web was measured yet/);
    await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    const shown = await show("v3");
    assert.match(
      shown,
      /Takes about .*\nMeasured so far, without bake time: web .* \(2 switches\)/,
    );
    assert.ok(!shown.includes("room"), shown);

    // From now on one of them may lock less than the release takes, and of the other nobody knows.
    await fleet.killAgent("web-1");
    await fleet.killAgent("web-2");
    await fleet.startAgent("web-1", { serviceKeys: { pin: { mode: "required", limit: 1 } } });
    await fleet.until("web-1 is back", ({ services }) => {
      const [one, other] = services["web"]?.hosts ?? [];
      return one?.online === true && other?.online === false;
    });
    const { services: [web] } = JSON.parse(await show("v3", "--json"));
    assert.deepEqual(web.room.unknown, []);
    assert.deepEqual(web.room.lacking.map(({ host }: { host: string }) => host), ["web-1"]);
    assert.match(web.room.lacking[0].reason, /expected at most 1 bytes, as configured/);
    assert.match(await show("v3"), /\n! web-1 has no room: pin web v3: expected at most 1 bytes/);
  });
});
