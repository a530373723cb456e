import assert from "node:assert/strict";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";
import type {
  HealthEvent,
  RunnerMessage,
  RunnerOutcome,
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
import { adoptService, NO_BLOB, ReleaseStore } from "../../../../host/mod.ts";

interface Bench {
  readonly folder: string;
  readonly store: ReleaseStore;
  readonly clock: VirtualClock;
  /** Starts a runner of a service that runs this shell script. */
  spawn(script: string): { runner: ActorRef<RunnerMessage>; health: Probe<HealthEvent> };
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
  try {
    await test({
      folder,
      store,
      clock,
      spawn(script) {
        const system = ActorSystem.create({ name: "test", clock });
        systems.push(system);
        const { services } = agentConfigSchema.parse({
          site: "north",
          rack: "r1",
          zookeeper: "localhost:1",
          dataDir: folder,
          services: { web: { command: ["sh", "-c", script], stopGrace: "1s" } },
        });
        const config = services["web"];
        assert.ok(config);
        const events = new Topic<HealthEvent>("health", { replayLast: true });
        const health = spawnProbe<HealthEvent>(system, "health");
        events.subscribe(health.ref);
        const options = { service: "web", host: "web-1", config, store, events };
        return { runner: system.spawn("runner", runnerActor(options)), health };
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
      { wanted: "v1", version: "v1", pid, health: { ok: true } },
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
