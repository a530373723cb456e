import assert from "node:assert/strict";
import type { Switch } from "../../../../actors/upgrade_coordinator/machine/switch.ts";
import { type SwitchTools, takeStep } from "../../../../actors/upgrade_coordinator/take_step.ts";
import type { RunnerMessage } from "../../../../actors/runner/messages.ts";
import { ActorSystem, silentLogger, systemClock } from "../../../../actors/runtime/mod.ts";

const CHANGE: Switch = {
  from: "v1",
  to: "v2",
  step: "draining",
  sinceMs: 5,
  hasSlot: true,
  wave: "web-0000000001",
  reason: null,
  restarts: 0,
  trial: { bakeMs: 7, health: { deadlineMs: 8, intervalMs: 9, successes: 3 } },
};

Deno.test("takeStep: a service that was drained and could not be stopped is undrained on the way back", async () => {
  // Regression: with a full disk the journal could not be written. The host served nobody from then on.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-switch-" });
  const undrained = `${folder}/undrained`;
  const system = ActorSystem.create({ name: "test" });
  const status = (version: string) => ({
    wanted: version,
    version,
    pid: 1,
    health: { ok: true as const },
  });
  try {
    for (const running of ["v1", "v2"]) {
      let version = running;
      const runner = system.spawn<null, RunnerMessage>(`runner-${running}`, {
        name: "runner",
        init: () => null,
        receive(state, message) {
          if (message.type === "status" || message.type === "check") {
            message.replyTo.tell(status(version));
          } else if (message.type === "stop" || message.type === "start") {
            if (message.type === "start") version = message.version;
            message.replyTo.tell({ ok: true });
          }
          return state;
        },
      });
      const tools = {
        config: {
          drain: ["true"],
          undrain: ["touch", undrained],
          drainTimeout: 5_000,
          stopGrace: 1_000,
          pin: { mode: "off" },
        },
        store: { switchCurrent: () => Promise.resolve() },
        runner,
        clock: systemClock,
        log: silentLogger,
        signal: new AbortController().signal,
      } as unknown as SwitchTools;
      const trial = { bakeMs: 0, health: { deadlineMs: 5_000, intervalMs: 1, successes: 1 } };
      await takeStep({ ...CHANGE, step: "rolling_back", reason: "disk full", trial }, tools);
      const isUndrained = await Deno.stat(undrained).then(() => true, () => false);
      assert.equal(isUndrained, running === "v1");
      if (isUndrained) await Deno.remove(undrained);
    }
  } finally {
    await system.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("takeStep: the old version that the runner refuses is the current one all the same, and it says why", async () => {
  const system = ActorSystem.create({ name: "test" });
  const refused = { ok: false as const, reason: "expected v1 on disk as it was verified" };
  const runner = system.spawn<null, RunnerMessage>("runner", {
    name: "runner",
    init: () => null,
    receive(state, message) {
      if (message.type === "status") {
        const health = { ok: false as const, reason: "not running" };
        message.replyTo.tell({ wanted: null, version: null, pid: null, health });
      } else if (message.type === "stop") message.replyTo.tell({ ok: true });
      else if (message.type === "start") message.replyTo.tell(refused);
      return state;
    },
  });
  const pointed: string[] = [];
  const tools = {
    config: { stopGrace: 1_000, pin: { mode: "off" } },
    store: { switchCurrent: (version: string) => Promise.resolve(void pointed.push(version)) },
    runner,
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
  } as unknown as SwitchTools;
  try {
    const back = { ...CHANGE, step: "rolling_back", reason: "health gate" } as const;
    await assert.rejects(takeStep(back, tools), /start v1: expected v1 on disk as it was verified/);
    // What is current is what the machine starts if it cannot ask anybody.
    assert.deepEqual(pointed, ["v1"]);
  } finally {
    await system.stop();
  }
});
