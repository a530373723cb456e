import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";
import { unwellSwitch } from "./harness/service_program.ts";

/** An agent that starts its service again soon when it hangs. */
const RESTARTS_SOON = { stopGrace: "500ms", restartAfterFailedChecks: 3 };

Deno.test("health: a service that stands still is started again, counted, and told once; nobody else is", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killAgent("web-1", "SIGTERM");
    const before = await fleet.service("web-1");
    assert.ok(before);
    await fleet.startAgent("web-1", { serviceKeys: RESTARTS_SOON });
    await fleet.untilOnline(["web-1"]);
    await fleet.untilServing("v1");

    Deno.kill(before.pid, "SIGSTOP");
    await fleet.untilHost("web-1", "is down", ({ state }) => state === "down");
    await fleet.untilHost("web-1", "serves again", ({ state }) => state === "serving");
    const after = await fleet.service("web-1");
    assert.notEqual(after?.pid, before.pid);
    const { restarts } = await fleet.untilHost(
      "web-1",
      "has counted it",
      (host) => host.restarts !== null,
    );
    assert.deepEqual(restarts, { crash: 0, unwell: 1 });
    const { log } = fleet.agent("web-1");
    assert.equal(log.match(/web v1: unwell: /g)?.length, 1, log);
    assert.equal(log.match(/web v1: started again after \d+ failed checks/g)?.length, 1, log);
    assert.equal((await fleet.host("web-2")).restarts, null);
  });
});

Deno.test("health: a version that cannot start again after its bake says so while the rollout goes on", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2");
    // The second host is not admitted while the first one is down, which is no failure where nobody watches it.
    const policy = { bakeTime: 1_500, watch: 0 };
    await fleet.startRollout({ versions: { web: "v2" }, policy });
    const { services } = await fleet.until(
      "one host runs it",
      (seen) => seen.services["web"]?.hosts.some(({ version }) => version === "v2") === true,
    );
    const host = services["web"]?.hosts.find(({ version }) => version === "v2")?.host ?? "";
    await fleet.turn(unwellSwitch(host), "on");
    const { pid } = await fleet.service(host) ?? {};
    assert.ok(pid);
    Deno.kill(pid, "SIGKILL");
    const down = await fleet.untilHost(
      host,
      "says why it is down",
      ({ state, waitingFor, restarts }) =>
        state === "down" && restarts !== null && waitingFor !== null,
    );
    assert.match(down.waitingFor ?? "", /^v2 is unwell: /);
    assert.equal(typeof down.waitingSinceMs, "number");
    assert.deepEqual(down.restarts, { crash: 1, unwell: 0 });
    await fleet.turn(unwellSwitch(host), "off");
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});
