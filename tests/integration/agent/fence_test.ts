/** Tests of the fence before a service is stopped, with real agents: what happens to the tree while one is away. */

import assert from "node:assert/strict";
import { forgetHost } from "../../../coordination/mod.ts";
import { SwitchJournal } from "../../../host/mod.ts";
import { CONTROL } from "../../../rollout/mod.ts";
import { DRAIN_SWITCH } from "./harness/agent_config.ts";
import { TestFleet } from "./harness/fleet.ts";
import { stubbornSwitch } from "./harness/service_program.ts";

const HOSTS = ["web-1", "web-2"];

/** Longer than the agents' sessions last. */
const OUTAGE_MS = 3_500;

/** Starts a rollout to v2, and holds its first host while it drains. @returns That host. */
async function startDraining(fleet: TestFleet): Promise<string> {
  await fleet.install("v1");
  await fleet.observer.forget();
  await fleet.publish("v2");
  await fleet.turn(DRAIN_SWITCH, "on");
  await fleet.startRollout({ versions: { web: "v2" } });
  const { services } = await fleet.until(
    "one drains",
    (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === "draining") === true,
  );
  const host = services["web"]?.hosts.find(({ slot }) => slot !== null)?.host ?? "";
  // The slot says that a host drains from the moment it is taken; the hook runs once the journal says so as well.
  const journal = new SwitchJournal(`${fleet.folder}/${host}/web/.rollcall/switch.json`);
  await fleet.until("its journal says so", () => journal.read().state === "present");
  return host;
}

Deno.test("fence: an agent that died while it drained does not stop a service whose slot an operator freed (I5, I6)", async () => {
  // Regression: it trusted its journal, and took v1 down with no slot, control paused, and v2 withdrawn.
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    const host = await startDraining(fleet);
    const before = await fleet.service(host);
    await fleet.killAgent(host);
    await fleet.untilOffline([host]);
    await forgetHost(fleet.zookeeper, host);
    await fleet.abort();
    await fleet.pause();
    await fleet.turn(DRAIN_SWITCH, "off");
    await fleet.startAgent(host);
    await fleet.untilServing("v1", [host]);
    await fleet.until(
      "it gives up",
      () =>
        /does not switch to v2, and gives its slot back: its slot is gone/.test(
          fleet.agent(host).log,
        ),
    );
    assert.deepEqual(await fleet.service(host), before, "the same process");
    assert.equal((await fleet.host(host)).slot, null);
  });
});

Deno.test("fence: an agent that died while its service was ending keeps its slot while nobody may go down (I5)", async () => {
  // Regression: the next agent found the service running, and gave its slot back; then it ended.
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.turn(stubbornSwitch("v1"), "on");
    await fleet.startRollout({ versions: { web: "v2" } });
    const { services } = await fleet.until(
      "one stops its service",
      (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === "stopping") === true,
    );
    const host = services["web"]?.hosts.find(({ slot }) => slot !== null)?.host ?? "";
    const journal = new SwitchJournal(`${fleet.folder}/${host}/web/.rollcall/switch.json`);
    await fleet.until("its journal says so", () => {
      const found = journal.read();
      return found.state === "present" && found.entry.step === "stopping";
    });
    await fleet.killAgent(host);
    const before = await fleet.service(host);
    await fleet.pause();
    await fleet.startAgent(host);
    await fleet.untilHost(
      host,
      "says that its service may be ending",
      ({ waitingFor }) => /its slot stands while the service may be ending/.test(waitingFor ?? ""),
    );
    await fleet.turn(stubbornSwitch("v1"), "off");
    // The signal may have been on its way only: then it goes on serving.
    if (before !== null) Deno.kill(before.pid, "SIGTERM");
    await fleet.until("another process of it answers", async () => {
      const now = await fleet.service(host);
      return now !== null && now.pid !== before?.pid;
    });
    assert.notEqual((await fleet.host(host)).slot, null);
    await fleet.resume();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.equal(fleet.observer.mostHolders, 1);
  });
});

Deno.test("fence: without ZooKeeper a host that has drained waits and serves, and goes on afterwards (I9)", async () => {
  // Regression: it stopped its service with nobody there to say whether it still might.
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    const host = await startDraining(fleet);
    const before = await fleet.service(host);
    await fleet.stopCoordinator();
    await fleet.turn(DRAIN_SWITCH, "off");
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    assert.deepEqual(await fleet.service(host), before, "the same process");
    await fleet.restartCoordinator();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
    assert.equal(fleet.observer.mostHolders, 1);
  });
});

Deno.test("fence: an abort while a host drains leaves its service alone", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    const host = await startDraining(fleet);
    const before = await fleet.service(host);
    await fleet.abort();
    await fleet.untilHost(host, "gives its slot back", ({ slot }) => slot === null);
    await fleet.turn(DRAIN_SWITCH, "off");
    await fleet.untilServing("v1");
    assert.deepEqual(await fleet.service(host), before, "the same process");
  });
});

Deno.test("machine: one whose release was touched repairs it when it comes back, and holds nobody up", async () => {
  // Regression: it was down for ever, since "the service runs from" files that had changed, though nothing ran.
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killMachine("web-1");
    await fleet.untilOffline(["web-1"]);
    await fleet.touchRelease("web-1", "v1");
    await fleet.startAgent("web-1");
    await fleet.untilServing("v1");
  });
});

Deno.test("machine: without ZooKeeper one that comes back starts what it ran, after a while", async () => {
  await TestFleet.run({ hosts: ["web-1"], startAloneAfter: 1_000 }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killMachine("web-1");
    await fleet.stopCoordinator();
    await fleet.startAgent("web-1");
    await untilAnswers(fleet, "web-1", "v1");
    await fleet.restartCoordinator();
    await fleet.untilServing("v1");
  });
});

Deno.test("machine: with a tree that makes no sense one that comes back starts what it ran, after a while", async () => {
  // Regression: there was a session, so it waited for ever.
  await TestFleet.run({ hosts: ["web-1"], startAloneAfter: 1_000 }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killMachine("web-1");
    const { data } = await fleet.zookeeper.get(CONTROL);
    await fleet.zookeeper.set(CONTROL, "garbage");
    await fleet.startAgent("web-1");
    await untilAnswers(fleet, "web-1", "v1");
    await fleet.zookeeper.set(CONTROL, data);
    await fleet.untilServing("v1");
  });
});

/** Asks the service itself, because the tree is away. */
async function untilAnswers(fleet: TestFleet, host: string, version: string): Promise<void> {
  for (let look = 0; look < 600; look++) {
    if ((await fleet.service(host))?.version === version) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain until ${host} answers as ${version}`);
}
