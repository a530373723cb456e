import assert from "node:assert/strict";
import { releaseQuarantine } from "../../../coordination/mod.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("quarantine: a rollout ends without a host whose service flaps; an operator has it counted again", async () => {
  const serviceKeys = { quarantine: { restarts: 1, within: "10m", wellFor: "10m" } };
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"], serviceKeys }, async (fleet) => {
    await fleet.install("v1");
    for (let crash = 1; crash <= 2; crash++) {
      const { pid } = await fleet.service("web-3") ?? {};
      assert.ok(pid);
      Deno.kill(pid, "SIGKILL");
      await fleet.untilHost(
        "web-3",
        `was started again ${crash} times`,
        ({ restarts, state }) => restarts?.crash === crash && state === "serving",
      );
    }
    const { quarantined } = await fleet.untilHost(
      "web-3",
      "is in quarantine",
      (host) => host.quarantined !== null,
    );
    assert.equal(quarantined?.reason, "started again more than 1 times within 600 s");

    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" }, policy: { maxUnavailable: 2 } });
    await fleet.untilFinished();
    await fleet.untilServing("v2", ["web-1", "web-2"]);
    const left = await fleet.host("web-3");
    assert.deepEqual([left.version, left.state], ["v1", "serving"]);
    assert.match(left.waitingFor ?? "", /^quarantined: started again/);

    assert.deepEqual(await releaseQuarantine(fleet.zookeeper, "web-3"), ["web"]);
    await fleet.untilServing("v2");
    assert.equal((await fleet.host("web-3")).quarantined, null);
    await assert.rejects(
      () => releaseQuarantine(fleet.zookeeper, "web-3"),
      /it is in quarantine for none of its services; rollcall hosts list shows who is/,
    );
  });
});
