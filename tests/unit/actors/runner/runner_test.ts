import assert from "node:assert/strict";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";
import type {
  HealthEvent,
  RunnerMessage,
  RunnerOutcome,
  RunningFacts,
} from "../../../../actors/runner/messages.ts";
import { runnerActor } from "../../../../actors/runner/runner.ts";
import {
  type ActorRef,
  ActorSystem,
  type Probe,
  type ReplyTo,
  spawnProbe,
  Topic,
  VirtualClock,
} from "../../../../actors/runtime/mod.ts";
import {
  adoptService,
  NO_BLOB,
  ReleaseStore,
  type ServiceProcesses,
  startService,
  thisHost,
} from "../../../../host/mod.ts";

interface Bench {
  readonly folder: string;
  readonly store: ReleaseStore;
  readonly clock: VirtualClock;
  /** Starts a runner of a service that runs this shell script, with further keys of the config. */
  spawn(script: string, keys?: Record<string, unknown>, processes?: ServiceProcesses): {
    runner: ActorRef<RunnerMessage>;
    health: Probe<HealthEvent>;
    /** What it has told of its process. */
    facts: RunningFacts[];
  };
  /** What was logged as a warning or for information. */
  readonly logged: string[];
  /** Waits for something outside the actors; virtual time stands still. */
  until(what: string, isTrue: () => boolean): Promise<void>;
}

async function run(test: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-runner-" });
  const store = new ReleaseStore(folder, "web");
  await store.open();
  await store.preparePartial("v1");
  await Deno.writeTextFile(`${store.paths("v1").partial}/blob`, "v1");
  await store.writeReceipt("v1", { infoHash: NO_BLOB, verifiedAt: 0 });
  await store.promote("v1");
  const clock = new VirtualClock();
  const systems: ActorSystem[] = [];
  const logged: string[] = [];
  const log = (text: string, properties: Record<string, unknown> = {}) =>
    void logged.push(text.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name])));
  try {
    await test({
      folder,
      store,
      clock,
      logged,
      spawn(script, keys = {}, processes = thisHost.processes) {
        const system = ActorSystem.create({
          name: "test",
          clock,
          // Nothing is put off by chance.
          random: { next: () => 0 },
          log: { debug() {}, info: log, warn: log, error: log },
        });
        systems.push(system);
        const { services } = agentConfigSchema.parse({
          site: "north",
          rack: "r1",
          zookeeper: "localhost:1",
          dataDir: folder,
          services: { web: { command: ["sh", "-c", script], stopGrace: "1s", ...keys } },
        });
        const config = services["web"];
        assert.ok(config);
        const events = new Topic<HealthEvent>("health", { replayLast: true });
        const health = spawnProbe<HealthEvent>(system, "health");
        events.subscribe(health.ref);
        const facts: RunningFacts[] = [];
        const runner = runnerActor({
          service: "web",
          host: "web-1",
          config,
          store,
          events,
          facts: { tell: (told) => facts.push(told) },
          processes,
        });
        return { runner: system.spawn("runner", runner), health, facts };
      },
      async until(what, isTrue) {
        for (let look = 0; look < 1_000; look++) {
          await clock.settle();
          if (isTrue()) return;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        throw new Error(`waited in vain until ${what}`);
      },
    });
  } finally {
    for (const system of systems) await system.stop();
    await adoptService(store.layout.processRecord)?.stop({ graceMs: 1_000 });
    await Deno.remove(folder, { recursive: true });
  }
}

const ignore: ReplyTo<RunnerOutcome> = { path: "/test", tell: () => "accepted" };

Deno.test("runner: a service that crashes is started again after 1 s, 2 s, 4 s", async () => {
  await run(async ({ folder, clock, spawn, until }) => {
    const { runner, health } = spawn(`echo x >> ${folder}/starts; exit 3`);
    const starts = () => {
      try {
        return Deno.readTextFileSync(`${folder}/starts`).length / 2;
      } catch {
        return 0;
      }
    };
    runner.tell({ type: "start", version: "v1", replyTo: ignore });
    let expected = 1;
    for (const delayMs of [1_000, 2_000, 4_000]) {
      await until("it has started", () => starts() === expected);
      const crashes = () =>
        health.messages.filter(({ status }) =>
          !status.health.ok && status.health.reason.includes("exit status 3")
        ).length;
      await until("its end is known", () => crashes() >= expected && clock.scheduledCount > 0);
      await clock.advance(delayMs - 1);
      assert.equal(starts(), expected);
      await clock.advance(1);
      expected++;
    }
    await until("it has started", () => starts() === expected);
  });
});

