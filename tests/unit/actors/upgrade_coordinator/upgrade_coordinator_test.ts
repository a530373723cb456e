import assert from "node:assert/strict";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";
import type { FetcherMessage } from "../../../../actors/fetcher/fetcher.ts";
import type { PinnedEvent, PinnerMessage } from "../../../../actors/pinner/messages.ts";
import type { RegistrarMessage } from "../../../../actors/registrar/messages.ts";
import type { HealthEvent, RunnerMessage } from "../../../../actors/runner/messages.ts";
import {
  type ActorRef,
  ActorSystem,
  type Probe,
  spawnProbe,
  Topic,
  VirtualClock,
} from "../../../../actors/runtime/mod.ts";
import type { SessionEvent, SessionMessage } from "../../../../actors/session/session.ts";
import type { CoordinatorMessage } from "../../../../actors/upgrade_coordinator/messages.ts";
import { upgradeCoordinator } from "../../../../actors/upgrade_coordinator/upgrade_coordinator.ts";
import type { ServiceReading } from "../../../../coordination/mod.ts";
import { ReleaseStore } from "../../../../host/mod.ts";
import { DEFAULT_POLICY } from "../../../../rollout/mod.ts";
import { ZooKeeperError } from "../../../../zookeeper/mod.ts";
import type { ZooKeeper } from "../../../../zookeeper/mod.ts";

interface Bench {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  readonly coordinator: ActorRef<CoordinatorMessage>;
  readonly registrar: Probe<RegistrarMessage>;
  readonly fetcher: Probe<FetcherMessage>;
  readonly session: Topic<SessionEvent>;
  /** Records of each level, with what was put into them. */
  readonly logged: { readonly level: string; readonly text: string }[];
  /** What the host's entry says that it waits for. */
  waitingFor(): string | null | undefined;
}

/** No reading of this client ever comes back: a test tells the coordinator what was read. */
const zookeeper = {
  sync: () => new Promise(() => {}),
  multiRead: () => new Promise(() => {}),
} as unknown as ZooKeeper;

async function run(test: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
  const clock = new VirtualClock();
  const logged: Bench["logged"] = [];
  const at = (level: string) => (message: string, properties: Record<string, unknown> = {}) => {
    const text = message.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name]));
    logged.push({ level, text });
  };
  const system = ActorSystem.create({
    name: "test",
    clock,
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    onFailure: () => "continue",
  });
  try {
    const store = new ReleaseStore(folder, "web");
    await store.open();
    const config = agentConfigSchema.parse({
      site: "north",
      rack: "r1",
      zookeeper: "localhost:1",
      dataDir: folder,
      services: { web: { command: ["true"], pin: { mode: "off" } } },
    }).services["web"];
    assert.ok(config);
    const session = new Topic<SessionEvent>("session", { replayLast: true });
    const health = new Topic<HealthEvent>("health", { replayLast: true });
    const registrar = spawnProbe<RegistrarMessage>(system, "registrar");
    const fetcher = spawnProbe<FetcherMessage>(system, "fetcher");
    const coordinator = system.spawn(
      "coordinator",
      upgradeCoordinator({
        host: "web-1",
        agent: "this-machine",
        service: "web",
        config,
        store,
        session: spawnProbe<SessionMessage>(system, "session").ref,
        registrar: registrar.ref,
        runner: spawnProbe<RunnerMessage>(system, "runner").ref,
        fetcher: fetcher.ref,
        pinner: spawnProbe<PinnerMessage>(system, "pinner").ref,
        sessionEvents: session,
        healthEvents: health,
        pinnedEvents: new Topic<PinnedEvent>("pinned", { replayLast: true }),
      }),
    );
    session.publish({ type: "session_connected", zookeeper, sessionId: 1n });
    const status = { wanted: null, version: null, pid: null };
    health.publish({
      type: "health_changed",
      status: { ...status, health: { ok: false, reason: "not running" } },
    });
    await clock.settle();
    await test({
      system,
      clock,
      coordinator,
      registrar,
      fetcher,
      session,
      logged,
      waitingFor: () =>
        registrar.messages.flatMap((message) =>
          message.type === "update" && message.patch.waitingFor !== undefined
            ? [message.patch.waitingFor]
            : []
        ).at(-1),
    });
  } finally {
    const stopped = system.stop();
    await clock.advance(60_000);
    await stopped;
    await Deno.remove(folder, { recursive: true });
  }
}

