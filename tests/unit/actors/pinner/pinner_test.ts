/** The pinner on keepers and a disk of the test's own: what it locks first, and when it gives up on a keeper that dies. */

import assert from "node:assert/strict";
import { LockOrder } from "../../../../actors/pinner/lock_order.ts";
import type { PinnerMessage, PinOutcome } from "../../../../actors/pinner/messages.ts";
import { pinnerActor } from "../../../../actors/pinner/pinner.ts";
import { type ActorRef, ActorSystem, ask, VirtualClock } from "../../../../actors/runtime/mod.ts";
import {
  HostError,
  type ObservedPin,
  type PinKeepers,
  ReleaseStore,
  thisHost,
} from "../../../../host/mod.ts";

const HOUR_MS = 3_600_000;

/** A host whose keepers do what a test says. */
class Host {
  readonly clock = new VirtualClock();
  readonly logged: string[] = [];
  readonly system = ActorSystem.create({
    name: "test",
    clock: this.clock,
    log: { debug() {}, info() {}, warn: (...line) => this.#note(...line), error() {} },
  });
  /** The keepers that were started, as `service version`, oldest first. */
  readonly started: string[] = [];
  readonly alive = new Set<string>();
  /** Keepers that are still locking; they go on once they are taken out. */
  readonly slow = new Map<string, PromiseWithResolvers<void>>();
  /** How much the kernel says that a keeper has locked, where that is less than its release. */
  readonly lost = new Map<string, number>();
  /** Those that die while they lock. */
  readonly doomed = new Set<string>();
  /** Whether the folder with the releases can be read. */
  isListable = true;
  /** Whether a service runs on what a keeper holds, by its pid, as the kernel was told. */
  readonly ranks = new Map<number, boolean>();
  /** Locked bytes by version, as they were published. */
  readonly published: ReadonlyMap<string, number>[] = [];
  /** What each check was asked. */
  readonly owed: string[] = [];
  /** How much can be locked in all. */
  roomBytes = Infinity;
  /** The version that `current` points at. */
  current: string | null = null;
  readonly #order = new LockOrder();

  /** Starts the pinner of a service; each of its releases has 100 bytes. */
  async pinner(service = "web"): Promise<ActorRef<PinnerMessage>> {
    const keyOf = (statusPath: string) =>
      statusPath.match(/([a-z]+)\/\.rollcall\/(v\d)\.pin\.json$/)?.slice(1).join(" ") ?? "";
    const keepers: PinKeepers = {
      ...thisHost.keepers,
      check: ({ name, owedBytes = 0 }) => {
        this.owed.push(`${name} beside ${owedBytes}`);
        if (owedBytes + 100 <= this.roomBytes) return;
        throw new HostError("PIN_MEMORY", { message: `${name}: no room` });
      },
      start: ({ statusPath, root }) => {
        const key = keyOf(statusPath);
        if (!this.alive.has(key)) this.started.push(key);
        this.alive.add(key);
        return Promise.resolve({ ...this.#status(key), root, statusPath, adopted: false });
      },
      locked: async ({ statusPath }) => {
        const key = keyOf(statusPath);
        await this.slow.get(key)?.promise;
        if (this.doomed.has(key) || !this.alive.has(key)) {
          this.alive.delete(key);
          throw new HostError("PIN_KEEPER_DIED", { message: `${key}: killed by SIGKILL` });
        }
        return this.#status(key);
      },
      status: (statusPath) => this.#status(keyOf(statusPath)),
      release: (statusPath) => Promise.resolve(void this.alive.delete(keyOf(statusPath))),
      rank: (pid, { isRunning }) => void this.ranks.set(pid, isRunning),
      whyEnded: () => Promise.resolve("killed by SIGKILL; the kernel's OOM killer has ended 1"),
    };
    const store = new ReleaseStore("/nowhere", service);
    store.list = () =>
      !this.isListable ? Promise.reject(new Error("it cannot be read")) : Promise.resolve(
        ["v1", "v2"].map((version) => ({
          version,
          state: "complete",
          current: version === this.current,
        })),
      );
    store.readReceipt = () => ({
      schema: 1,
      infoHash: "a".repeat(40),
      verifiedAt: 0,
      files: [{ path: "blob", sizeBytes: 100, mtimeNs: "0", inode: "1" }],
    });
    const pinner = this.system.spawn(
      service,
      pinnerActor({
        service,
        store,
        config: { mode: "required", limit: Infinity, margin: 0 },
        keeperCommand: [],
        events: {
          publish: ({ versions }) => {
            this.published.push(versions);
            return { accepted: 1, overflowed: 0 };
          },
        },
        keepers,
        order: this.#order,
      }),
    );
    await this.clock.advance(1);
    return pinner;
  }

  /** Asks for a version to be locked; the outcome is there once `settled` says so. */
  pin(pinner: ActorRef<PinnerMessage>, version: string): Promise<PinOutcome> {
    return ask<PinnerMessage, PinOutcome>(
      pinner,
      (replyTo) => ({ type: "pin", version, progressTo: null, replyTo }),
      { timeoutMs: 24 * HOUR_MS, clock: this.clock },
    );
  }

  check(pinner: ActorRef<PinnerMessage>, version: string): Promise<PinOutcome> {
    return ask<PinnerMessage, PinOutcome>(
      pinner,
      (replyTo) => ({ type: "check", version, sizeBytes: 100, replyTo }),
      { timeoutMs: 1_000, clock: this.clock },
    );
  }

  #note(text: string, properties: Record<string, unknown> = {}): void {
    this.logged.push(text.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name])));
  }

  #status(key: string): ObservedPin {
    return {
      ...IDENTITY,
      pid: key.endsWith("v1") ? 1 : 2,
      schema: 1,
      root: "",
      rootIdentity: "",
      state: this.slow.has(key) ? "locking" : "locked",
      filesCount: 1,
      totalBytes: 100,
      lockedBytes: this.slow.has(key) ? 40 : 100,
      vmLckBytes: this.lost.get(key) ?? 4096,
      residentBytes: 100,
      updatedAt: 0,
      alive: this.alive.has(key),
    };
  }
}

