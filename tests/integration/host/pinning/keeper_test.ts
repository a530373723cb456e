import assert from "node:assert/strict";
import { join } from "node:path";
import { roundUpToPages } from "../../../../ffi/mod.ts";
import { awaitPinned, pinStatus, releasePin, startPin } from "../../../../host/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import { runPinKeeper } from "../../../../host/pinning/keeper.ts";
import type { MemoryLimit } from "../../../../host/pinning/memory_room.ts";
import type { PinStatus } from "../../../../host/pinning/pin_status.ts";
import { eventually, rejectsWith, withFolder } from "../support.ts";
import { KEEPER, lockedBytesOf, MEBIBYTE, TOTAL_BYTES, withRelease } from "./pin_fixtures.ts";

Deno.test("runPinKeeper locks many small files, each charged a page", async () => {
  await withFolder(async (folder) => {
    const root = join(folder, "release");
    await Deno.mkdir(root);
    const count = 1500;
    for (let index = 0; index < count; index++) {
      await Deno.writeFile(join(root, `${index}`), new Uint8Array(10));
    }
    const statusPath = join(folder, "pin.json");
    const pages = count * roundUpToPages(1);
    const pin = await startPin({ command: KEEPER, root, statusPath, limitBytes: pages });
    try {
      const status = await awaitPinned(pin);
      assert.equal(status.filesCount, count);
      assert.equal(status.totalBytes, 10 * count);
      assert.equal(status.vmLckBytes, pages);
    } finally {
      await releasePin(statusPath);
    }
    const refused = await startPin({ command: KEEPER, root, statusPath, limitBytes: pages - 1 });
    await rejectsWith(awaitPinned(refused), "PIN_LIMIT");
  });
});

Deno.test("runPinKeeper ends by itself when its status file is gone", async () => {
  await withRelease(async (options) => {
    const sleeps: number[] = [];
    const clock = {
      nowMs: () => 0,
      wallTimeMs: () => 0,
      after(delayMs: number, callback: () => void) {
        sleeps.push(delayMs);
        if (sleeps.length === 3) Deno.removeSync(options.statusPath);
        queueMicrotask(callback);
        return () => {};
      },
    };
    const { signal } = new AbortController();
    const end = await runPinKeeper({ ...options, signal, clock });
    assert.deepEqual(end, { type: "orphaned" });
    assert.equal(sleeps.length, 3);
    assert.equal(lockedBytesOf(Deno.pid), 0);
  });
});

Deno.test("runPinKeeper unlocks everything when a file disappears in the middle", async () => {
  await withRelease(async (options) => {
    let lockedAtRemoval = 0;
    const clock = {
      nowMs() {
        if (lockedAtRemoval > 0) return 0;
        lockedAtRemoval = lockedBytesOf(Deno.pid);
        if (lockedAtRemoval > 0) Deno.removeSync(options.root, { recursive: true });
        return 0;
      },
      wallTimeMs: () => 0,
      after: () => assert.fail("it must not get to idling"),
    };
    const { signal } = new AbortController();
    const end = await runPinKeeper({ ...options, signal, clock }).catch((error) => error);
    const status = pinStatus(options.statusPath);
    // It names this very process, which the clean-up would end.
    await Deno.remove(options.statusPath);
    assert.equal(status?.state, "failed");
    assert.equal(status.vmLckBytes, 0);
    assert.ok(lockedAtRemoval > 0);
    assert.equal(end.type, "failed", String(end));
    assert.equal(end.failure.code, "PIN_FILES_CHANGED");
    assert.equal(lockedBytesOf(Deno.pid), 0);
  });
});

Deno.test("runPinKeeper unlocks and removes its status when it is asked to end", async () => {
  await withRelease(async (options) => {
    const ending = new AbortController();
    const end = runPinKeeper({ ...options, signal: ending.signal });
    await eventually(() => pinStatus(options.statusPath)?.state === "locked");
    assert.ok(lockedBytesOf(Deno.pid) >= TOTAL_BYTES);
    ending.abort();
    assert.deepEqual(await end, { type: "released" });
    assert.equal(lockedBytesOf(Deno.pid), 0);
    assert.equal(pinStatus(options.statusPath), null);
  });
});

