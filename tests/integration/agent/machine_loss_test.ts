import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

Deno.test("machine: a dead one uses up the budget, and comes back to the popular version (I1, I8)", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killMachine("web-3");
    await fleet.untilOffline(["web-3"]);
    await fleet.publish("v2");
    await fleet.observer.forget();
    await fleet.startRollout({ versions: { web: "v2" }, policy: { maxUnavailable: 1 } });
    const { services } = await fleet.until(
      "somebody waits for it",
      (seen) =>
        seen.services["web"]?.hosts.some(({ waitingFor }) =>
          waitingFor === "budget: 1 of 1 down, web-3 is offline"
        ) === true,
    );
    const waiting = services["web"]?.hosts.filter(({ online }) => online) ?? [];
    assert.ok(waiting.every(({ version, state }) => version === "v1" && state === "serving"));
    assert.deepEqual(fleet.observer.admissions, []);

    await fleet.startAgent("web-3");
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.match(fleet.agent("web-3").log, /starts v1, most popular: 2 hosts serve v1/);

    await fleet.killMachine("web-3");
    await fleet.untilOffline(["web-3"]);
    await fleet.publish("v3");
    await fleet.startRollout({ versions: { web: "v3" }, policy: { maxUnavailable: 2 } });
    await fleet.untilFinished();
    await fleet.untilServing("v3", ["web-1", "web-2"]);
    await fleet.startAgent("web-3");
    await fleet.untilServing("v3");
    assert.match(
      fleet.agent("web-3").log,
      /starts v3, nothing else is on offer: the committed version v3/,
    );
  });
});

Deno.test("machine: after a power cut all of them start the committed version; a rollout goes on where it was (I7, I8)", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await powerCut(fleet);
    for (const host of HOSTS) await fleet.startAgent(host);
    await fleet.untilServing("v1");
    assert.ok(HOSTS.some((host) => fleet.agent(host).log.includes("the committed version v1")));

    await fleet.publish("v2", { kind: "unwell", unless: "good" });
    await fleet.observer.forget();
    await fleet.startRollout({ versions: { web: "v2" }, policy: { health: { deadline: 60_000 } } });
    await fleet.until(
      "one is on its way",
      (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === "checking") === true,
    );
    await powerCut(fleet);
    await fleet.turn("good", "on");
    for (const host of HOSTS) await fleet.startAgent(host);
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.equal(fleet.observer.mostHolders, 1);
  });
});

async function powerCut(fleet: TestFleet): Promise<void> {
  await Promise.all(HOSTS.map((host) => fleet.killMachine(host)));
  await fleet.untilOffline();
}
