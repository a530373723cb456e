/** A lock that is lost behind the keeper's back, on the real kernel: nothing that is gone counts as pinned, and it is locked again. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileResidency } from "../../../../ffi/mod.ts";
import {
  type ObservedPin,
  pinStatus,
  provenBytesOf,
  type StartPinOptions,
} from "../../../../host/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import { type PinKeeperEnd, runPinKeeper } from "../../../../host/pinning/keeper.ts";
import { eventually } from "../support.ts";
import { lockedBytesOf, MEBIBYTE, TOTAL_BYTES, withRelease } from "./pin_fixtures.ts";

/** A clock on which only pauses take time, a hundredth of it really: a slow machine has no proof wait for another one. */
const FAST_CLOCK = {
  elapsedMs: 0,
  nowMs() {
    return this.elapsedMs;
  },
  wallTimeMs: () => Date.now(),
  after(delayMs: number, callback: () => void) {
    const timer = setTimeout(() => {
      this.elapsedMs += delayMs;
      callback();
    }, delayMs / 100);
    return () => clearTimeout(timer);
  },
};

interface Keeper {
  /** What its status said each time that it had found something lost. */
  readonly losses: ObservedPin[];
  readonly end: Promise<PinKeeperEnd>;
  readonly stop: () => void;
}

/** Runs a keeper in this process, once it has locked everything. */
async function keeperOf(options: StartPinOptions): Promise<Keeper> {
  const ending = new AbortController();
  const losses: ObservedPin[] = [];
  const warn = () => void losses.push(pinStatus(options.statusPath)!);
  const log = { ...silentLog, warn };
  const end = runPinKeeper({ ...options, signal: ending.signal, clock: FAST_CLOCK, log });
  await isLocked(options);
  return { losses, end, stop: () => ending.abort() };
}

async function isLocked({ statusPath }: StartPinOptions): Promise<void> {
  await eventually(() => {
    const status = pinStatus(statusPath);
    return status?.state === "locked" && status.provenBytes === TOTAL_BYTES;
  });
}

/** munlock(2) of the first bytes of every area of a file that this process has locked, as no keeper would call it. */
function unlockBehindItsBack(path: string, sizeBytes: number): void {
  const libc = Deno.dlopen("libc.so.6", {
    munlock: { parameters: ["usize", "usize"], result: "i32" },
  });
  try {
    for (const line of Deno.readTextFileSync("/proc/self/maps").split("\n")) {
      if (!line.endsWith(` ${path}`)) continue;
      assert.equal(libc.symbols.munlock(BigInt(`0x${line.split("-")[0]}`), BigInt(sizeBytes)), 0);
    }
  } finally {
    libc.close();
  }
}

Deno.test("runPinKeeper notices that a part is not locked any more, does not claim it, and locks it again", async () => {
  await withRelease(async (options) => {
    const keeper = await keeperOf(options);
    unlockBehindItsBack(join(options.root, "blob"), MEBIBYTE);
    const status = pinStatus(options.statusPath);
    assert.equal(status?.state, "locked", "as it was found by the last proof");
    await eventually(() => keeper.losses.length > 0);
    await isLocked(options);
    const [loss] = keeper.losses;
    assert.equal(loss?.state, "locking");
    const leftBytes = loss?.provenBytes ?? NaN;
    // Where the file system has huge pages, nothing is left of one that was unlocked in part.
    assert.ok(leftBytes === TOTAL_BYTES - MEBIBYTE || leftBytes === 5, `${leftBytes}`);
    assert.ok(lockedBytesOf(Deno.pid) >= TOTAL_BYTES);
    keeper.stop();
    assert.deepEqual(await keeper.end, { type: "released" });
  });
});

Deno.test("runPinKeeper notices that pages are gone although all counts as locked, and reads them again", async () => {
  await withRelease(async (options) => {
    const path = join(options.root, "blob");
    const keeper = await keeperOf(options);
    const before = lockedBytesOf(Deno.pid);
    await Deno.truncate(path, 0);
    await Deno.truncate(path, 2 * MEBIBYTE);
    assert.equal(lockedBytesOf(Deno.pid), before, "so VmLck proves nothing");
    await eventually(() => keeper.losses.length > 0);
    await isLocked(options);
    assert.equal(keeper.losses[0]?.provenBytes, 5, "of the other file");
    assert.equal(fileResidency(path, 2 * MEBIBYTE).residentBytes, 2 * MEBIBYTE);
    keeper.stop();
    await keeper.end;
  });
});

Deno.test("runPinKeeper locks the file that has taken the place of another one", async () => {
  await withRelease(async (options) => {
    const path = join(options.root, "blob");
    const keeper = await keeperOf(options);
    await Deno.writeFile(`${path}.new`, new Uint8Array(2 * MEBIBYTE).fill(2));
    await Deno.rename(`${path}.new`, path);
    await eventually(() => keeper.losses.length > 0);
    await isLocked(options);
    assert.equal(keeper.losses[0]?.provenBytes, 5);
    const areas = Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) =>
      line.includes(options.root)
    );
    assert.equal(areas.filter((line) => line.endsWith(" (deleted)")).length, 0, `${areas}`);
    assert.equal(areas.filter((line) => line.endsWith(path)).length, 1);
    keeper.stop();
    await keeper.end;
  });
});

Deno.test("runPinKeeper holds nothing of a release that has lost bytes for good, and says what to do", async () => {
  await withRelease(async (options) => {
    const keeper = await keeperOf(options);
    await Deno.truncate(join(options.root, "blob"), MEBIBYTE);
    const end = await keeper.end;
    const status = pinStatus(options.statusPath);
    // It names this very process, which the clean-up would end.
    await Deno.remove(options.statusPath);
    assert.equal(end.type === "failed" && end.failure.code, "PIN_FILES_CHANGED");
    assert.equal(status?.state, "failed");
    assert.equal(provenBytesOf(status!), 0);
    assert.equal(lockedBytesOf(Deno.pid), 0);
  });
});
