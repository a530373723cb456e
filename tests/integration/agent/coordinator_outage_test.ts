import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

/** Longer than the agents' sessions last. */
const OUTAGE_MS = 3_500;

async function pids(fleet: TestFleet) {
  return await Promise.all(HOSTS.map(async (host) => (await fleet.service(host))?.pid));
}

/** Starts a rollout whose first host is held at its health gate until the switch `good` is on. */
async function startHeld(fleet: TestFleet, version: string): Promise<string> {
  await fleet.turn("good", "off");
  await fleet.publish(version, { kind: "unwell", unless: "good" });
  await fleet.observer.forget();
  await fleet.startRollout({
    versions: { web: version },
    policy: { health: { deadline: 60_000 } },
  });
  const { services } = await fleet.until(
    "one is at its health gate",
    (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === "checking") === true,
  );
  const host = services["web"]?.hosts.find(({ slot }) => slot !== null)?.host ?? "";
  await fleet.until(
    "its service answers",
    async () => (await fleet.service(host))?.version === version,
  );
  return host;
}

Deno.test("coordinator: without it services keep serving and nobody goes down; afterwards the rollout ends (I9, I7)", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await startHeld(fleet, "v2");
    const before = await pids(fleet);
    await fleet.stopCoordinator();
    fleet.observer.silences.clear();
    // The switch that is under way is carried to its end, but cannot be reported.
    await fleet.turn("good", "on");
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    assert.deepEqual(await pids(fleet), before);
    for (const host of HOSTS) assert.equal(fleet.observer.silencesOf(host), 0);
    await fleet.restartCoordinator();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.equal(fleet.observer.mostHolders, 1);
  });
});

Deno.test("session: agents whose sessions expired in a rollout register again, and it ends (I5, I7)", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    const host = await startHeld(fleet, "v2");
    for (const name of HOSTS) fleet.agent(name).signal("SIGSTOP");
    await fleet.untilOffline();
    assert.equal((await fleet.host(host)).slot?.step, "checking");
    await fleet.turn("good", "on");
    for (const name of HOSTS) fleet.agent(name).signal("SIGCONT");
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.deepEqual(fleet.observer.admissions.toSorted(), HOSTS.map((name) => `web/${name}`));
    assert.equal(fleet.observer.mostHolders, 1);
  });
});
