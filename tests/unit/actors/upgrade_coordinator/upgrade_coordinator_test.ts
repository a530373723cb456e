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
import { NO_BLOB, ReleaseStore, type SwitchEntry, SwitchJournal } from "../../../../host/mod.ts";
import { writeServiceRecord } from "../../../../host/process/service_record.ts";
import {
  type CensusReading,
  CONTROL,
  type Current,
  DEFAULT_POLICY,
  DEPLOY,
  fromFullReading,
  type ServiceReading,
} from "../../../../rollout/mod.ts";
import { ZooKeeperError } from "../../../../zookeeper/mod.ts";
import type { ZooKeeper } from "../../../../zookeeper/mod.ts";

interface Bench {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  readonly coordinator: ActorRef<CoordinatorMessage>;
  readonly registrar: Probe<RegistrarMessage>;
  readonly fetcher: Probe<FetcherMessage>;
  readonly pinner: Probe<PinnerMessage>;
  readonly runner: Probe<RunnerMessage>;
  readonly session: Topic<SessionEvent>;
  readonly sessionActor: Probe<SessionMessage>;
  readonly health: Topic<HealthEvent>;
  /** Records of each level, with what was put into them. */
  readonly logged: { readonly level: string; readonly text: string }[];
  readonly journal: SwitchJournal;
  /** What the host's entry says that it waits for. */
  waitingFor(): string | null | undefined;
  /** How often the registrar was asked to give a slot back. */
  returns(): number;
}

/** No reading of this client ever comes back: a test tells the coordinator what was read. */
const zookeeper = {
  sync: () => new Promise(() => {}),
  multiRead: () => new Promise(() => {}),
  children: () => Promise.resolve({ children: [] }),
} as unknown as ZooKeeper;

/** Counts the readings of a client, none of which comes back unless the test ends it: with a lost connection. */
function countReadings() {
  const lost = new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "multiRead" });
  const readings = {
    count: 0,
    end: () => {},
    zookeeper: {
      multiRead: () => {
        readings.count++;
        return new Promise<never>((_, reject) => readings.end = () => reject(lost));
      },
    },
  };
  return readings;
}

/** What differs from a host on which nothing runs. */
interface Beginning {
  /** The switch that the agent's end has interrupted. */
  readonly journal?: SwitchEntry;
  /** The version that runs, and is healthy. */
  readonly running?: string;
  /** A version without a blob that is on the disk, complete. */
  readonly stored?: string;
  /** Another one that is the current one as well. */
  readonly current?: string;
  /** What was started last as the service, as its record says. */
  readonly started?: { readonly version: string; readonly restart: string };
  readonly zookeeper?: Partial<ZooKeeper>;
  readonly hooks?: { readonly drain: string[]; readonly undrain: string[] };
}

async function run(
  test: (bench: Bench) => Promise<void>,
  beginning: Beginning = {},
): Promise<void> {
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
    // No jitter: what is told now and then depends on when the looks are.
    random: { next: () => 0.5 },
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    onFailure: () => "continue",
  });
  try {
    const store = new ReleaseStore(folder, "web");
    await store.open();
    for (const version of [beginning.stored, beginning.current]) {
      if (version === undefined) continue;
      await store.preparePartial(version);
      await store.writeReceipt(version, { infoHash: NO_BLOB, verifiedAt: 0 });
      await store.promote(version);
    }
    if (beginning.current !== undefined) await store.switchCurrent(beginning.current);
    if (beginning.started !== undefined) {
      writeServiceRecord(store.layout.processRecord, {
        ...beginning.started,
        instance: "i-1",
        argv: ["true"],
        startedAt: 0,
        bootId: "an earlier one",
        pid: 1,
        startTimeTicks: 0,
      });
    }
    const journal = new SwitchJournal(store.layout.switchJournal);
    if (beginning.journal !== undefined) journal.write(beginning.journal);
    const config = agentConfigSchema.parse({
      site: "north",
      rack: "r1",
      zookeeper: "localhost:1",
      dataDir: folder,
      services: { web: { command: ["true"], pin: { mode: "off" }, ...beginning.hooks } },
    }).services["web"];
    assert.ok(config);
    const session = new Topic<SessionEvent>("session", { replayLast: true });
    const health = new Topic<HealthEvent>("health", { replayLast: true });
    const sessionActor = spawnProbe<SessionMessage>(system, "session");
    const registrar = spawnProbe<RegistrarMessage>(system, "registrar");
    const fetcher = spawnProbe<FetcherMessage>(system, "fetcher");
    const pinner = spawnProbe<PinnerMessage>(system, "pinner");
    const runner = spawnProbe<RunnerMessage>(system, "runner");
    const coordinator = system.spawn(
      "coordinator",
      upgradeCoordinator({
        host: "web-1",
        agent: "this-machine",
        service: "web",
        config,
        store,
        session: sessionActor.ref,
        registrar: registrar.ref,
        runner: runner.ref,
        fetcher: fetcher.ref,
        pinner: pinner.ref,
        sessionEvents: session,
        healthEvents: health,
        pinnedEvents: new Topic<PinnedEvent>("pinned", { replayLast: true }),
      }),
    );
    session.publish({
      type: "session_connected",
      zookeeper: { ...zookeeper, ...beginning.zookeeper } as ZooKeeper,
      sessionId: 1n,
    });
    const version = beginning.running ?? null;
    health.publish({
      type: "health_changed",
      status: {
        wanted: version,
        restart: null,
        version,
        pid: version === null ? null : 1,
        health: version === null ? { ok: false, reason: "not running" } : { ok: true },
      },
    });
    await clock.settle();
    await test({
      system,
      clock,
      coordinator,
      registrar,
      fetcher,
      pinner,
      runner,
      session,
      sessionActor,
      health,
      logged,
      journal,
      waitingFor: () =>
        registrar.messages.flatMap((message) =>
          message.type === "update" && message.patch.waitingFor !== undefined
            ? [message.patch.waitingFor]
            : []
        ).at(-1),
      returns: () => registrar.messages.filter(({ type }) => type === "give_back").length,
    });
  } finally {
    const stopped = system.stop();
    await clock.advance(60_000);
    await stopped;
    await removeFolder(folder);
  }
}

