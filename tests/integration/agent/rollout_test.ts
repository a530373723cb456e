import assert from "node:assert/strict";
import { DRAIN_SWITCH } from "./harness/agent_config.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("rollout: a fleet where nothing serves takes its first version, then one by one the next (I1, I3)", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" }, policy: { quorum: "100%" } });
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.equal(fleet.observer.mostHolders, 1);
    assert.equal(fleet.observer.admissions.length, 3);
    const { services } = await fleet.read();
    assert.equal(services["web"]?.committed, "v2");
    for (const host of services["web"]?.hosts ?? []) {
      assert.deepEqual([host.slot, host.preparation, host.waitingFor], [null, null, null]);
    }
  });
});

Deno.test("rollout: a service goes after what it depends on, also at the first install (I2)", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"], services: ["A", "B"] }, async (fleet) => {
    for (const version of ["v1", "v2"]) {
      await fleet.observer.forget();
      await fleet.publish(version, { kind: "healthy" }, { service: "A" });
      await fleet.publish(version, { kind: "healthy" }, { service: "B" });
      await fleet.startRollout({ versions: { B: version, A: version }, dependsOn: { B: ["A"] } });
      await fleet.untilFinished();
      const services = fleet.observer.admissions.map((slot) => slot.slice(0, 1));
      assert.deepEqual(services, ["A", "A", "B", "B"]);
      for (const host of fleet.hosts) {
        assert.equal((await fleet.service(host, "A"))?.version, version);
        assert.equal((await fleet.service(host, "B"))?.version, version);
      }
    }
  });
});

Deno.test("rollout: a canary goes first, the others when its wave is finished (I2)", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.observer.forget();
    await fleet.publish("v2", { kind: "unwell", unless: "good" });
    await fleet.startRollout({
      versions: { web: "v2" },
      order: [{ service: "web", hosts: ["web-2"] }, "web"],
      policy: { health: { deadline: 60_000 } },
    });
    await fleet.untilHost("web-2", "is tried", ({ slot }) => slot?.step === "checking");
    for (const host of ["web-1", "web-3"]) {
      await fleet.untilHost(
        host,
        "says why it waits",
        ({ waitingFor }) =>
          waitingFor?.endsWith(" first") === true && waitingFor.startsWith("wave of"),
      );
    }
    assert.deepEqual(fleet.observer.admissions, ["web/web-2"]);
    await fleet.turn("good", "on");
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.equal(fleet.observer.mostHolders, 1);
  });
});

Deno.test("rollout: while it is paused nobody goes down, not even who drains with a slot (I6)", async () => {
  // Regression: a pause, an abort or a halt during a long drain stopped the service all the same.
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.turn(DRAIN_SWITCH, "on");
    await fleet.startRollout({ versions: { web: "v2" } });
    const { services } = await fleet.until(
      "one drains",
      (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === "draining") === true,
    );
    const [first = ""] = (services["web"]?.hosts ?? []).filter(({ slot }) => slot !== null)
      .map(({ host }) => host);
    await fleet.pause();
    await fleet.untilHost(first, "gives its slot back", ({ slot }) => slot === null);
    await fleet.turn(DRAIN_SWITCH, "off");
    for (const host of fleet.hosts) {
      await fleet.untilHost(
        host,
        "says why it waits",
        ({ waitingFor }) => waitingFor?.startsWith("control is paused by test") === true,
      );
    }
    await fleet.untilServing("v1");
    await fleet.resume();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    // Not before: who gets the slot only to give it back holds it for less time than lies between two looks.
    assert.equal(fleet.observer.mostHolders, 1);
  });
});

Deno.test("rollout: while it is paused who is down already finishes, and nobody else goes down (I6)", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" }, policy: { bakeTime: 5_000 } });
    const { services } = await fleet.until(
      "one bakes",
      (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === "baking") === true,
    );
    const [first = ""] = (services["web"]?.hosts ?? []).filter(({ slot }) => slot !== null)
      .map(({ host }) => host);
    await fleet.pause();
    await fleet.untilServing("v2", [first]);
    for (const host of fleet.hosts.filter((other) => other !== first)) {
      await fleet.untilHost(
        host,
        "says why it waits",
        ({ waitingFor }) => waitingFor?.startsWith("control is paused by test") === true,
      );
    }
    assert.deepEqual(fleet.observer.admissions, [`web/${first}`]);
    await fleet.resume();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});
