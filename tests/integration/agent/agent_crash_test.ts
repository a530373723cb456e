import assert from "node:assert/strict";
import type { Step } from "../../../rollout/mod.ts";
import { DRAIN_SWITCH } from "./harness/agent_config.ts";
import { TestFleet } from "./harness/fleet.ts";
import { type Behaviour, stubbornSwitch } from "./harness/service_program.ts";

/** How a switch is held at one of its steps, so that the agent can be killed there. */
interface Hold {
  /** The step at which the agent is killed. */
  readonly at: Step;
  /** The step that is written to the journal after the kill, for steps that are too short to be killed in. */
  readonly journal?: Step;
  /** Whether the new version's process is gone as well. */
  readonly withoutService?: boolean;
  /** What holds the switch there; set to `released` once the agent is back. */
  readonly hold: "drain" | "old version stubborn" | "new version unwell" | "bake time";
  readonly released: "on" | "off";
}

const checking = { at: "checking", hold: "new version unwell", released: "on" } as const;

const HOLDS: readonly Hold[] = [
  { at: "draining", hold: "drain", released: "off" },
  { at: "stopping", hold: "old version stubborn", released: "off" },
  { ...checking, journal: "pointing", withoutService: true },
  { ...checking, journal: "starting", withoutService: true },
  { ...checking, journal: "starting" },
  checking,
  { ...checking, withoutService: true },
  { at: "baking", hold: "bake time", released: "on" },
  { at: "baking", journal: "reporting", hold: "bake time", released: "on" },
];

Deno.test("agent: killed at any step of a switch, it resumes and holds its slot throughout (I5)", async (t) => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v0");
    let number = 0;
    for (const hold of HOLDS) {
      const step = hold.journal ?? hold.at;
      const name = hold.withoutService === true ? `${step}, its service gone too` : step;
      await t.step(name, async () => {
        const before = `v${number++}`;
        await killDuringSwitch(fleet, hold, { from: before, to: `v${number}` });
      });
    }
  });
});

async function killDuringSwitch(
  fleet: TestFleet,
  hold: Hold,
  versions: { from: string; to: string },
): Promise<void> {
  const { at, journal, released } = hold;
  const { from, to } = versions;
  const name = {
    "drain": DRAIN_SWITCH,
    "old version stubborn": stubbornSwitch(from),
    "new version unwell": `well-${to}`,
    "bake time": "nothing",
  }[hold.hold];
  const behaviour: Behaviour = hold.hold === "new version unwell"
    ? { kind: "unwell", unless: name }
    : { kind: "healthy" };
  await fleet.turn(name, released === "on" ? "off" : "on");
  await fleet.publish(to, behaviour);
  await fleet.observer.forget();
  await fleet.startRollout({
    versions: { web: to },
    // Long enough to be killed in it.
    policy: { bakeTime: at === "baking" ? 1_500 : 50, health: { deadline: 60_000 } },
  });
  const host = await untilStep(fleet, at);
  if (isAfterStart(at)) {
    await fleet.until("it answers", async () => (await fleet.service(host))?.version === to);
  }
  // The slot is taken first and the journal is written a moment later. An agent that dies in between has not begun the
  // switch, and gives the slot back.
  await fleet.until("the journal tells of it", async () => await readJournal(fleet, host) !== null);
  await fleet.killAgent(host);
  const pid = (await fleet.service(host))?.pid;
  if (hold.withoutService === true && pid !== undefined) Deno.kill(pid, "SIGKILL");
  if (journal !== undefined) await rewriteJournal(fleet, host, journal);
  await fleet.startAgent(host);
  await fleet.turn(name, released);
  await fleet.untilFinished();
  await fleet.untilServing(to);
  assert.deepEqual(fleet.observer.admissions.toSorted(), ["web/web-1", "web/web-2"]);
  assert.equal(fleet.observer.mostHolders, 1);
  // If the new version went on running, it is not started a second time.
  if (isAfterStart(at) && hold.withoutService !== true) {
    assert.equal((await fleet.service(host))?.pid, pid);
  }
}

function isAfterStart(step: Step): boolean {
  return step === "checking" || step === "baking";
}

async function untilStep(fleet: TestFleet, step: Step): Promise<string> {
  const { services } = await fleet.until(
    `a host is ${step}`,
    (seen) => seen.services["web"]?.hosts.some(({ slot }) => slot?.step === step) === true,
  );
  return services["web"]?.hosts.find(({ slot }) => slot?.step === step)?.host ?? "";
}

function journalPath(fleet: TestFleet, host: string): string {
  return `${fleet.folder}/${host}/web/.rollcall/switch.json`;
}

async function readJournal(fleet: TestFleet, host: string): Promise<object | null> {
  try {
    return JSON.parse(await Deno.readTextFile(journalPath(fleet, host)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function rewriteJournal(fleet: TestFleet, host: string, step: Step): Promise<void> {
  const entry = { ...await readJournal(fleet, host), step };
  await Deno.writeTextFile(journalPath(fleet, host), JSON.stringify(entry));
}

Deno.test("agent: killed while it rolls back, it ends on the old version and halts the rollout", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2", { kind: "unwell" });
    await fleet.turn(stubbornSwitch("v2"), "on");
    await fleet.startRollout({ versions: { web: "v2" } });
    const host = await untilStep(fleet, "rolling_back");
    await fleet.killAgent(host);
    await fleet.startAgent(host);
    await fleet.turn(stubbornSwitch("v2"), "off");
    await fleet.until("the rollout is halted", ({ control }) => control?.state === "halted");
    await fleet.untilServing("v1");
    assert.equal((await fleet.host(host)).slot?.step, "failed");
  });
});

Deno.test("agent: a version that is gone each time the agent comes back is rolled back at last", async () => {
  const policy = { bakeTime: 30_000 };
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" }, policy });
    for (let round = 0; round < 3; round++) {
      await untilStep(fleet, "baking");
      await fleet.until("v2 answers", async () => (await fleet.service("web-1"))?.version === "v2");
      await fleet.killMachine("web-1");
      await fleet.startAgent("web-1");
      // Its slot may still have the step "baking"; its entry shows that it has begun again, or rolls back.
      await fleet.until(
        "it goes on",
        () => /switches from v1 to v2, at (pointing|rolling_back)/.test(fleet.agent("web-1").log),
      );
    }
    await fleet.until("the rollout is halted", ({ control }) => control?.state === "halted");
    await fleet.untilServing("v1");
    assert.match((await fleet.host("web-1")).slot?.reason ?? "", /does it take the host down\?/);
  });
});