/** A tree in which the fleet has settled on this version, and the host has registered. */
function readingOf(version: string): ServiceReading {
  const entry = { schema: 1, host: "web-1", agent: "this-machine", site: "north", rack: "r1" };
  return {
    problems: [],
    view: {
      control: { schema: 1, state: "running", by: "test", reason: null, sinceMs: 0 },
      controlVersion: 1,
      wave: null,
      policy: DEFAULT_POLICY,
      roster: ["web-1"],
      current: new Map([["web-1", {
        ...entry,
        schema: 1,
        version: null,
        state: "down",
        sinceMs: 0,
        pinnedBytes: 0,
        preparation: null,
        received: null,
        waitingFor: null,
        endpoint: null,
      }]]),
      staged: [],
      slots: new Map(),
      slotsVersion: 0,
    },
    service: {
      znodeVersion: 1,
      entry: {
        schema: 1,
        dependsOn: [],
        policy: DEFAULT_POLICY,
        committed: {
          service: "web",
          version,
          infoHash: null,
          sizeBytes: 0,
          torrentUrl: null,
        },
        withdrawn: [],
      },
    },
    offer: null,
    queue: [],
    waves: [],
    stagingNodes: [],
  };
}

/** The same, where the committed release is of another version than the fleet's word for it: nobody has it. */
function forgedReadingOf(version: string): ServiceReading {
  const reading = readingOf(version);
  const peer = reading.view.current.get("web-1");
  assert.ok(peer !== undefined && reading.service !== null);
  const votes = ["web-2", "web-3", "web-4"].map((host) =>
    [host, { ...peer, host, agent: host, version, state: "serving" as const }] as const
  );
  return {
    ...reading,
    service: { ...reading.service, entry: { ...reading.service.entry, committed: null } },
    view: { ...reading.view, current: new Map([...reading.view.current, ...votes]) },
  };
}

Deno.test("upgrade coordinator: what a reading cannot be acted on for is said once, and fails no actor", async () => {
  const versions = ["x".repeat(300), "../../x", "a\0b"];
  for (const version of versions) {
    const reading = forgedReadingOf(version);
    await run(async ({ system, clock, coordinator, logged, waitingFor }) => {
      for (let times = 0; times < 50; times++) {
        coordinator.tell({ type: "read", reading });
        await clock.settle();
      }
      assert.equal(system.counters.failures, 0);
      const warnings = logged.filter(({ level }) => level === "warn" || level === "error");
      assert.equal(warnings.length, 1, JSON.stringify(warnings));
      assert.match(warnings[0]?.text ?? "", /web: .*version: expected up to 128/);
      assert.match(waitingFor() ?? "", /version: expected up to 128/);
      assert.ok((waitingFor() ?? "").length < 600);
    });
  }
});

Deno.test("upgrade coordinator: problems that change all the time are told now and then, with their number", async () => {
  await run(async ({ system, clock, coordinator, logged }) => {
    for (let times = 0; times < 1_000; times++) {
      coordinator.tell({ type: "read", reading: forgedReadingOf(`../${times}`) });
      await clock.advance(20);
    }
    assert.equal(system.counters.failures, 0);
    const warnings = logged.filter(({ level }) => level === "warn" || level === "error");
    assert.ok(warnings.length >= 2 && warnings.length <= 4, `${warnings.length} warnings`);
    assert.match(warnings.at(-1)?.text ?? "", /problem \d{3} since/);
  });
});

Deno.test("upgrade coordinator: goes on with the next reading that makes sense", async () => {
  await run(async ({ system, clock, coordinator, fetcher, waitingFor }) => {
    coordinator.tell({ type: "read", reading: forgedReadingOf("a\0b") });
    await clock.settle();
    assert.match(waitingFor() ?? "", /"a\\u0000b"/);
    coordinator.tell({ type: "read", reading: readingOf("v1") });
    await clock.advance(100);
    assert.equal(waitingFor(), null);
    assert.equal(system.counters.failures, 0);
    assert.deepEqual(fetcher.messages.map(({ type }) => type), []);
  });
});

Deno.test("upgrade coordinator: a lost connection is no problem of the tree", async () => {
  await run(async ({ clock, coordinator, logged, waitingFor }) => {
    const error = new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "sync", path: "/dc" });
    coordinator.tell({ type: "read_failed", error });
    await clock.settle();
    assert.deepEqual(logged.filter(({ level }) => level === "warn"), []);
    assert.equal(waitingFor(), undefined);
  });
});