Deno.test("runner: of a process that it adopts it says nothing before the first check", async () => {
  await run(async ({ clock, store, spawn, until }) => {
    const first = spawn("exec sleep 60");
    first.runner.tell({ type: "start", version: "v1", replyTo: ignore });
    await until("it is well", () => first.health.messages.at(-1)?.status.health.ok === true);
    const pid = first.health.messages.at(-1)?.status.pid;

    const second = spawn("exec sleep 60");
    await clock.settle();
    await until("it says something", () => second.health.messages.length > 0);
    assert.deepEqual(second.health.messages.map(({ status }) => status), [
      { wanted: "v1", restart: null, version: "v1", pid, health: { ok: true } },
    ]);
    const found = adoptService(store.layout.processRecord);
    found?.detach();
    assert.equal(found?.pid, pid);
  });
});

Deno.test("runner: nothing runs after a stop, and a start of what runs already is fine", async () => {
  await run(async ({ store, spawn, until }) => {
    const { runner, health } = spawn("exec sleep 60");
    const outcomes: unknown[] = [];
    const replyTo = {
      path: "/test",
      tell: (outcome: unknown) => (outcomes.push(outcome), "accepted" as const),
    };
    runner.tell({ type: "start", version: "v1", replyTo });
    runner.tell({ type: "start", version: "v1", replyTo });
    runner.tell({ type: "start", version: "v2", replyTo });
    runner.tell({ type: "stop", replyTo });
    await until("all is answered", () => outcomes.length === 4);
    assert.deepEqual(outcomes, [
      { ok: true },
      { ok: true },
      { ok: false, reason: "version v1 runs; stop it first" },
      { ok: true },
    ]);
    assert.equal(adoptService(store.layout.processRecord), null);
    assert.equal(health.messages.at(-1)?.status.wanted, null);
  });
});

Deno.test("runner: a stop is told when it begins, while the process still runs", async () => {
  // Regression, found by the simulation: a coordinator that was restarted meanwhile took the service for one that goes on, and
  // gave back the slot of its switch.
  await run(async ({ spawn, until }) => {
    const { runner, health } = spawn(`trap "" TERM; while :; do sleep 0.05; done`);
    const { outcomes, replyTo } = collect();
    runner.tell({ type: "start", version: "v1", replyTo });
    await until("it runs", () => outcomes.length === 1);
    runner.tell({ type: "stop", replyTo });
    const last = () => health.messages.at(-1)?.status;
    await until("it is told", () => last()?.wanted === null);
    assert.deepEqual([last()?.version, outcomes.length], ["v1", 1]);
    await until("it has ended", () => outcomes.length === 2);
    assert.deepEqual([last()?.version, outcomes[1]], [null, { ok: true }]);
  });
});

Deno.test("runner: what runs on after a stop that has failed is told when it is to run again", async () => {
  // Regression, found by the simulation: nobody was told, so its host went on to think that nothing ran, and started it some
  // sixteen times a second, for ever.
  const processes: ServiceProcesses = {
    ...thisHost.processes,
    async start(options) {
      const started = await thisHost.processes.start(options);
      const stop = started.stop.bind(started);
      let hasFailed = false;
      started.stop = async (how) => {
        if (hasFailed) return await stop(how);
        hasFailed = true;
        throw new Error("input/output error");
      };
      return started;
    },
  };
  await run(async ({ spawn, until }) => {
    const { runner, health } = spawn("sleep 60", {}, processes);
    const { outcomes, replyTo } = collect();
    const last = () => health.messages.at(-1)?.status;
    runner.tell({ type: "start", version: "v1", replyTo });
    await until("it runs", () => outcomes.length === 1 && last()?.version === "v1");
    runner.tell({ type: "stop", replyTo });
    await until("the stop has failed", () => outcomes.length === 2);
    assert.equal(outcomes[1]?.ok, false);
    assert.deepEqual([last()?.wanted, last()?.version], [null, "v1"]);
    runner.tell({ type: "start", version: "v1", replyTo });
    await until("it is answered", () => outcomes.length === 3);
    assert.deepEqual(outcomes[2], { ok: true });
    assert.deepEqual([last()?.wanted, last()?.version], ["v1", "v1"]);
  });
});