Deno.test("runPinKeeper gives up in the middle when others have taken the memory, with what is missing", async () => {
  await withRelease(async (options) => {
    await Deno.truncate(join(options.root, "blob"), 150 * MEBIBYTE);
    const lockedAtLooks: number[] = [];
    // There is room for all of it, until 64 MiB are locked.
    const readLimits = (): MemoryLimit[] => {
      const lockedBytes = lockedBytesOf(Deno.pid);
      lockedAtLooks.push(lockedBytes);
      const limitBytes = (lockedBytes === 0 ? 300 : 60) * MEBIBYTE;
      return [{
        file: "MemAvailable",
        cgroup: null,
        limitBytes,
        usedBytes: 0,
        reclaimableBytes: 0,
      }];
    };
    // It would hold what it has locked all the same until it is told to end.
    const ending = new AbortController();
    const log = { ...silentLog, info: () => ending.abort() };
    const end = await runPinKeeper({
      ...options,
      limitBytes: Infinity,
      marginBytes: 20 * MEBIBYTE,
      signal: ending.signal,
      log,
      readLimits,
    });
    const status = pinStatus(options.statusPath);
    // It names this very process, which the clean-up would end.
    await Deno.remove(options.statusPath);
    assert.equal(end.type, "failed", String(end));
    assert.equal(end.failure.code, "PIN_MEMORY");
    assert.match(
      end.failure.message,
      /: free 57 MiB of this machine's memory.*; 60 MiB are available/,
    );
    assert.deepEqual(lockedAtLooks, [0, 0, 64 * MEBIBYTE]);
    assert.equal(status?.lockedBytes, 0);
    assert.equal(lockedBytesOf(Deno.pid), 0);
  });
});

Deno.test("runPinKeeper is whom the kernel would end first while it locks, and no longer", async () => {
  await withRelease(async (options) => {
    const scores: string[] = [];
    const noteScore = () => {
      scores.push(Deno.readTextFileSync("/proc/self/oom_score_adj").trim());
      return [];
    };
    const before = (noteScore(), scores[0]);
    const ending = new AbortController();
    const end = runPinKeeper({ ...options, signal: ending.signal, readLimits: noteScore });
    await eventually(() => pinStatus(options.statusPath)?.state === "locked");
    await eventually(() => (noteScore(), scores.at(-1) === before));
    ending.abort();
    await end;
    assert.deepEqual(scores.slice(1, 3), ["1000", "1000"]);
  });
});

Deno.test("runPinKeeper locks the range of the files that is meant, and sparse files", async () => {
  await withRelease(async (options) => {
    await Deno.truncate(join(options.root, "blob"), 130 * MEBIBYTE);
    const page = roundUpToPages(1);
    const selection = {
      paths: [options.root],
      ignore: ["sub"],
      range: { fromBytes: page, toBytes: 129 * MEBIBYTE },
    };
    const locked: PinStatus[] = [];
    const ending = new AbortController();
    const end = await runPinKeeper({
      ...options,
      limitBytes: Infinity,
      selection,
      signal: ending.signal,
      onLocked(status) {
        locked.push(status);
        ending.abort();
      },
    });
    assert.deepEqual(end, { type: "released" });
    const [status] = locked;
    assert.equal(status?.filesCount, 1);
    assert.equal(status.totalBytes, 129 * MEBIBYTE - page);
    assert.equal(status.vmLckBytes, 129 * MEBIBYTE - page);
    assert.equal(status.residentBytes, 129 * MEBIBYTE - page);
  });
});

Deno.test("runPinKeeper outlives a file that is cut short while it is being locked, and says so", async () => {
  await withRelease(async (options) => {
    const blob = join(options.root, "blob");
    await Deno.truncate(blob, 150 * MEBIBYTE);
    const readLimits = (): MemoryLimit[] => {
      if (lockedBytesOf(Deno.pid) > 0) Deno.truncateSync(blob, 10);
      return [];
    };
    const { signal } = new AbortController();
    const limitBytes = Infinity;
    const end = await runPinKeeper({ ...options, limitBytes, signal, readLimits });
    await Deno.remove(options.statusPath);
    assert.equal(end.type, "failed", String(end));
    assert.equal(end.failure.code, "PIN_FILES_CHANGED");
    assert.equal(lockedBytesOf(Deno.pid), 0);
  });
});

Deno.test("runPinKeeper that is cancelled between two chunks has locked nothing and leaves no status", async () => {
  await withRelease(async (options) => {
    await Deno.truncate(join(options.root, "blob"), 200 * MEBIBYTE);
    const cancelling = new AbortController();
    let lockedBytes = 0;
    const readLimits = (): MemoryLimit[] => {
      lockedBytes = lockedBytesOf(Deno.pid);
      if (lockedBytes > 0) cancelling.abort();
      return [];
    };
    const end = await runPinKeeper({
      ...options,
      limitBytes: Infinity,
      signal: cancelling.signal,
      readLimits,
    });
    assert.deepEqual(end, { type: "released" });
    assert.ok(lockedBytes > 0 && lockedBytes < 200 * MEBIBYTE, `${lockedBytes}`);
    assert.equal(lockedBytesOf(Deno.pid), 0);
    assert.equal(pinStatus(options.statusPath), null);
  });
});
