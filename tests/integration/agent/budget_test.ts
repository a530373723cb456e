import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("budget: a rack where a host is away waits for it, while the other one goes on, one by one (I1)", async () => {
  const racks = { "web-1": "r1", "web-2": "r1", "web-3": "r2", "web-4": "r2" };
  const hosts = Object.keys(racks);
  await TestFleet.run({ hosts, racks }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killMachine("web-2");
    await fleet.untilOffline(["web-2"]);
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.startRollout({
      versions: { web: "v2" },
      policy: { maxUnavailable: 3, maxConcurrent: 3, maxUnavailablePerRack: 1 },
    });
    await fleet.untilServing("v2", ["web-3", "web-4"]);
    const waitingFor = "budget of rack r1: 1 of 1 down, web-2 is offline";
    await fleet.untilHost("web-1", "says why", (host) => host.waitingFor === waitingFor);
    assert.equal((await fleet.service("web-1"))?.version, "v1");
    assert.equal(fleet.observer.mostHolders, 1);
    await fleet.startAgent("web-2");
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});
