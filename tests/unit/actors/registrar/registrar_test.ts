import assert from "node:assert/strict";
import type {
  HostIdentity,
  RegistrarMessage,
  ReportOutcome,
  ReturnOutcome,
  ServiceEntry,
} from "../../../../actors/registrar/messages.ts";
import { registrarActor } from "../../../../actors/registrar/registrar.ts";
import {
  type ActorLogger,
  type ActorRef,
  ActorSystem,
  ask,
  systemClock,
  Topic,
  VirtualClock,
} from "../../../../actors/runtime/mod.ts";
import type { SessionEvent } from "../../../../actors/session/session.ts";
import { joinRoster } from "../../../../coordination/mod.ts";
import {
  type Current,
  currentPath,
  encodeEntry,
  readyPath,
  SCHEMA_VERSION,
  servicePath,
  servingPath,
  type Slot,
  slotsPath,
} from "../../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { read, roll, SERVICE, TestTree } from "../../coordination/tree.ts";
import { slot } from "../../rollout/views.ts";

const IDENTITY = {
  host: "web-1",
  site: "north",
  rack: "r1",
  agent: "this-machine",
  services: [SERVICE],
};

interface Bench {
  readonly zk: ZooKeeper;
  readonly registrar: ActorRef<RegistrarMessage>;
  readonly events: Topic<SessionEvent>;
  readonly warnings: string[];
  /** Waits until the host's entry is as described, and returns it. */
  until(what: string, isTrue: (entry: Current | undefined) => boolean): Promise<void>;
}

async function run(
  test: (bench: Bench) => Promise<void>,
  changes: Partial<HostIdentity> = {},
): Promise<void> {
  await TestTree.run(async (_, zk) => {
    const warnings: string[] = [];
    const log: ActorLogger = {
      debug() {},
      info() {},
      warn: (text) => void warnings.push(text),
      error() {},
    };
    const system = ActorSystem.create({ name: "test", log });
    const events = new Topic<SessionEvent>("session", { replayLast: true });
    const registrar = system.spawn(
      "registrar",
      registrarActor({ ...IDENTITY, ...changes }, events),
    );
    try {
      await test({
        zk,
        registrar,
        events,
        warnings,
        async until(what, isTrue) {
          for (let look = 0; look < 1_000; look++) {
            if (isTrue((await read(zk)).view.current.get("web-1"))) return;
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
          throw new Error(`waited in vain until ${what}`);
        },
      });
    } finally {
      await system.stop();
    }
  });
}

async function connected(zookeeper: ZooKeeper): Promise<SessionEvent> {
  await zookeeper.connected();
  return { type: "session_connected", zookeeper, sessionId: zookeeper.sessionId };
}

function update(patch: Extract<RegistrarMessage, { type: "update" }>["patch"]): RegistrarMessage {
  return { type: "update", service: SERVICE, patch };
}

Deno.test("registrar: registers the host and writes what is said about it, the last word last", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    registrar.tell(update({ version: "1", state: "serving" }));
    events.publish(await connected(zk));
    await until("it serves 1", (entry) => entry?.version === "1" && entry.state === "serving");
    for (let bytes = 1; bytes <= 50; bytes++) registrar.tell(update({ pinnedBytes: bytes }));
    await until("all is written", (entry) => entry?.pinnedBytes === 50);
    const { view } = await read(zk);
    assert.deepEqual(view.roster, ["web-1"]);
  });
});

Deno.test("registrar: where a hook undrain is, a newcomer that serves counts once it was put back", async () => {
  const isNewcomer = async (zk: ZooKeeper) =>
    (await read(zk)).view.rosterEntries.get("web-1")?.newcomer === true;
  const counts = async (zk: ZooKeeper) => await zk.exists(servingPath(SERVICE, "web-1")) !== null;
  await run(async ({ zk, registrar, events, until }) => {
    registrar.tell(update({ version: "1", state: "serving" }));
    events.publish(await connected(zk));
    await until("it serves", (entry) => entry?.state === "serving");
    // What changes is written, and it is no reason to register anew.
    registrar.tell(update({ version: "2" }));
    await until("it serves 2", (entry) => entry?.version === "2");
    const path = servicePath(SERVICE, "web-1");
    const { stat: { version } } = await zk.get(path);
    assert.deepEqual([await isNewcomer(zk), await counts(zk), version], [true, false, 0]);
    registrar.tell({ type: "put_back", service: SERVICE });
    while (await isNewcomer(zk)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await counts(zk), true);
    // Its next session finds it on the roster.
    events.publish({ ...await connected(zk), sessionId: 7n } as SessionEvent);
    await until("it serves", (entry) => entry?.state === "serving");
    assert.deepEqual([await isNewcomer(zk), await counts(zk)], [false, true]);
  }, { putBackFirst: [SERVICE] });
});