/** Removes a folder. What a task of an actor has begun on the disk may outlast it by a moment, and add a file meanwhile. */
async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** As the coordinator gets it. */
function asRead(reading: ServiceReading): CensusReading {
  return fromFullReading(reading, "web-1");
}

/** A tree in which the fleet has settled on this version, and the host has registered. */
function readingOf(version: string): ServiceReading {
  const entry = { schema: 1, host: "web-1", agent: "this-machine", site: "north", rack: "r1" };
  return {
    problems: [],
    opening: null,
    view: {
      control: { schema: 1, state: "running", by: "test", reason: null, sinceMs: 0 },
      controlVersion: 1,
      wave: null,
      policy: DEFAULT_POLICY,
      roster: ["web-1"],
      rosterEntries: new Map(),
      dependencies: [],
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

/** The same, where the committed version has that content. */
function committedReading(version: string, infoHash: string): ServiceReading {
  const { service, ...reading } = readingOf(version);
  assert.ok(service?.entry.committed);
  const committed = { ...service.entry.committed, infoHash, torrentUrl: "http://build/v.torrent" };
  return { ...reading, service: { ...service, entry: { ...service.entry, committed } } };
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
        coordinator.tell({ type: "read", reading: asRead(reading) });
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
      coordinator.tell({ type: "read", reading: asRead(forgedReadingOf(`../${times}`)) });
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
    coordinator.tell({ type: "read", reading: asRead(forgedReadingOf("a\0b")) });
    await clock.settle();
    assert.match(waitingFor() ?? "", /"a\\u0000b"/);
    coordinator.tell({ type: "read", reading: asRead(readingOf("v1")) });
    await clock.advance(100);
    assert.equal(waitingFor(), null);
    assert.equal(system.counters.failures, 0);
    assert.deepEqual(fetcher.messages.map(({ type }) => type), []);
  });
});

Deno.test("upgrade coordinator: a release without a blob that only this host's disk knows has no torrent", async () => {
  await run(async ({ clock, coordinator, pinner, fetcher }) => {
    coordinator.tell({ type: "read", reading: asRead(forgedReadingOf("v1")) });
    await clock.advance(100);
    for (const message of pinner.messages) {
      if (message.type === "check") message.replyTo.tell({ ok: true, lockedBytes: 0 });
    }
    await clock.settle();
    const prepared = fetcher.messages.filter((message) => message.type === "prepare");
    assert.deepEqual(prepared.map(({ release }) => release.infoHash), [null]);
  }, { stored: "v1" });
});

Deno.test("upgrade coordinator: what its disk has is not prepared for other content of the same version", async () => {
  // Regression, found by the simulation: it was ready at once, was not what is wanted, and so was prepared again, a hundred times a
  // second and without a word.
  const { view, ...reading } = forgedReadingOf("v1");
  const infoHash = "b".repeat(40);
  const current = new Map(
    [...view.current].map(([host, entry]) => [host, { ...entry, infoHash }]),
  );
  await run(async ({ clock, coordinator, pinner, fetcher, waitingFor }) => {
    coordinator.tell({ type: "read", reading: asRead({ ...reading, view: { ...view, current } }) });
    await clock.advance(100);
    assert.equal(
      waitingFor(),
      `v1 is a release without a blob (on this host's disk), and ${infoHash} is wanted under the same version; ` +
        "publish the new content under another version, and roll that out",
    );
    assert.deepEqual([...pinner.messages, ...fetcher.messages].map(({ type }) => type), []);
  }, { stored: "v1" });
});

Deno.test("upgrade coordinator: what was prepared is not taken for other content of the same version", async () => {
  // Regression: v2 was prepared, then published elsewhere with other content, and the host staged the one for the other.
  await run(async ({ clock, coordinator, pinner, fetcher }) => {
    const [one, other] = ["a".repeat(40), "b".repeat(40)] as const;
    const asked = async (infoHash: string) => {
      coordinator.tell({ type: "read", reading: asRead(committedReading("v2", infoHash)) });
      await clock.settle();
      for (const message of pinner.messages) {
        if (message.type !== "check" && message.type !== "pin") continue;
        message.replyTo?.tell({ ok: true, lockedBytes: 0 });
      }
      await clock.settle();
      return fetcher.messages.flatMap((message) =>
        message.type === "prepare" ? [message.release.infoHash] : []
      );
    };
    assert.deepEqual(await asked(one), [one]);
    assert.deepEqual(await asked(one), [one]);
    assert.deepEqual(await asked(other), [one, other]);
    const [former, latter] = fetcher.messages.filter((message) => message.type === "prepare");
    const received = { version: "v2", rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
    // The answer for what is not wanted any more comes late.
    former?.replyTo.tell({ ok: true, received });
    await clock.settle();
    latter?.replyTo.tell({ ok: true, received });
    await clock.settle();
    assert.deepEqual(await asked(other), [one, other]);
    assert.deepEqual(await asked(one), [one, other, one]);
  });
});

Deno.test("upgrade coordinator: its entry says which content the version that runs has", async () => {
  await run(({ registrar }) => {
    const patches = registrar.messages.flatMap((message) =>
      message.type === "update" && message.patch.version === "v1" ? [message.patch.infoHash] : []
    );
    assert.deepEqual(patches, [null]);
    return Promise.resolve();
  }, { running: "v1", stored: "v1" });
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

Deno.test("upgrade coordinator: readings that keep failing with the connection are told once, and shown", async () => {
  // Regression: they were logged at debug level alone, and the host went on to show what it had waited for before.
  const error = new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "sync", path: "/dc" });
  await run(async ({ clock, logged, waitingFor }) => {
    const warnings = () => logged.filter(({ level }) => level === "warn");
    await clock.advance(5_000);
    assert.deepEqual(warnings(), []);
    await clock.advance(60_000);
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0]?.text ?? "", /^web: the tree cannot be read: .*CONNECTION_LOSS/);
    assert.match(waitingFor() ?? "", /^the tree cannot be read: /);
  }, {
    running: "v1",
    stored: "v1",
    zookeeper: { sync: () => Promise.reject(error), multiRead: () => Promise.reject(error) },
  });
});

/** A switch from v1 to v2 outside of any wave, as the journal has it. */
function interruptedAt(step: SwitchEntry["step"]): SwitchEntry {
  return { step, from: "v1", to: "v2", since: 5, context: { hasSlot: "true" } };
}

