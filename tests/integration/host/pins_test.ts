import assert from "node:assert/strict";
import { join } from "node:path";
import { dropFromPageCache, roundUpToPages } from "../../../ffi/mod.ts";
import {
  awaitPinned,
  checkPinnable,
  pinStatus,
  releasePin,
  startPin,
  type StartPinOptions,
  writeJsonFile,
} from "../../../host/mod.ts";
import { runPinKeeper } from "../../../host/pinning/keeper.ts";
import {
  eventually,
  isGone,
  killIfAlive,
  projectPath,
  rejectsWith,
  startAndKillAgent,
  withFolder,
} from "./support.ts";

const MEBIBYTE = 1024 * 1024;

const KEEPER = [Deno.execPath(), "run", "-A", projectPath("host/pinning/keeper_main.ts")];

/** A keeper that has neither CAP_IPC_LOCK nor more than 1 MiB to lock, whoever runs the test. */
const POOR_KEEPER = [
  "prlimit",
  `--memlock=${MEBIBYTE}:${MEBIBYTE}`,
  ...(Deno.uid() === 0
    ? ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "--"]
    : []),
  ...KEEPER,
];

/** A release of three files, an empty one and one in a folder among them: 2 MiB and 5 bytes. */
async function makeRelease(folder: string): Promise<StartPinOptions> {
  const root = join(folder, "release");
  await Deno.mkdir(join(root, "sub"), { recursive: true });
  await Deno.writeFile(join(root, "blob"), new Uint8Array(2 * MEBIBYTE).fill(1));
  await Deno.writeFile(join(root, "sub", "small"), new Uint8Array(5));
  await Deno.writeFile(join(root, "empty"), new Uint8Array());
  await Deno.symlink("blob", join(root, "link"));
  return {
    command: KEEPER,
    root,
    statusPath: join(folder, "pin.json"),
    limitBytes: 100 * MEBIBYTE,
  };
}

const TOTAL_BYTES = 2 * MEBIBYTE + 5;

async function withRelease(use: (options: StartPinOptions, folder: string) => Promise<void>) {
  await withFolder(async (folder) => {
    const options = await makeRelease(folder);
    try {
      await use(options, folder);
    } finally {
      await releasePin(options.statusPath);
    }
  });
}

/** `VmLck` of a process, in bytes. */
function lockedBytesOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(status.match(/^VmLck:\s+(\d+) kB$/m)?.[1]) * 1024;
}

Deno.test("startPin locks all files of a folder, and the status proves it", async () => {
  await withRelease(async (options) => {
    await dropFromPageCache(join(options.root, "blob"));
    const pin = await startPin(options);
    const status = await awaitPinned(pin);
    assert.equal(pin.adopted, false);
    assert.equal(status.state, "locked");
    assert.equal(status.filesCount, 3);
    assert.equal(status.totalBytes, TOTAL_BYTES);
    assert.equal(status.lockedBytes, TOTAL_BYTES);
    assert.equal(status.residentBytes, TOTAL_BYTES);
    const pages = roundUpToPages(2 * MEBIBYTE) + roundUpToPages(5);
    assert.equal(status.vmLckBytes, pages);
    assert.equal(lockedBytesOf(pin.pid), pages);
    await releasePin(options.statusPath);
    assert.equal(isGone(pin.pid), true);
    assert.equal(pinStatus(options.statusPath), null);
  });
});

Deno.test("startPin's keeper survives the agent's SIGKILL and is adopted by the next one", async () => {
  await withRelease(async (options) => {
    const pid = await startAndKillAgent("pin", { ...options, wait: true });
    try {
      assert.equal(pinStatus(options.statusPath)?.alive, true);
      const pin = await startPin(options);
      assert.equal(pin.adopted, true);
      assert.equal(pin.pid, pid);
      assert.equal((await awaitPinned(pin)).residentBytes, TOTAL_BYTES);
      assert.ok(lockedBytesOf(pid) >= TOTAL_BYTES);
    } finally {
      await releasePin(options.statusPath);
      killIfAlive(pid);
    }
  });
});

Deno.test("startPin replaces a keeper of another folder that took the name", async () => {
  await withRelease(async (options) => {
    const first = await startPin(options);
    await awaitPinned(first);
    await Deno.rename(options.root, `${options.root}.old`);
    await Deno.mkdir(options.root);
    const second = await startPin(options);
    assert.equal(second.adopted, false);
    assert.equal(isGone(first.pid), true);
    assert.equal((await awaitPinned(second)).totalBytes, 0);
  });
});

Deno.test("startPin says what is wrong with a missing folder and a missing program", async () => {
  await withRelease(async (options) => {
    await rejectsWith(startPin({ ...options, root: `${options.root}.not` }), "PIN_ROOT_MISSING");
    await rejectsWith(startPin({ ...options, command: ["/no/such"] }), "PIN_KEEPER_FAILED");
  });
});

Deno.test("awaitPinned without permission tells the missing bytes and the lines to add", async () => {
  await withRelease(async (options) => {
    const pin = await startPin({ ...options, command: POOR_KEEPER });
    const error = await rejectsWith(awaitPinned(pin), "PIN_NOT_PERMITTED");
    const required = roundUpToPages(2 * MEBIBYTE) + roundUpToPages(5);
    assert.match(error.advice ?? "", new RegExp(`\\b${required - MEBIBYTE} are missing`));
    assert.match(error.advice ?? "", new RegExp(` - memlock ${required / 1024}$`, "m"));
    assert.match(error.advice ?? "", new RegExp(`LimitMEMLOCK=${required / 1024}K$`, "m"));
    await eventually(() => isGone(pin.pid));
    const status = pinStatus(options.statusPath);
    assert.equal(status?.alive, false);
    assert.equal(status?.state, "failed");
    assert.equal(status?.lockedBytes, 0);
  });
});