Deno.test("runner: a stop between a crash and the restart is told, since nothing is started any more", async () => {
  // Regression: whoever followed the service waited for ever for its restart.
  await run(async ({ clock, spawn, until }) => {
    const { runner, health } = spawn("exit 3");
    runner.tell({ type: "start", version: "v1", replyTo: ignore });
    const last = () => health.messages.at(-1)?.status;
    await until("it has ended", () => JSON.stringify(last()).includes("exit status 3"));
    assert.equal(last()?.wanted, "v1");
    runner.tell({ type: "stop", replyTo: ignore });
    await until("it is told", () => last()?.wanted === null);
    await clock.advance(60_000);
    assert.equal(last()?.wanted, null);
  });
});

Deno.test("runner: what has changed since it was verified is not started, and it says what (I4)", async () => {
  // Regression: a roll back, and a restart after a crash, started whatever was on the disk.
  await run(async ({ folder, store, clock, spawn, until }) => {
    const { runner, health } = spawn(`echo x >> ${folder}/starts; exit 3`);
    const starts = () => Deno.readTextFileSync(`${folder}/starts`).length / 2;
    const outcomes: RunnerOutcome[] = [];
    const replyTo = {
      path: "/test",
      tell: (outcome: RunnerOutcome) => (outcomes.push(outcome), "accepted" as const),
    };
    runner.tell({ type: "start", version: "v1", replyTo });
    const reason = () => {
      const last = health.messages.at(-1)?.status.health;
      return last === undefined || last.ok ? "" : last.reason;
    };
    await until("it has crashed", () => reason().includes("exit status 3"));

    await Deno.writeTextFile(`${store.paths("v1").final}/blob`, "something else");
    await clock.advance(1_000);
    await until("it is given up", () => health.messages.at(-1)?.status.wanted === null);
    assert.match(reason(), /v1 on disk as it was verified: blob has 14 bytes instead of 2/);
    await clock.advance(600_000);
    assert.equal(starts(), 1);

    runner.tell({ type: "start", version: "v1", replyTo });
    await until("it is answered", () => outcomes.length === 2);
    const [, second] = outcomes;
    assert.match(second?.ok === false ? second.reason : "", /blob has 14 bytes instead of 2/);
    assert.equal(starts(), 1);
  });
});

/** Collects the outcomes of requests. */
function collect(): { outcomes: RunnerOutcome[]; replyTo: ReplyTo<RunnerOutcome> } {
  const outcomes: RunnerOutcome[] = [];
  const tell = (outcome: RunnerOutcome) => (outcomes.push(outcome), "accepted" as const);
  return { outcomes, replyTo: { path: "/test", tell } };
}

