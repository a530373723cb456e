import assert from "node:assert/strict";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

/** Longer than the agents' sessions last. */
const OUTAGE_MS = 3_500;

async function pids(fleet: TestFleet) {
  return await Promise.all(HOSTS.map(async (host) => (await fleet.service(host))?.pid));
}

/** Waits until all have a session again. */
async function untilBack(fleet: TestFleet): Promise<void> {
  await fleet.until(
    "all are online",
    ({ services }) => services["web"]?.hosts.every(({ online }) => online) ?? false,
  );
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

Deno.test("session: after an abort every host stays on what it runs, whatever sessions are lost, and that is said (I8)", async () => {
  // Regression: hosts that had lost their sessions went back to the committed version by themselves.
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2");
    await fleet.startRollout({
      versions: { web: "v2" },
      // The last wave waits for a person, so that all but one have switched when it is aborted.
      waves: { web: [2, { gate: "promote" }, "all"] },
    });
    await fleet.until(
      "two of them run v2",
      ({ services }) =>
        services["web"]?.hosts.filter(({ version, state }) =>
          version === "v2" && state === "serving"
        ).length === 2,
    );
    await fleet.until("the wave is over", ({ queue }) => queue.length === 1);
    await fleet.abort();
    const before = await pids(fleet);
    const versions = async () =>
      (await fleet.read()).services["web"]?.hosts.map(({ version }) => version);
    const ran = await versions();
    for (const name of HOSTS) fleet.agent(name).signal("SIGSTOP");
    await fleet.untilOffline();
    for (const name of HOSTS) fleet.agent(name).signal("SIGCONT");
    await untilBack(fleet);
    await fleet.stopCoordinator();
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    await fleet.restartCoordinator();
    await untilBack(fleet);
    // Whoever would go to another version would have begun by now: readings come with the new session.
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    assert.deepEqual([await pids(fleet), await versions()], [before, ran]);
    const { stdout } = await rollcall("status", "--zookeeper", fleet.connectString);
    assert.match(stdout, /web: committed v1, 3 of 3 serving, 3 online, 2 run another version/);
    assert.match(stdout, /not the committed v1; it stays on v2 until the\s+next rollout/);
  });
});