Deno.test("awaitPinned refuses a folder above the configured limit before locking anything", async () => {
  await withRelease(async (options) => {
    const pin = await startPin({ ...options, limitBytes: 2 * MEBIBYTE });
    const error = await rejectsWith(awaitPinned(pin), "PIN_LIMIT");
    assert.match(error.message, new RegExp(`at most ${2 * MEBIBYTE} bytes`));
    assert.equal(pinStatus(options.statusPath)?.vmLckBytes, 0);
  });
});

Deno.test("awaitPinned reports a keeper that was killed", async () => {
  await withRelease(async (options) => {
    const pin = await startPin(options);
    await awaitPinned(pin);
    Deno.kill(pin.pid, "SIGKILL");
    await eventually(() => isGone(pin.pid));
    assert.equal(pinStatus(options.statusPath)?.alive, false);
    await rejectsWith(awaitPinned(pin), "PIN_KEEPER_DIED");
    const again = await startPin(options);
    assert.equal(again.adopted, false);
    await awaitPinned(again);
  });
});

Deno.test("awaitPinned tells the progress and stops waiting when aborted; the keeper goes on", async () => {
  await withRelease(async (options) => {
    const pin = await startPin(options);
    const states: string[] = [];
    await assert.rejects(
      awaitPinned(pin, { signal: AbortSignal.abort(new Error("the agent stops")) }),
      /the agent stops/,
    );
    const status = await awaitPinned(pin, { onProgress: ({ state }) => states.push(state) });
    assert.equal(status.state, "locked");
    assert.ok(states.every((state) => state === "locking"));
  });
});

Deno.test("releasePin never signals a process that got the pid later, and forgives a damaged status", async () => {
  await withRelease(async (options) => {
    const pin = await startPin(options);
    await awaitPinned(pin);
    const status = JSON.parse(await Deno.readTextFile(options.statusPath));
    const copy = `${options.statusPath}.copy`;
    writeJsonFile(copy, { ...status, startTimeTicks: status.startTimeTicks - 1 });
    await releasePin(copy);
    assert.equal(isGone(pin.pid), false);
    await Deno.writeTextFile(copy, "{");
    await releasePin(copy);
    await releasePin(copy);
    await assert.rejects(Deno.stat(copy), Deno.errors.NotFound);
  });
});

Deno.test("releasePin and startPin leave a stranger alone that a forged status names", async () => {
  await withRelease(async (options) => {
    const stranger = new Deno.Command("sleep", { args: ["600"] }).spawn();
    try {
      const fields = Deno.readTextFileSync(`/proc/${stranger.pid}/stat`).replace(/^.*\) /s, "")
        .split(" ");
      const forged = {
        schema: 1,
        pid: stranger.pid,
        startTimeTicks: Number(fields[19]),
        bootId: Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim(),
        root: options.root,
        rootIdentity: "",
        state: "locked",
        filesCount: 3,
        totalBytes: TOTAL_BYTES,
        lockedBytes: TOTAL_BYTES,
        vmLckBytes: TOTAL_BYTES,
        residentBytes: TOTAL_BYTES,
        updatedAt: 1,
      };
      writeJsonFile(options.statusPath, forged);
      assert.equal(pinStatus(options.statusPath)?.alive, false, "it keeps nothing locked");
      await releasePin(options.statusPath);
      assert.equal(isGone(stranger.pid), false);
      writeJsonFile(options.statusPath, forged);
      const pin = await startPin(options);
      assert.equal(pin.adopted, false);
      assert.equal((await awaitPinned(pin)).residentBytes, TOTAL_BYTES);
      assert.equal(isGone(stranger.pid), false);
    } finally {
      killIfAlive(stranger.pid);
      await stranger.status;
    }
  });
});

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

Deno.test("checkPinnable refuses more than the memory of the machine and too many files", () => {
  const allowance = {
    limitBytes: Infinity,
    lockedBytes: 0,
    availableBytes: Infinity,
    source: "CAP_IPC_LOCK" as const,
  };
  const need = { name: "web v2", limitBytes: Infinity, allowance };
  const code = (fileSizes: readonly number[]) => {
    try {
      checkPinnable({ ...need, fileSizes });
      return "fine";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  assert.equal(code([]), "fine");
  assert.equal(code([0, 1, MEBIBYTE]), "fine");
  assert.equal(code([2 ** 50]), "PIN_MEMORY");
  const maximum = Number(Deno.readTextFileSync("/proc/sys/vm/max_map_count"));
  if (maximum < 100_000) {
    assert.equal(code(new Array<number>(maximum).fill(1)), "PIN_TOO_MANY_FILES");
    assert.equal(code(new Array<number>(maximum).fill(0)), "fine");
  }
});

Deno.test("checkPinnable without permission names what is missing", () => {
  const allowance = {
    limitBytes: MEBIBYTE,
    lockedBytes: 0,
    availableBytes: MEBIBYTE,
    source: "RLIMIT_MEMLOCK" as const,
  };
  const need = { name: "web v2", limitBytes: Infinity, fileSizes: [3 * MEBIBYTE], allowance };
  assert.throws(() => checkPinnable(need), (error) => {
    const { code, advice } = error as { code: string; advice: string };
    return code === "PIN_NOT_PERMITTED" && advice.includes(`${2 * MEBIBYTE} are missing`);
  });
});