Deno.test("runner: why a service does not start is logged once, and is what is wrong with it", async () => {
  await run(async ({ folder, clock, logged, spawn, until }) => {
    const program = `${folder}/program`;
    await Deno.writeTextFile(program, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const { runner, health } = spawn("", { command: [program] });
    runner.tell({ type: "start", version: "v1", replyTo: ignore });
    await until("it has ended", () => logged.some((line) => /ended by itself/.test(line)));
    await Deno.chmod(program, 0o644);
    const reason = () => {
      const last = health.messages.at(-1)?.status.health;
      return last?.ok === false ? last.reason : "";
    };
    for (const delayMs of [1_000, 2_000, 4_000]) {
      await clock.settle();
      const before = health.messages.length;
      await clock.advance(delayMs);
      await until("it has been tried again", () => health.messages.length > before);
      assert.match(reason(), /it does not start: .*denied/i);
    }
    assert.equal(
      logged.filter((line) => /web v1: it does not start: .*denied/i.test(line)).length,
      1,
    );
  });
});

Deno.test("runner: a start and a stop go by what runs on the machine, not by what is known of it", async () => {
  await run(async ({ folder, store, spawn, until }) => {
    const { layout } = store;
    const lost = async () => {
      const service = await startService({
        argv: ["sh", "-c", "exec sleep 60"],
        cwd: folder,
        logPath: layout.serviceLog,
        recordPath: layout.processRecord,
        version: "v1",
      });
      service.detach();
      return service;
    };
    const { runner, health } = spawn("exec sleep 60");
    await until("it is there", () => health.messages.length > 0);
    const { outcomes, replyTo } = collect();
    const first = await lost();
    runner.tell({ type: "start", version: "v1", replyTo });
    await until("it is well", () => health.messages.at(-1)?.status.health.ok === true);
    assert.equal(health.messages.at(-1)?.status.pid, first.pid);
    runner.tell({ type: "stop", replyTo });
    await until("it is stopped", () => outcomes.length === 2);

    const second = await lost();
    runner.tell({ type: "start", version: "v2", replyTo });
    runner.tell({ type: "stop", replyTo });
    await until("it is stopped again", () => outcomes.length === 4);
    assert.equal(second.isAlive(), false);
    assert.deepEqual(outcomes, [
      { ok: true },
      { ok: true },
      { ok: false, reason: "version v1 runs; stop it first" },
      { ok: true },
    ]);
  });
});

Deno.test("runner: a service that was well and hangs is started again after as many failed checks as the config says", async () => {
  await run(async ({ folder, clock, logged, spawn, until }) => {
    const { runner, health, facts } = spawn("exec sleep 60", {
      health: { type: "exec", argv: ["test", "-e", `${folder}/well`] },
      restartAfterFailedChecks: 3,
    });
    const checked = async (count: number) => {
      for (let check = 0; check < count; check++) {
        const before = facts.length;
        await clock.advance(2_000);
        await until("it is checked", () => facts.length > before);
        await until("the next check is due", () => clock.scheduledCount > 0);
      }
    };
    runner.tell({ type: "start", version: "v1", replyTo: ignore });
    await until("it is checked", () => facts.length > 1);
    const pid = () => health.messages.at(-1)?.status.pid;
    const first = pid();
    // It has not been well yet: it may only be slow to begin.
    await checked(5);
    assert.deepEqual([pid(), facts.at(-1)?.restarts], [first, { crash: 0, unwell: 0 }]);
    await Deno.writeTextFile(`${folder}/well`, "");
    await checked(2);
    await Deno.remove(`${folder}/well`);
    await checked(2);
    assert.deepEqual([pid(), facts.at(-1)?.restarts.unwell], [first, 0]);
    await checked(1);
    await until("it is started again", () => facts.at(-1)?.restarts.unwell === 1);
    await Deno.writeTextFile(`${folder}/well`, "");
    await checked(2);
    await until("it is well", () => health.messages.at(-1)?.status.health.ok === true);
    assert.notEqual(pid(), first);
    // It hangs again: it is left for longer before it is started again.
    await Deno.remove(`${folder}/well`);
    await checked(3);
    assert.equal(facts.at(-1)?.restarts.unwell, 1);
    await checked(3);
    await until("it is started again", () => facts.at(-1)?.restarts.unwell === 2);
    const told = logged.filter((line) => /: (well|unwell|started again)/.test(line))
      .map((line) => line.replace(/command .*/, "command"));
    assert.deepEqual(told, [
      "web v1: well",
      "web v1: unwell: command",
      "web v1: started again after 3 failed checks",
      "web v1: well",
      "web v1: unwell: command",
      "web v1: started again after 6 failed checks",
    ]);
  });
});

Deno.test("runner: a service that hangs when it is adopted is told, and started again", async () => {
  await run(async ({ folder, clock, logged, spawn, until }) => {
    const first = spawn("exec sleep 60");
    first.runner.tell({ type: "start", version: "v1", replyTo: ignore });
    await until("it is well", () => first.health.messages.at(-1)?.status.health.ok === true);
    const { facts } = spawn("exec sleep 60", {
      health: { type: "exec", argv: ["test", "-e", `${folder}/well`] },
      restartAfterFailedChecks: 2,
    });
    await until("it is checked", () => logged.some((line) => line.includes("unwell: command")));
    for (let check = 0; check < 2; check++) {
      await until("the next check is due", () => clock.scheduledCount > 0);
      await clock.advance(2_000);
    }
    await until("it is started again", () => facts.at(-1)?.restarts.unwell === 1);
  });
});

Deno.test("runner: a service is well again after as many checks and as long as the config says", async () => {
  await run(async ({ folder, clock, spawn, until }) => {
    const { runner, health, facts } = spawn("exec sleep 60", {
      health: { type: "exec", argv: ["test", "-e", `${folder}/well`] },
      failureThreshold: 3,
      successThreshold: 2,
      minHealthyTime: "6s",
    });
    const is = () => health.messages.at(-1)?.status.health;
    const checked = async (count: number) => {
      for (let check = 0; check < count; check++) {
        const before = facts.length;
        await clock.advance(2_000);
        await until("it is checked", () => facts.length > before);
        await until("the next check is due", () => clock.scheduledCount > 0);
      }
    };
    await Deno.writeTextFile(`${folder}/well`, "");
    runner.tell({ type: "start", version: "v1", replyTo: ignore });
    await until("it is checked", () => facts.length > 1);
    assert.match(JSON.stringify(is()), /after 2 passed checks in a row/);
    await checked(2);
    assert.match(JSON.stringify(is()), /when it has for 6 s/);
    await checked(1);
    await until("it is well", () => is()?.ok === true);
    await Deno.remove(`${folder}/well`);
    await checked(2);
    assert.equal(is()?.ok, true);
    await checked(1);
    await until("it is unwell", () => is()?.ok === false);
  });
});

Deno.test("runner: a service that is started again too often is in quarantine until it has been well for a while, or an operator says so", async () => {
  await run(async ({ folder, clock, logged, spawn, until }) => {
    const quarantine = { restarts: 2, within: "10m", wellFor: "10s" };
    const keys = { quarantine, healthInterval: "1s" };
    const script = `[ -e ${folder}/well ] && exec sleep 60; exit 3`;
    const { runner, facts } = spawn(script, keys);
    runner.tell({ type: "start", version: "v1", replyTo: ignore });
    const is = () => facts.at(-1)?.quarantined;
    const crashUntil = async (isThere: () => boolean) => {
      for (let second = 0; second < 200 && !isThere(); second++) {
        await clock.advance(1_000);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await clock.settle();
      }
      assert.ok(isThere());
    };
    await crashUntil(() => is() !== null && is() !== undefined);
    assert.equal(facts.at(-1)?.restarts.crash, 3);
    assert.match(is()?.reason ?? "", /^started again more than 2 times within 600 s$/);
    await Deno.writeTextFile(`${folder}/well`, "");
    await crashUntil(() => logged.some((line) => line.includes("web v1: well")));
    assert.notEqual(is(), null);
    await crashUntil(() => is() === null);
    assert.ok(logged.includes("web: the quarantine is over, well for 10 s"));

    await Deno.remove(`${folder}/well`);
    const { pid } = JSON.parse(await Deno.readTextFile(`${folder}/web/.rollcall/process.json`));
    Deno.kill(pid, "SIGKILL");
    await crashUntil(() => is() !== null);
    runner.tell({ type: "quarantine_lifted", why: "an operator says so" });
    await until("it is over", () => is() === null);
    assert.ok(logged.includes("web: the quarantine is over, an operator says so"));
  });
});

Deno.test("runner: says in what a process that it adopts differs from the config", async () => {
  await run(async ({ logged, spawn, until }) => {
    const first = spawn("exec sleep 60", { env: { PORT: "1", SECRET: "a", SAME: "same" } });
    first.runner.tell({ type: "start", version: "v1", replyTo: ignore });
    await until("it is well", () => first.health.messages.at(-1)?.status.health.ok === true);
    assert.deepEqual(first.facts.at(-1)?.differences, []);
    const same = spawn("exec sleep 60", { env: { SAME: "same", SECRET: "a", PORT: "1" } });
    await until("it is adopted", () => same.facts.length > 0);
    assert.deepEqual(same.facts[0]?.differences, []);
    const second = spawn("exec  sleep 60", {
      env: { PORT: "1", SECRET: "b", SAME: "same", NEW: "" },
    });
    await until("it is adopted", () => second.facts.length > 0);
    assert.deepEqual(second.facts[0]?.differences, ["command", "env NEW", "env SECRET"]);
    const [line = "", ...more] = logged.filter((text) => text.includes("otherwise"));
    assert.match(
      line,
      /web v1: runs otherwise than the config says \(command, env NEW, env SECRET\)/,
    );
    assert.deepEqual(more, []);
  });
});