Deno.test("registrar: an info hash stands in the entry as long as its version does", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    const infoHash = "a".repeat(40);
    registrar.tell(update({ version: "1", infoHash, state: "serving" }));
    events.publish(await connected(zk));
    await until("it says what it runs", (entry) => entry?.infoHash === infoHash);
    registrar.tell(update({ waitingFor: "something" }));
    await until("it stands", (entry) => entry?.waitingFor === "something");
    assert.equal((await read(zk)).view.current.get("web-1")?.infoHash, infoHash);
    registrar.tell(update({ version: "2" }));
    await until("it went", (entry) => entry?.version === "2" && entry.infoHash === undefined);
  });
});

Deno.test("registrar: an entry that somebody has removed is made again", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    events.publish(await connected(zk));
    await until("it is there", (entry) => entry !== undefined);
    await zk.delete(currentPath(SERVICE, "web-1"));
    registrar.tell(update({ version: "2" }));
    await until("it is there again", (entry) => entry?.version === "2");
  });
});

Deno.test("registrar: a registration that the loss of the connection ended is made in the same session later", async () => {
  await run(async ({ zk, events, until }) => {
    const event = await connected(zk);
    const broken = new Proxy(zk, {
      get: (target, key) =>
        typeof Reflect.get(target, key) === "function"
          ? () => Promise.reject(new Error("connection lost"))
          : Reflect.get(target, key),
    });
    events.publish({ ...event, zookeeper: broken } as SessionEvent);
    events.publish({ type: "session_suspended" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    events.publish(event);
    await until("it is there", (entry) => entry !== undefined);
  });
});

Deno.test("registrar: under the name of another machine it writes nothing, and says so once", async () => {
  await run(async ({ zk, events, until }) => {
    events.publish(await connected(zk));
    await until("the first is there", (entry) => entry !== undefined);
    const warnings: string[] = [];
    const warn = (text: string) => void warnings.push(text);
    const silent = () => {};
    const log = { debug: silent, info: silent, warn, error: silent };
    const system = ActorSystem.create({ name: "namesake", log });
    const identity = { ...IDENTITY, rack: "r9", agent: "another-machine" };
    const namesake = system.spawn("registrar", registrarActor(identity, events));
    try {
      namesake.tell(update({ version: "9" }));
      namesake.tell({ type: "retry", service: SERVICE });
      await until("both have had their turn", () => warnings.length > 0);
      namesake.tell({ type: "retry", service: SERVICE });
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(warnings.length, 1);
      const { view } = await read(zk);
      assert.equal(view.current.get("web-1")?.agent, "this-machine");
      const roster = await zk.get("/dc/services/web/web-1");
      assert.match(new TextDecoder().decode(roster.data), /"r1"/);
    } finally {
      await system.stop();
    }
  });
});

Deno.test("registrar: a report waits for the registration, then goes through with the entry", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    const report = async (over: Slot) =>
      await ask<RegistrarMessage, ReportOutcome>(
        registrar,
        (replyTo) => ({
          type: "report",
          service: SERVICE,
          patch: { version: "2", state: "serving" },
          slot: over,
          places: null,
          holdsSlot: true,
          isFailure: false,
          replyTo,
        }),
        { timeoutMs: 5_000, clock: systemClock },
      );
    const early = await report(slot("web-1"));
    assert.deepEqual(early, { ok: false, reason: "the host is not registered in ZooKeeper" });
    events.publish(await connected(zk));
    await until("it is there", (entry) => entry !== undefined);
    for (let look = 0; look < 100; look++) {
      const outcome = await report(slot("web-1"));
      if (outcome.ok) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal((await read(zk)).view.current.get("web-1")?.version, "2");
  });
});