const IDENTITY = { startTimeTicks: 1, bootId: "boot" };

Deno.test("pinner: a keeper that has died three times within an hour is left alone, and the release counts as not pinnable", async () => {
  // Regression: it was started again every few seconds for ever, and each one had the kernel kill another process.
  const host = new Host();
  host.current = "v1";
  const pinner = await host.pinner();
  assert.deepEqual(await host.pin(pinner, "v1"), { ok: true, lockedBytes: 100 });
  for (let look = 0; look < 100; look++) {
    await host.clock.advance(5_000);
    host.alive.clear();
  }
  assert.deepEqual(host.started, ["web v1", "web v1", "web v1"]);
  const reason =
    "pin web v1: make room in memory: its keeper has died 3 times within 1h, and is not started again before that " +
    "is over; the last time: killed by SIGKILL; the kernel's OOM killer has ended 1";
  const refusal = { ok: false, required: true, reason, advice: null };
  assert.deepEqual(await host.check(pinner, "v1"), refusal);
  assert.deepEqual(await host.pin(pinner, "v1"), refusal);
  assert.deepEqual(host.logged.filter((line) => line.includes(reason)).length, 1);
  // Another version is another matter, and so is the next hour.
  assert.equal((await host.check(pinner, "v2")).ok, true);
  await host.clock.advance(HOUR_MS);
  assert.deepEqual(await host.pin(pinner, "v1"), { ok: true, lockedBytes: 100 });
  assert.equal(host.started.length, 4);
  await host.system.stop();
});

Deno.test("pinner: keepers of two releases that kill each other are both left alone", async () => {
  const host = new Host();
  host.current = "v1";
  const pinner = await host.pinner();
  await host.pin(pinner, "v1");
  await host.pin(pinner, "v2");
  for (let look = 0; look < 100; look++) {
    await host.clock.advance(5_000);
    // Whoever has locked last has the other one killed.
    const [victim] = [...host.alive].filter((_, index, all) => index < all.length - 1);
    if (victim !== undefined) host.alive.delete(victim);
  }
  const counts = ["web v1", "web v2"].map((key) =>
    host.started.filter((each) => each === key).length
  );
  assert.deepEqual(counts, [3, 3]);
  assert.equal((await host.check(pinner, "v1")).ok, false);
  await host.system.stop();
});

Deno.test("pinner: a keeper that was told to end, or was only not found for once, has not died", async () => {
  const host = new Host();
  const pinner = await host.pinner();
  for (let time = 0; time < 5; time++) {
    await host.pin(pinner, "v1");
    await host.clock.advance(5_000);
    host.isListable = false;
    await host.clock.advance(5_000);
    host.isListable = true;
    await host.clock.advance(5_000);
    pinner.tell({ type: "keep", versions: [] });
    await host.clock.advance(5_000);
  }
  for (let time = 0; time < 5; time++) {
    const locking = Promise.withResolvers<void>();
    host.slow.set("web v1", locking);
    const outcome = host.pin(pinner, "v1");
    await host.clock.advance(1_000);
    pinner.tell({ type: "keep", versions: [] });
    await host.clock.advance(1_000);
    host.slow.delete("web v1");
    locking.resolve();
    await host.clock.advance(1_000);
    assert.equal((await outcome).ok, false);
  }
  assert.equal((await host.check(pinner, "v1")).ok, true);
  assert.equal(host.started.length, 10);
  await host.system.stop();
});