/** The same fleet, to which a rollout brings v2. */
function withWave(reading: ServiceReading): ServiceReading {
  const wave = {
    node: "web-0000000001",
    znodeVersion: 0,
    service: "web",
    version: "v2",
    hosts: null,
  };
  const release = { service: "web", version: "v2", infoHash: null, sizeBytes: 0, torrentUrl: null };
  return {
    ...reading,
    offer: { schema: 1, rollout: "r", ...release },
    waves: [wave],
    view: { ...reading.view, wave },
  };
}

/** A fleet whose host serves v1. */
function servingReading(): ServiceReading {
  const settled = readingOf("v1");
  const own = settled.view.current.get("web-1");
  assert.ok(own);
  const entry = { ...own, version: "v1", state: "serving" as const };
  return { ...settled, view: { ...settled.view, current: new Map([["web-1", entry]]) } };
}

/** A tree in which v2 is committed, and the host holds its slot and has this state. */
function heldReading(state: Current["state"]): ServiceReading {
  const reading = readingOf("v2");
  const own = reading.view.current.get("web-1");
  assert.ok(own !== undefined);
  const entry = { ...own, state, version: state === "serving" ? "v1" : null };
  const slot = {
    schema: 1 as const,
    host: "web-1",
    from: "v1",
    to: "v2",
    step: "stopping" as const,
    sinceMs: 5,
    wave: null,
    reason: null,
  };
  return {
    ...reading,
    view: {
      ...reading.view,
      current: new Map([["web-1", entry]]),
      slots: new Map([["web-1", slot]]),
    },
  };
}

Deno.test("fence: an entry that is not up to date does not say whether the service may be stopped", async () => {
  // Regression: after a restart of the agent its entry said down for a moment, and the budget was not looked at.
  let changes = 0;
  const zookeeper = {
    multi: () => {
      changes++;
      return new Promise<never>(() => {});
    },
  };
  await run(async ({ clock, coordinator }) => {
    coordinator.tell({ type: "read", reading: asRead(heldReading("down")) });
    await clock.settle();
    assert.equal(changes, 0);
    coordinator.tell({ type: "read", reading: asRead(heldReading("serving")) });
    await clock.settle();
    assert.equal(changes, 1);
  }, { journal: interruptedAt("stopping"), running: "v1", zookeeper });
});

Deno.test("fence: a service that is down is checked once more before it is stopped as such", async () => {
  // Regression, found by the simulation: two hosts had become well since their last checks, and both were stopped as down.
  const unwell = { ok: false as const, reason: "no answer" };
  for (const health of [{ ok: true as const }, unwell]) {
    let changes = 0;
    const zookeeper = {
      multi: () => {
        changes++;
        return new Promise<never>(() => {});
      },
    };
    await run(async (bench) => {
      const status = { wanted: "v1", restart: null, version: "v1", pid: 1 };
      bench.health.publish({ type: "health_changed", status: { ...status, health: unwell } });
      bench.coordinator.tell({ type: "read", reading: asRead(heldReading("down")) });
      await bench.clock.settle();
      assert.equal(changes, 0);
      for (const message of bench.runner.messages) {
        if (message.type === "check") message.replyTo.tell({ ...status, health });
      }
      await bench.clock.settle();
      assert.equal(changes, health.ok ? 0 : 1);
    }, { journal: interruptedAt("stopping"), running: "v1", zookeeper });
  }
});

Deno.test("resume: a service that was started again without ZooKeeper is stopped by the fence alone", async () => {
  // Regression: it was taken down by a slot that an operator had freed long ago.
  const reading = heldReading("serving");
  for (const step of ["pointing", "starting", "checking", "baking"] as const) {
    await run(async ({ clock, coordinator, logged }) => {
      coordinator.tell({
        type: "read",
        reading: asRead({ ...reading, view: { ...reading.view, slots: new Map() } }),
      });
      await clock.settle();
      assert.ok(logged.some(({ text }) => /switches from v1 to v2, at draining/.test(text)));
    }, { journal: interruptedAt(step), running: "v1" });
  }
});