Deno.test("registrar: a host that waits for nothing says in what its process differs from its config", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    const differences = ["command", ..."abcdef".split("").map((letter) => `env ${letter}`)];
    const text = "runs otherwise than its config says " +
      "(command, env a, env b, env c, env d and 2 more), until it is started anew";
    registrar.tell(update({ version: "1", state: "serving", waitingFor: null }));
    events.publish(await connected(zk));
    await until("it serves", (entry) => entry?.state === "serving");
    const restarts = { crash: 1, unwell: 1 };
    registrar.tell({
      type: "running",
      service: SERVICE,
      running: { restarts, quarantined: null, differences },
    });
    await until("the entry says it", (entry) => entry?.waitingFor === text);
    assert.deepEqual((await read(zk)).view.current.get("web-1")?.restarts, restarts);
    const list = await ask<RegistrarMessage, readonly ServiceEntry[]>(
      registrar,
      (replyTo) => ({ type: "list", replyTo }),
      { timeoutMs: 10_000, clock: systemClock },
    );
    assert.deepEqual(list.map(({ running }) => running), [{
      restarts,
      quarantined: null,
      differences,
    }]);
    registrar.tell(update({ waitingFor: "v2 failed here" }));
    await until("something else counts more", (entry) => entry?.waitingFor === "v2 failed here");
    registrar.tell(update({ waitingFor: null }));
    await until("the entry says it again", (entry) => entry?.waitingFor === text);
    registrar.tell({
      type: "running",
      service: SERVICE,
      running: { restarts: { crash: 2, unwell: 1 }, quarantined: null, differences: [] },
    });
    await until("it waits for nothing", (entry) => entry?.waitingFor === null);
    await until("the entry counts it", (entry) => entry?.restarts?.crash === 2);
  });
});

Deno.test("registrar: without ZooKeeper the host's own page says that it waits for that, and since when", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    const own = async () => {
      const [one] = await ask<RegistrarMessage, readonly ServiceEntry[]>(
        registrar,
        (replyTo) => ({ type: "list", replyTo }),
        { timeoutMs: 10_000, clock: systemClock },
      );
      return one?.entry;
    };
    assert.match((await own())?.waitingFor ?? "", /^ZooKeeper: there is no connection/);
    registrar.tell(update({ version: "1", state: "serving", waitingFor: "budget: 1 of 1 down" }));
    events.publish(await connected(zk));
    await until("it serves", (entry) => entry?.state === "serving");
    const { waitingFor, waitingSinceMs } = (await read(zk)).view.current.get("web-1") ?? {};
    assert.deepEqual([waitingFor, typeof waitingSinceMs], ["budget: 1 of 1 down", "number"]);
    assert.equal((await own())?.waitingFor, "budget: 1 of 1 down");
    events.publish({ type: "session_suspended" });
    assert.match(
      (await own())?.waitingFor ?? "",
      /^ZooKeeper: there is no connection.*; before: budget: 1 of 1 down$/,
    );
  });
});