Deno.test("pinner: what is not to be locked any more when its turn comes is not locked", async () => {
  const host = new Host();
  const pinner = await host.pinner();
  host.roomBytes = 199;
  const locking = Promise.withResolvers<void>();
  host.slow.set("web v1", locking);
  const first = host.pin(pinner, "v1");
  const second = host.pin(pinner, "v2");
  await host.clock.advance(1);
  pinner.tell({ type: "keep", versions: ["v1"] });
  await host.clock.advance(1);
  host.slow.delete("web v1");
  locking.resolve();
  await host.clock.advance(1);
  assert.equal((await first).ok, true);
  assert.equal((await second).ok, false);
  assert.deepEqual(host.started, ["web v1"]);
  await host.system.stop();
});

Deno.test("pinner: only the keeper of what runs is not offered to the kernel", async () => {
  const host = new Host();
  host.current = "v1";
  const pinner = await host.pinner();
  await host.pin(pinner, "v1");
  await host.pin(pinner, "v2");
  await host.clock.advance(5_000);
  assert.deepEqual([...host.ranks], [[1, true], [2, false]]);
  host.current = "v2";
  await host.clock.advance(5_000);
  assert.deepEqual([...host.ranks], [[1, false], [2, true]]);
  await host.system.stop();
});

Deno.test("pinner: a keeper that dies while it locks is not tried for ever either", async () => {
  const host = new Host();
  const pinner = await host.pinner();
  host.doomed.add("web v2");
  const reasons: string[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const outcome = await host.pin(pinner, "v2");
    reasons.push(outcome.ok ? "" : outcome.reason);
  }
  assert.equal(host.started.length, 3);
  assert.equal(reasons[2], "web v2: killed by SIGKILL");
  assert.match(reasons[3] ?? "", /its keeper has died 3 times .* the last time: web v2: killed by/);
  await host.system.stop();
});

Deno.test("pinner: what runs is locked before what any service prepares, and its memory is not to be had meanwhile", async () => {
  const host = new Host();
  host.current = "v1";
  const [web, db] = [await host.pinner("web"), await host.pinner("db")];
  host.roomBytes = 199;
  const locking = Promise.withResolvers<void>();
  host.slow.set("db v1", locking);
  const running = host.pin(db, "v1");
  await host.clock.advance(1);
  assert.equal((await host.check(web, "v2")).ok, false);
  assert.deepEqual(host.owed, ["web v2 beside 100"]);
  const prepared = [host.pin(web, "v2"), host.pin(db, "v2")];
  await host.clock.advance(1);
  assert.deepEqual(host.started, ["db v1"]);
  host.slow.delete("db v1");
  locking.resolve();
  await host.clock.advance(1);
  const outcomes = await Promise.all([running, ...prepared]);
  assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true, true]);
  assert.deepEqual(host.started, ["db v1", "web v2", "db v2"]);
  assert.equal((await host.check(web, "v3")).ok, true);
  assert.equal(host.owed.at(-1), "web v3 beside 0");
  await host.system.stop();
});

Deno.test("pinner: what the kernel does not count as locked is not published as pinned, whatever its keeper has written", async () => {
  // Regression: a keeper's count of successful calls was published for as long as the keeper lived.
  const host = new Host();
  const pinner = await host.pinner();
  assert.deepEqual(await host.pin(pinner, "v1"), { ok: true, lockedBytes: 100 });
  await host.clock.advance(5_000);
  assert.deepEqual([...host.published.at(-1) ?? []], [["v1", 100]]);
  host.lost.set("web v1", 60);
  await host.clock.advance(5_000);
  assert.deepEqual([...host.published.at(-1) ?? []], []);
  const warning = "web v1: 40 of 100 bytes are not locked in memory any more: locking again";
  assert.deepEqual(host.logged, [warning]);
  host.lost.clear();
  await host.clock.advance(5_000);
  assert.deepEqual([...host.published.at(-1) ?? []], [["v1", 100]]);
  assert.deepEqual(host.started, ["web v1"], "no other keeper");
  await host.system.stop();
});