Deno.test("drain: an undrain hook that has failed in a switch is tried again until it succeeds, and that is said", async () => {
  // Regression, found by the simulation: the failure was ignored, as the config says by default, and the host got no work for ever.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-undrain-" });
  const hook = ["sh", "-c", `echo x >> ${folder}/runs; [ $(wc -l < ${folder}/runs) -gt 2 ]`];
  const runs = async () => {
    const text = await Deno.readTextFile(`${folder}/runs`).catch(() => "");
    return text.split("\n").length - 1;
  };
  try {
    await run(async ({ clock, coordinator, waitingFor }) => {
      const settled = readingOf("v1");
      const { current } = heldReading("serving").view;
      const place = { schema: 1 as const, site: "north", rack: "r1", labels: {} };
      const rosterEntries = new Map([["web-1", place]]);
      const reading = asRead({ ...settled, view: { ...settled.view, current, rosterEntries } });
      const lookUntil = async (count: number) => {
        const text = () => waitingFor() ?? "";
        const before = text();
        for (let round = 0; round < 200; round++) {
          coordinator.tell({ type: "read", reading });
          await clock.settle();
          if (await runs() === count && text() !== before) break;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assert.equal(await runs(), count);
      };
      coordinator.tell({ type: "left_out" });
      await lookUntil(1);
      assert.match(waitingFor() ?? "", /^the undrain hook failed: .*; tried again after 1 min$/);
      await clock.advance(60_000);
      await lookUntil(2);
      assert.match(waitingFor() ?? "", /tried again after 2 min$/);
      await clock.advance(120_000);
      await lookUntil(3);
      assert.equal(waitingFor(), null);
    }, { running: "v1", stored: "v1", hooks: { drain: ["true"], undrain: hook } });
  } finally {
    await removeFolder(folder);
  }
});

/** How long a service has by default to end, in ms. */
const STOP_GRACE_MS = 10_000;

/** The same tree, while an operator has paused. */
function paused(reading: ServiceReading): ServiceReading {
  const word = { schema: 1 as const, by: "ann", reason: null, sinceMs: 0 };
  return { ...reading, view: { ...reading.view, control: { ...word, state: "paused" } } };
}

Deno.test("resume: the slot of a service that may be ending stands for its grace, and then until it serves (I5)", async () => {
  // Regression: an agent died when it had told its service to end, and the next one gave the slot back while it was ending.
  for (const ends of [true, false]) {
    let changes = 0;
    const zookeeper = {
      multi: () => {
        changes++;
        return Promise.resolve([]);
      },
    };
    await run(async ({ clock, coordinator, health, journal, waitingFor, returns }) => {
      const given = () => changes + returns();
      const read = async (state: Current["state"]) => {
        coordinator.tell({ type: "read", reading: asRead(paused(heldReading(state))) });
        await clock.settle();
      };
      const status = { wanted: "v1", restart: null, version: "v1", pid: 1 };
      const turn = (isWell: boolean) => {
        const found = isWell ? { ok: true as const } : { ok: false as const, reason: "no answer" };
        health.publish({ type: "health_changed", status: { ...status, health: found } });
      };
      await read("serving");
      assert.match(
        waitingFor() ?? "",
        /^control is paused by ann; its slot stands while .* ending$/,
      );
      await clock.advance(STOP_GRACE_MS - 1);
      await read("serving");
      assert.equal(given(), 0);
      if (ends) turn(false);
      await clock.advance(1);
      await read(ends ? "down" : "serving");
      await clock.settle();
      assert.equal(journal.read().state, "absent");
      assert.equal(given(), ends ? 0 : 1);
      if (!ends) return;
      await read("down");
      assert.equal(given(), 0);
      turn(true);
      await read("serving");
      assert.equal(given(), 1);
    }, { journal: interruptedAt("stopping"), running: "v1", zookeeper });
  }
});

Deno.test("resume: a service that is being stopped does not serve, whatever its last check has found (I5)", async () => {
  // Regression: a coordinator that began anew meanwhile, and dropped its switch, gave the slot back.
  let changes = 0;
  const zookeeper = {
    multi: () => {
      changes++;
      return new Promise<never>(() => {});
    },
  };
  await run(async ({ clock, coordinator, health, logged, returns }) => {
    const status = { wanted: null, restart: null, version: "v1", pid: 1 };
    health.publish({ type: "health_changed", status: { ...status, health: { ok: true } } });
    const reading = heldReading("serving");
    const { service } = readingOf("v1");
    assert.ok(service !== null);
    const entry = { ...service.entry, withdrawn: ["v2"] };
    const aborted = { ...reading, service: { ...service, entry } };
    coordinator.tell({ type: "read", reading: asRead(aborted) });
    await clock.settle();
    assert.ok(logged.some(({ text }) => /is dropped: its rollout was aborted/.test(text)));
    assert.equal(changes + returns(), 0);
  }, { journal: interruptedAt("stopping"), running: "v1", zookeeper });
});

Deno.test("fence: a slot that cannot be given back does not keep the service drained", async () => {
  // Regression: the undrain hook was left out, so the host served nobody from then on, and said that it did.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-undrain-" });
  const undrained = `${folder}/undrained`;
  const zookeeper = {
    multi: () =>
      Promise.reject(
        new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "multi", path: "/dc" }),
      ),
  };
  try {
    await run(async ({ clock, coordinator, journal }) => {
      const reading = asRead(paused(heldReading("serving")));
      coordinator.tell({ type: "read", reading });
      await clock.advance(STOP_GRACE_MS);
      coordinator.tell({ type: "read", reading });
      for (let look = 0; look < 100 && journal.read().state === "present"; look++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal(journal.read().state, "absent");
      assert.ok((await Deno.stat(undrained)).isFile);
    }, {
      journal: interruptedAt("stopping"),
      running: "v1",
      zookeeper,
      hooks: { drain: ["true"], undrain: ["touch", undrained] },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("fence: a slot of which no journal tells is given back by a host that is sent work again", async () => {
  // Regression, found by the simulation: a host that had lost its journal in a switch stayed drained, and served nobody.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-undrain-" });
  const undrained = `${folder}/undrained`;
  try {
    await run(async ({ coordinator, returns }) => {
      coordinator.tell({ type: "read", reading: asRead(heldReading("serving")) });
      for (let look = 0; look < 1_000 && returns() === 0; look++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.equal(returns(), 1);
      assert.ok((await Deno.stat(undrained)).isFile);
    }, { running: "v1", hooks: { drain: ["true"], undrain: ["touch", undrained] } });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("resume: a journal that knows nothing of what runs is dropped", async () => {
  // Regression: a data folder from a backup said that v2 was on trial. v3 was not v2, so it was stopped, and v1 started.
  for (const step of ["pointing", "starting", "checking", "baking", "rolling_back"] as const) {
    await run(async ({ clock, coordinator, logged, journal }) => {
      coordinator.tell({ type: "read", reading: asRead(readingOf("v3")) });
      await clock.settle();
      assert.ok(logged.some(({ text }) => /switch to v2 is dropped: v3 runs, not v1/.test(text)));
      assert.ok(!logged.some(({ text }) => /switches from/.test(text)));
      assert.equal(journal.read().state, "absent");
    }, { journal: interruptedAt(step), running: "v3" });
  }
});

/** The pinner and the fetcher have what the coordinator asks for. */
async function answerPreparation({ clock, pinner, fetcher }: Bench): Promise<void> {
  await clock.settle();
  for (const message of pinner.messages) {
    if (message.type === "check") message.replyTo.tell({ ok: true, lockedBytes: 0 });
  }
  await clock.settle();
  for (const message of fetcher.messages) {
    if (message.type !== "prepare") continue;
    const received = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
    message.replyTo.tell({ ok: true, received: { version: message.release.version, ...received } });
  }
  await clock.settle();
  for (const message of pinner.messages) {
    if (message.type === "pin") message.replyTo?.tell({ ok: true, lockedBytes: 0 });
  }
  await clock.settle();
}

Deno.test("upgrade coordinator: a service does not go back to what was withdrawn, or what failed here", async () => {
  // Regression: a switch to v2 was dropped behind its step pointing; v1 was unwell for a while, and v2 was started.
  const reading = readingOf("v1");
  assert.ok(reading.service !== null);
  const withdrawn = ["v2"];
  const aborted = {
    ...reading,
    service: { ...reading.service, entry: { ...reading.service.entry, withdrawn } },
  };
  const failed = heldReading("down").view.slots.get("web-1");
  assert.ok(failed !== undefined);
  const slots = new Map([["web-1", { ...failed, step: "failed" as const, controlVersion: 1 }]]);
  const failedHere = {
    ...reading,
    waves: [{ node: "web-0000000001", znodeVersion: 0, service: "web", version: "v2", hosts: [] }],
    view: { ...reading.view, slots },
  };
  for (
    const [found, from] of [[reading, "v2"], [aborted, null], [failedHere, null]] as const
  ) {
    await run(async (bench) => {
      bench.coordinator.tell({ type: "read", reading: asRead(found) });
      await answerPreparation(bench);
      bench.coordinator.tell({ type: "read", reading: asRead(found) });
      for (let look = 0; look < 200 && bench.journal.read().state !== "present"; look++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await bench.clock.settle();
      }
      const entry = bench.journal.read();
      assert.equal(entry.state === "present" ? entry.entry.from : "no switch", from);
    }, { stored: "v1", current: "v2" });
  }
});

Deno.test("resume: what was being started without a slot is decided anew where nothing runs", async () => {
  // Regression, found by the simulation: the fleet had committed v2 meanwhile, and v1 was started again all the same.
  for (const step of ["pointing", "starting", "baking", "rolling_back", "reporting"] as const) {
    const entry = { ...interruptedAt(step), from: "v3", to: "v1", context: { hasSlot: "false" } };
    await run(async ({ clock, coordinator, journal, pinner, logged }) => {
      coordinator.tell({ type: "read", reading: asRead(readingOf("v2")) });
      await clock.settle();
      assert.equal(journal.read().state, "absent");
      assert.ok(!logged.some(({ text }) => /switches from/.test(text)));
      const checked = pinner.messages.filter((message) => message.type === "check");
      assert.deepEqual(checked.map(({ version }) => version), ["v2"]);
    }, { journal: entry });
  }
});

Deno.test("upgrade coordinator: what ran and was given up is prepared again before it is started", async () => {
  await run(async (bench) => {
    const { clock, coordinator, fetcher, health } = bench;
    const prepared = () => fetcher.messages.filter(({ type }) => type === "prepare").length;
    coordinator.tell({ type: "read", reading: asRead(readingOf("v1")) });
    await answerPreparation(bench);
    assert.equal(prepared(), 1);
    const status = {
      wanted: "v1",
      restart: null,
      version: "v1",
      pid: 1,
      health: { ok: true as const },
    };
    health.publish({ type: "health_changed", status });
    await clock.settle();
    const changed = { ok: false as const, reason: "its files have changed" };
    health.publish({
      type: "health_changed",
      status: { wanted: null, restart: null, version: null, pid: null, health: changed },
    });
    coordinator.tell({ type: "prepared", release: { version: "v1" }, received: null });
    await clock.settle();
    coordinator.tell({ type: "read", reading: asRead(readingOf("v1")) });
    await answerPreparation(bench);
    assert.equal(prepared(), 2);
  });
});

Deno.test("upgrade coordinator: a quarantine ends when the version that flaps is rolled back", async () => {
  // Regression, found by the simulation: such a host stayed on the version for good, and in quarantine.
  const reading = readingOf("v1");
  const own = reading.view.current.get("web-1");
  assert.ok(own && reading.service);
  const quarantined = { reason: "started again more than 2 times within 60 s", sinceMs: 0 };
  const flapping = { ...own, version: "v2", state: "down" as const, quarantined };
  const entry = { ...reading.service.entry, withdrawn: ["v2"], abandoned: [] };
  await run(async ({ clock, coordinator, runner }) => {
    const view = { ...reading.view, current: new Map([["web-1", flapping]]) };
    const service = { ...reading.service, entry, znodeVersion: 0 };
    coordinator.tell({ type: "read", reading: asRead({ ...reading, service, view }) });
    await clock.settle();
    const lifted = runner.messages.filter(({ type }) => type === "quarantine_lifted");
    assert.deepEqual(lifted, [{ type: "quarantine_lifted", why: "v2 was rolled back" }]);
  }, { running: "v2" });
});

Deno.test("upgrade coordinator: a host that cannot start what it ran does not go to and fro between that and its wave", async () => {
  // Regression: what the wave brings was given up with the next reading, for another try of what had just failed.
  const reading = withWave(readingOf("v1"));
  await run(async ({ clock, coordinator, pinner }) => {
    const checked = () =>
      pinner.messages.flatMap((message) => message.type === "check" ? [message.version] : []);
    const readAgain = async () => {
      coordinator.tell({ type: "read", reading: asRead(reading) });
      await clock.settle();
    };
    await readAgain();
    assert.deepEqual(checked(), ["v1"]);
    coordinator.tell({
      type: "not_prepared",
      release: { version: "v1" },
      error: new Error("nobody has it"),
    });
    await readAgain();
    assert.deepEqual(checked(), ["v1", "v2"]);
    for (let minute = 0; minute < 10; minute++) {
      await readAgain();
      await clock.advance(60_000);
    }
    assert.deepEqual(checked(), ["v1", "v2"]);
    // When that is done, what has failed gets another try now and then: control may be paused for long.
    coordinator.tell({ type: "prepared", release: { version: "v2" }, received: null });
    await readAgain();
    assert.deepEqual(checked(), ["v1", "v2", "v1"]);
  });
});

Deno.test("upgrade coordinator: what is held back after a failure is tried at once when an operator resumes, or retries", async () => {
  // Regressions: it took up to a minute, in which the host had nothing to say; after a retry, and a hook that had failed, up to
  // half an hour, in which it said that it was skipped.
  const resumed = withWave(servingReading());
  const record = heldReading("serving").view.slots.get("web-1");
  assert.ok(record);
  const failed = {
    ...record,
    step: "failed" as const,
    controlVersion: -1,
    cause: "preparation" as const,
  };
  const skipped = {
    ...record,
    step: "failed" as const,
    reason: "skipped by ann",
    skipped: { by: "ann", reason: null },
  };
  for (const slot of [failed, skipped]) {
    await run(async ({ clock, coordinator, pinner, registrar }) => {
      const tries = () => pinner.messages.filter((message) => message.type === "check").length;
      const read = async (reading: ServiceReading) => {
        coordinator.tell({ type: "read", reading: asRead(reading) });
        await clock.settle();
        for (const message of registrar.messages) {
          if (message.type === "give_back") message.replyTo.tell({ ok: true });
        }
        await clock.settle();
      };
      await read(resumed);
      for (let failure = 0; failure < 6; failure++) {
        coordinator.tell({
          type: "not_prepared",
          release: { version: "v2" },
          error: new Error("no"),
        });
        await clock.settle();
        if (failure < 5) await clock.advance(60_000);
        await read(resumed);
      }
      const before = tries();
      await read({ ...resumed, view: { ...resumed.view, slots: new Map([["web-1", slot]]) } });
      await read(resumed);
      assert.equal(tries(), before + 1);
    }, { running: "v1" });
  }
});

Deno.test("upgrade coordinator: by a record that it gives back a host counts as ready no more", async () => {
  // Regression, found by the simulation: the record went when an operator resumed, and the marker that it was ready a moment
  // later, so that others went on with a quorum that there was not (I3).
  const resumed = withWave(servingReading());
  const record = heldReading("serving").view.slots.get("web-1");
  assert.ok(record);
  const reason = "the disk is full";
  const failed = { ...record, step: "failed" as const, reason, cause: "preparation" as const };
  await run(async ({ clock, coordinator, registrar }) => {
    const said = async (controlVersion: number) => {
      const slots = new Map([["web-1", { ...failed, controlVersion }]]);
      const reading = asRead({ ...resumed, view: { ...resumed.view, slots } });
      coordinator.tell({ type: "read", reading });
      await clock.settle();
      return registrar.messages.flatMap((message) =>
        message.type === "update" && message.counted !== undefined
          ? [`counted by ${message.counted.staged?.version}`]
          : message.type === "give_back"
          ? ["gives back"]
          : []
      ).slice(-2);
    };
    const { controlVersion } = resumed.view;
    assert.deepEqual(await said(controlVersion), ["counted by v2"]);
    assert.deepEqual(await said(controlVersion - 1), ["counted by undefined", "gives back"]);
  }, { running: "v1" });
});

Deno.test("upgrade coordinator: it says why a version is held back, also in the next rollout of it", async () => {
  // Regression, found by the simulation: between two rollouts the entry was cleared, and said nothing for up to a minute.
  const idle = servingReading();
  const rolling = withWave(idle);
  await run(async ({ clock, coordinator, waitingFor }) => {
    const read = async (reading: ServiceReading) => {
      coordinator.tell({ type: "read", reading: asRead(reading) });
      await clock.settle();
      return waitingFor();
    };
    await read(rolling);
    const error = new Error("the disk is full");
    coordinator.tell({ type: "not_prepared", release: { version: "v2" }, error });
    await clock.settle();
    assert.equal(await read(idle), null);
    assert.equal(await read(rolling), "the disk is full (next try after 2 s)");
  }, { running: "v1" });
});

Deno.test("look: an idle host reads nothing for most of a minute, and then looks once", async () => {
  // Regression: it read the whole service every ten seconds, for ever.
  const readings = countReadings();
  await run(async ({ clock, coordinator }) => {
    const reading = readingOf("v1");
    const own = reading.view.current.get("web-1");
    assert.ok(own);
    const serving = { ...own, version: "v1", state: "serving" as const };
    const view = { ...reading.view, current: new Map([["web-1", serving]]) };
    // Its own readings are over, so that none of them is overdue later.
    for (let round = 0; round < 3; round++) {
      readings.end();
      await clock.settle();
      coordinator.tell({ type: "read", reading: asRead({ ...reading, view }) });
      await clock.settle();
    }
    readings.count = 0;
    await clock.advance(45_000);
    assert.equal(readings.count, 0);
    await clock.advance(30_000);
    assert.equal(readings.count, 1);
  }, { running: "v1", zookeeper: readings.zookeeper });
});

Deno.test("look: what the whole fleet hears of is not read by all at the same moment", async () => {
  const readings = countReadings();
  await run(async ({ clock, coordinator }) => {
    const reading = readingOf("v1");
    const own = reading.view.current.get("web-1");
    assert.ok(own);
    const serving = { ...own, version: "v1", state: "serving" as const };
    const roster = Array.from({ length: 1_000 }, (_, index) => `web-${index + 1}`);
    const view = { ...reading.view, roster, current: new Map([["web-1", serving]]) };
    // Others follow the first one: the host has heard of its service meanwhile, and looked for its place in the queue.
    for (let round = 0; round < 3; round++) {
      coordinator.tell({ type: "read", reading: asRead({ ...reading, view }) });
      await clock.settle();
    }
    readings.count = 0;
    coordinator.tell({ type: "znode_changed", path: "/dc/deploy" });
    await clock.settle();
    assert.equal(readings.count, 0);
    await clock.advance(5_000);
    assert.equal(readings.count, 1);
  }, { running: "v1", zookeeper: readings.zookeeper });
});

Deno.test("look: who waits for the end of a freeze reads nothing until then, and looks once", async () => {
  const readings = countReadings();
  await run(async (bench) => {
    const { clock, coordinator, waitingFor } = bench;
    const reading = readingOf("v2");
    const own = reading.view.current.get("web-1");
    assert.ok(own);
    const serving = { ...own, version: "v1", state: "serving" as const };
    // So many that it would look for their sake in half an hour.
    const roster = Array.from({ length: 1_000 }, (_, index) => `web-${index + 1}`);
    const policy = { ...DEFAULT_POLICY, freeze: [{ to: "00:05", timeZone: "UTC" }] };
    const view = { ...reading.view, roster, policy, current: new Map([["web-1", serving]]) };
    const frozen = asRead({ ...reading, view });
    const readAgain = async () => {
      readings.end();
      await clock.settle();
      coordinator.tell({ type: "read", reading: frozen });
      await clock.settle();
    };
    await readAgain();
    await answerPreparation(bench);
    for (let round = 0; round < 3; round++) await readAgain();
    assert.equal(waitingFor(), "frozen until Thu 00:05 UTC");
    readings.count = 0;
    await clock.advance(295_000 - clock.nowMs());
    assert.equal(readings.count, 0);
    await clock.advance(15_000);
    assert.equal(readings.count, 1);
  }, { running: "v1", stored: "v2", zookeeper: readings.zookeeper });
});

Deno.test("start alone: what ran by a restart is started by it again, and not once more to catch up", async () => {
  // Regression: it was started by none, which is another release than the one that was committed with that restart.
  const started = { version: "v1", restart: "r-5" };
  await run(async ({ clock, coordinator, runner }) => {
    coordinator.tell({ type: "alone" });
    for (let round = 0; round < 100; round++) {
      await clock.settle();
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (runner.messages.some(({ type }) => type === "start")) break;
    }
    const starts = runner.messages.flatMap((message) =>
      message.type === "start" ? [[message.version, message.restart]] : []
    );
    assert.deepEqual(starts, [["v1", "r-5"]]);
  }, { current: "v1", started });
});

Deno.test("report: a hook that has failed gives the slot back, and nobody else is halted", async () => {
  for (const [hook, isFailure] of [["true", false], ["false", true]] as const) {
    const { context = {}, ...interrupted } = interruptedAt("reporting");
    const reason = "the preStart hook failed: exit code 4";
    const journal = { ...interrupted, context: { ...context, reason, isHookFailure: hook } };
    await run(async ({ clock, coordinator, registrar, waitingFor }) => {
      coordinator.tell({ type: "read", reading: asRead(readingOf("v1")) });
      await clock.settle();
      const reports = registrar.messages.flatMap((message) =>
        message.type === "report" ? [message] : []
      );
      assert.deepEqual(reports.map((report) => report.isFailure), [isFailure]);
      reports[0]?.replyTo.tell({ ok: true, halted: false });
      await clock.settle();
      assert.match(
        waitingFor() ?? "",
        isFailure
          ? /^v2 failed here: .*code 4$/
          : /^v2 failed here: .*code 4 \(next try after 60 s\)$/,
      );
    }, { journal, running: "v1" });
  }
});

Deno.test("report: a host whose service has ended before its report looks at once what to do", async () => {
  // Regression, found by the simulation: a service that had ended between the bake time and the report was down until the host's
  // safety look, which is half an hour in a fleet of 1,000 hosts.
  const readings = countReadings();
  const node = "web-0000000001";
  const wave = { node, znodeVersion: 0, service: "web", version: "v2", hosts: null };
  const journal = { ...interruptedAt("reporting"), context: { hasSlot: "true", wave: node } };
  await run(async ({ clock, coordinator, registrar, health }) => {
    const { view, ...held } = heldReading("down");
    const roster = Array.from({ length: 1_000 }, (_, index) => `web-${index + 1}`);
    const reading = { ...held, waves: [wave], view: { ...view, roster, wave } };
    // The first reading is older than what the runner says.
    coordinator.tell({ type: "read_failed", error: new Error("not yet") });
    await clock.advance(5_000);
    coordinator.tell({ type: "read", reading: asRead(reading) });
    await clock.settle();
    const report = registrar.messages.find((message) => message.type === "report");
    const gone = { wanted: "v2", restart: null, version: null, pid: null };
    const status = { ...gone, health: { ok: false, reason: "the process ended" } } as const;
    health.publish({ type: "health_changed", status });
    readings.count = 0;
    report?.replyTo.tell({ ok: true, halted: false });
    await clock.advance(1_000);
    assert.equal(readings.count, 1);
  }, { journal, running: "v2", zookeeper: readings.zookeeper });
});

Deno.test("report: what has ended before its report was answered has failed, though it runs again by then", async () => {
  // Regression, found by the simulation: the answer was late, and by then the service had been started again. Its crash was
  // forgotten, and the wave finished.
  const readings = countReadings();
  const node = "web-0000000001";
  const wave = { node, znodeVersion: 0, service: "web", version: "v2", hosts: null };
  const release = { service: "web", version: "v2", infoHash: null, sizeBytes: 0, torrentUrl: null };
  const offer = { schema: 1 as const, rollout: "r", ...release };
  const journal = { ...interruptedAt("reporting"), context: { hasSlot: "true", wave: node } };
  await run(async ({ clock, coordinator, registrar, health }) => {
    const { view } = heldReading("serving");
    const reading = { ...readingOf("v1"), offer, queue: [wave], waves: [wave] };
    const read = async (slots: typeof view.slots) => {
      coordinator.tell({
        type: "read",
        reading: asRead({ ...reading, view: { ...view, slots, wave } }),
      });
      await clock.settle();
    };
    // The first reading is older than what the runner says.
    coordinator.tell({ type: "read_failed", error: new Error("not yet") });
    await clock.advance(5_000);
    await read(view.slots);
    const report = registrar.messages.find((message) => message.type === "report");
    assert.ok(report !== undefined);
    const status = { wanted: "v2", restart: null, version: "v2", pid: 2 };
    const ended = { ok: false, reason: "the process ended" } as const;
    health.publish({
      type: "health_changed",
      status: { ...status, version: null, pid: null, health: ended },
    });
    health.publish({ type: "health_changed", status: { ...status, health: { ok: true } } });
    readings.count = 0;
    report.replyTo.tell({ ok: true, halted: false });
    await clock.advance(1_000);
    assert.equal(readings.count, 1);
    await read(new Map());
    const reports = registrar.messages.flatMap((message) =>
      message.type === "report" ? [[message.slot.to, message.isFailure]] : []
    );
    assert.deepEqual(reports, [["v2", false], ["v2", true]]);
  }, { journal, running: "v2", zookeeper: readings.zookeeper });
});

Deno.test("report: who reports a switch of an earlier life looks at once what the fleet does by now", async () => {
  // Regression, found by the simulation: its rollout was aborted and the next one begun while the machine was off. The host
  // reported, and said nothing and prepared nothing until its safety look, which is half an hour in a fleet of 1,000 hosts.
  const readings = countReadings();
  const journal = {
    ...interruptedAt("reporting"),
    context: { hasSlot: "true", wave: "web-0000000001" },
  };
  await run(async ({ clock, coordinator, registrar }) => {
    const { view, ...held } = heldReading("serving");
    const roster = Array.from({ length: 1_000 }, (_, index) => `web-${index + 1}`);
    const node = "web-0000000002";
    const wave = { node, znodeVersion: 0, service: "web", version: "v1", hosts: null };
    const reading = { ...held, queue: [wave], waves: [wave], view: { ...view, roster, wave } };
    // The first reading is older than what the runner says.
    coordinator.tell({ type: "read_failed", error: new Error("not yet") });
    await clock.advance(5_000);
    coordinator.tell({ type: "read", reading: asRead(reading) });
    await clock.settle();
    const report = registrar.messages.find((message) => message.type === "report");
    assert.ok(report !== undefined);
    readings.count = 0;
    report.replyTo.tell({ ok: true, halted: false });
    await clock.advance(1_000);
    assert.equal(readings.count, 1);
  }, { journal, running: "v2", zookeeper: readings.zookeeper });
});

Deno.test("report: a start without a slot that has failed leaves the place in the queue as it was", async () => {
  // Regression, found by the simulation: an earlier life of the coordinator had left a place, and this one took another
  // one beside it. The first stayed when the host had switched, and who was behind it waited for ever.
  const reading = withWave(readingOf("v1"));
  const context = { hasSlot: "false", reason: "v1 does not come up" };
  const journal = { ...interruptedAt("reporting"), from: null, to: "v1", context };
  const looked: string[] = [];
  const zookeeper = {
    children: (path: string) => {
      looked.push(path);
      return Promise.resolve({ children: [] });
    },
  } as unknown as Partial<ZooKeeper>;
  await run(async (bench) => {
    const { coordinator, clock } = bench;
    coordinator.tell({ type: "read", reading: asRead(reading) });
    await clock.settle();
    // It has v2 to prepare, and leaves the queue for that, in which it may have a place.
    coordinator.tell({ type: "read", reading: asRead(reading) });
    await clock.settle();
    assert.deepEqual(looked, ["/dc/staging/web"]);
  }, { journal, running: "v1", zookeeper });
});

Deno.test("upgrade coordinator: a reading that does not end is told once, and made again", async () => {
  let readings = 0;
  const multiRead = () => {
    readings++;
    return new Promise<never>(() => {});
  };
  await run(async ({ clock, logged }) => {
    assert.equal(readings, 1);
    await clock.advance(70_000);
    assert.equal(readings, 2);
    await clock.advance(70_000);
    assert.equal(readings, 3);
    const warnings = logged.filter(({ level }) => level === "warn").map(({ text }) => text);
    assert.deepEqual(warnings.filter((text) => /read the tree: expected an outcome/.test(text)), [
      "web: read the tree: expected an outcome from ZooKeeper within 60 s, there is none; it is tried again " +
      "(problem 1 since the last record)",
    ]);
  }, { running: "v1", stored: "v1", zookeeper: { multiRead } });
});

Deno.test("upgrade coordinator: a change that does not end counts as failed, and the tree is read again", async () => {
  let readings = 0;
  const multiRead = () => {
    readings++;
    return Promise.reject(new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "multiRead" }));
  };
  await run(async ({ clock, coordinator, logged, returns }) => {
    // The host serves and has a slot that it does not need.
    const reading = asRead(heldReading("serving"));
    coordinator.tell({ type: "read", reading });
    await clock.settle();
    assert.equal(returns(), 1);
    coordinator.tell({ type: "read", reading });
    await clock.settle();
    assert.equal(returns(), 1, "one change at a time");
    const before = readings;
    await clock.advance(62_000);
    assert.ok(
      logged.some(({ level, text }) => level === "warn" && /give back the slot: /.test(text)),
    );
    assert.ok(readings > before);
    coordinator.tell({ type: "read", reading });
    await clock.settle();
    assert.equal(returns(), 2);
  }, { running: "v1", stored: "v1", zookeeper: { multiRead } });
});

Deno.test("upgrade coordinator: leaving the queue is not waited for for ever, and is told when it fails", async () => {
  // Regression: nobody heard of a failure, and an outcome that did not come held the host up.
  const failures = [
    () => new Promise<never>(() => {}),
    () => Promise.reject(new ZooKeeperError({ code: "NO_AUTH", operation: "children" })),
  ];
  const multiRead = () =>
    Promise.reject(new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "multiRead" }));
  for (const children of failures) {
    let looks = 0;
    const look = () => {
      looks++;
      return children();
    };
    await run(async ({ clock, coordinator, logged }) => {
      // The host serves what is committed, and an earlier life of its agent may have left a place.
      const held = heldReading("serving");
      const reading = asRead({ ...readingOf("v1"), view: { ...held.view, slots: new Map() } });
      coordinator.tell({ type: "read", reading });
      await clock.settle();
      assert.equal(looks, 1);
      await clock.advance(62_000);
      assert.ok(
        logged.some(({ level, text }) =>
          level === "warn" && /web: leave the staging queue: /.test(text)
        ),
      );
      coordinator.tell({ type: "read", reading });
      await clock.settle();
      assert.ok(looks > 1);
    }, { running: "v1", stored: "v1", zookeeper: { multiRead, children: look } });
  }
});

Deno.test("upgrade coordinator: it watches anew after a restart of the session actor, which has forgotten it", async () => {
  await run(async ({ clock, session, sessionActor }) => {
    const watched = () =>
      sessionActor.messages.flatMap((message) => message.type === "watch" ? [message.path] : []);
    const all = [CONTROL, DEPLOY, "/dc/services/web/web-1"];
    assert.deepEqual(watched(), all);
    session.publish({ type: "session_suspended" });
    session.publish({ type: "session_connected", zookeeper, sessionId: 2n });
    await clock.settle();
    assert.deepEqual(watched(), [...all, ...all]);
  });
});

Deno.test("upgrade coordinator: an entry that stays untrue is written again", async () => {
  await run(async ({ clock, coordinator, registrar }) => {
    const restored = () => registrar.messages.filter(({ type }) => type === "restore").length;
    // It says that the host is down, and the host serves.
    const reading = readingOf("v1");
    for (let second = 0; second < 5; second++) {
      coordinator.tell({ type: "read", reading: asRead(reading) });
      await clock.advance(1_000);
    }
    assert.equal(restored(), 0);
    coordinator.tell({ type: "read", reading: asRead(reading) });
    await clock.settle();
    assert.equal(restored(), 1);
    coordinator.tell({ type: "read", reading: asRead(reading) });
    await clock.settle();
    assert.equal(restored(), 1);
  }, { running: "v1", stored: "v1" });
});