Deno.test("registrar: a write that does not end is told, and made again", async () => {
  await TestTree.run(async (_, zk) => {
    const clock = new VirtualClock();
    const warnings: string[] = [];
    const log: ActorLogger = {
      debug() {},
      info() {},
      warn: (text, properties) => void warnings.push(`${text} ${properties?.["error"]}`),
      error() {},
    };
    const system = ActorSystem.create({ name: "test", clock, log });
    const events = new Topic<SessionEvent>("session", { replayLast: true });
    const registrar = system.spawn("registrar", registrarActor(IDENTITY, events));
    let isStuck = false;
    let stuckCount = 0;
    const zookeeper = new Proxy(zk, {
      get(target, name) {
        if (name === "multi" && isStuck) {
          stuckCount++;
          return () => new Promise(() => {});
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const until = async (isTrue: (entry: Current | undefined) => boolean) => {
      for (let look = 0; look < 1_000; look++) {
        if (isTrue((await read(zk)).view.current.get("web-1"))) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
        // Not far enough for what is late.
        await clock.advance(10);
      }
      throw new Error("waited in vain for the entry");
    };
    try {
      events.publish(await connected(zookeeper));
      registrar.tell(update({ version: "v1" }));
      await until((entry) => entry?.version === "v1");
      isStuck = true;
      registrar.tell(update({ version: "v2" }));
      await clock.advance(1_000);
      assert.equal(stuckCount, 1);
      isStuck = false;
      await clock.advance(60_000);
      await until((entry) => entry?.version === "v2");
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /entry not written.*expected an outcome from ZooKeeper/);
    } finally {
      const stopped = system.stop();
      await clock.advance(60_000);
      await stopped;
    }
  });
});

Deno.test("registrar: a report removes no slot that another machine has taken under this name", async () => {
  // Regression: a host that knew that it had held a slot removed whatever stood there.
  await run(async ({ zk, registrar, events, until }) => {
    const held = slot("web-1", { agent: "that-machine", sinceMs: 7 });
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    await joinRoster(zk, SERVICE, { host: "web-1", roster });
    await zk.create(slotsPath(SERVICE, "web-1"), encodeEntry(held));
    events.publish(await connected(zk));
    await until("it is registered", (entry) => entry !== undefined);
    const own = slot("web-1", { agent: IDENTITY.agent, sinceMs: 3 });
    const patch = { version: "2", state: "serving" } as const;
    registrar.tell({ type: "update", service: SERVICE, patch, slot: { ...own, step: "baking" } });
    await until("it serves", (entry) => entry?.state === "serving");
    const outcome = await ask<RegistrarMessage, ReportOutcome>(registrar, (replyTo) => ({
      type: "report",
      service: SERVICE,
      patch: {},
      slot: own,
      holdsSlot: true,
      places: [],
      isFailure: false,
      replyTo,
    }), { timeoutMs: 5_000, clock: systemClock });
    assert.deepEqual(outcome, { ok: true, halted: false });
    assert.deepEqual((await read(zk)).view.slots.get("web-1"), held);
  });
});

Deno.test("registrar: a newcomer counts as soon as it serves", async () => {
  await run(async ({ zk, registrar, events, until }) => {
    registrar.tell(update({ version: null, state: "down" }));
    events.publish(await connected(zk));
    await until("it is there", (entry) => entry?.state === "down");
    const isNew = async () => (await read(zk)).view.rosterEntries.get("web-1")?.newcomer === true;
    assert.equal(await isNew(), true);
    registrar.tell(update({ version: "1", state: "serving" }));
    await until("it serves", (entry) => entry?.state === "serving");
    assert.equal(await isNew(), false);
    assert.notEqual(await zk.exists(servingPath(SERVICE, "web-1")), null);
    // It goes on in its new epoch.
    registrar.tell(update({ pinnedBytes: 7 }));
    await until("it writes on", (entry) => entry?.pinnedBytes === 7);
  });
});

Deno.test("registrar: a record goes with the marker by which its host counts as ready, or neither does (I3)", async () => {
  // Regression, found by the simulation: the marker went a moment later, and others went on with a quorum that there was not.
  await run(async ({ zk, registrar, events, until }) => {
    registrar.tell(update({ version: "1", state: "serving" }));
    events.publish(await connected(zk));
    await until("it serves", (entry) => entry?.state === "serving");
    await roll(zk, "2");
    const record = slot("web-1", { step: "failed", cause: "preparation" });
    await zk.create(slotsPath(SERVICE, "web-1"), encodeEntry(record));
    const [wave] = (await read(zk)).waves;
    assert.ok(wave?.tally !== undefined);
    const { tally } = wave;
    const waves = [{ ...wave, tally }];
    const marker = readyPath(SERVICE, tally, "web-1");
    const stands = async (path: string) => await zk.exists(path) !== null;
    const hasMarker = async (should: boolean) => {
      for (let look = 0; look < 500 && await stands(marker) !== should; look++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.equal(await stands(marker), should);
    };
    const counted = (staged: { readonly version: string } | null) =>
      registrar.tell({
        type: "update",
        service: SERVICE,
        patch: {},
        counted: { waves, staged },
      });
    counted({ version: "2" });
    await hasMarker(true);

    const giveBack = async (reading: Awaited<ReturnType<typeof read>>) =>
      await ask<RegistrarMessage, ReturnOutcome>(
        registrar,
        (replyTo) => ({ type: "give_back", service: SERVICE, slot: record, reading, replyTo }),
        { timeoutMs: 5_000, clock: systemClock },
      );
    const before = await read(zk, "web-1");
    counted(null);
    assert.deepEqual(await giveBack(before), { ok: true });
    const path = slotsPath(SERVICE, "web-1");
    assert.deepEqual([await stands(path), await stands(marker)], [false, false]);
    // The last change below each of them was the same transaction.
    const changes = [slotsPath(SERVICE), readyPath(SERVICE, tally)].map(async (parent) =>
      (await zk.exists(parent))?.pzxid
    );
    const [slots, ready] = await Promise.all(changes);
    assert.equal(slots, ready);

    // It knows which markers stand, also if something has changed since the reading: then the record stands.
    counted({ version: "2" });
    await hasMarker(true);
    await zk.create(path, encodeEntry(record));
    const late = await read(zk, "web-1");
    await zk.set(slotsPath(SERVICE), new Uint8Array(0));
    counted(null);
    assert.deepEqual(await giveBack(late), { ok: true });
    assert.equal(await stands(path), true);
    await hasMarker(false);
    assert.deepEqual(await giveBack(await read(zk, "web-1")), { ok: true });
    assert.equal(await stands(path), false);
    assert.equal((await read(zk)).view.current.get("web-1")?.state, "serving");
  });
});
