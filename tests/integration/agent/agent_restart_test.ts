import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("agent: a restart keeps the service and its pin keeper; told to stop with onExit: stop, it leaves nothing", async () => {
  await TestFleet.run({ hosts: ["web-1"], pin: "required" }, async (fleet) => {
    await fleet.install("v1");
    const pid = (await fleet.service("web-1"))?.pid;
    const keepers = await fleet.keeperPids("web-1");
    assert.equal(keepers.length, 1);
    await fleet.observer.forget();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const exit = await fleet.killAgent("web-1", signal);
      if (signal === "SIGTERM") assert.equal(exit.code, 0);
      await fleet.startAgent("web-1");
      await fleet.untilOnline();
      await fleet.untilServing("v1");
      assert.equal((await fleet.service("web-1"))?.pid, pid);
      assert.deepEqual(await fleet.keeperPids("web-1"), keepers);
    }
    assert.equal(fleet.observer.silencesOf("web-1"), 0);

    await fleet.killAgent("web-1", "SIGTERM");
    const agent = await fleet.startAgent("web-1", { onExit: "stop" });
    await fleet.untilOnline();
    await fleet.untilServing("v1");
    assert.equal((await agent.end("SIGTERM")).code, 0);
    assert.equal(fleet.processCount, 0);
  });
});

Deno.test("agent: a service that crashes is started again, and its entry says so", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.install("v1");
    for (let crash = 0; crash < 2; crash++) {
      const pid = (await fleet.service("web-1"))?.pid ?? 0;
      Deno.kill(pid, "SIGKILL");
      await fleet.untilHost(
        "web-1",
        "is down",
        ({ state, version }) => state === "down" && version === "v1",
      );
      await fleet.untilServing("v1");
      assert.notEqual((await fleet.service("web-1"))?.pid, pid);
    }
    assert.match(fleet.agent("web-1").log, /web v1: ended by itself, signal SIGKILL/);
    await fleet.untilHost("web-1", "waits for nothing", ({ waitingFor }) => waitingFor === null);
  });
});
