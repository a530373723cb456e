import assert from "node:assert/strict";
import { join } from "node:path";
import { dropFromPageCache, roundUpToPages } from "../../../../ffi/mod.ts";
import {
  awaitPinned,
  pinStatus,
  releasePin,
  startPin,
  whyPinEnded,
  writeJsonFile,
} from "../../../../host/mod.ts";
import {
  eventually,
  isGone,
  killIfAlive,
  projectPath,
  rejectsWith,
  startAndKillAgent,
} from "../support.ts";
import { KEEPER, lockedBytesOf, MEBIBYTE, TOTAL_BYTES, withRelease } from "./pin_fixtures.ts";

/** A keeper that has neither CAP_IPC_LOCK nor more than 1 MiB to lock, whoever runs the test. */
const POOR_KEEPER = [
  "prlimit",
  `--memlock=${MEBIBYTE}:${MEBIBYTE}`,
  ...(Deno.uid() === 0
    ? ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "--"]
    : []),
  ...KEEPER,
];

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
    assert.match(
      error.message,
      /: raise the limit on locked memory \(RLIMIT_MEMLOCK\) by 1\.1 MiB/,
    );
    assert.match(error.advice ?? "", new RegExp(` - memlock ${required / 1024}$`, "m"));
    assert.match(error.advice ?? "", new RegExp(`LimitMEMLOCK=${required / 1024}K$`, "m"));
    await eventually(() => isGone(pin.pid));
    const status = pinStatus(options.statusPath);
    assert.equal(status?.alive, false);
    assert.equal(status?.state, "failed");
    assert.equal(status?.lockedBytes, 0);
  });
});

Deno.test("checkPinnable allows for what a keeper may raise its limit to", async () => {
  // Regression: the soft limit counted, which a keeper raises for itself, so a release was refused that could be locked.
  const check = `import { checkPinnable } from "${projectPath("host/mod.ts")}";
    checkPinnable({ name: "web", fileSizes: [2 * ${MEBIBYTE}], limitBytes: Infinity, marginBytes: 0 });`;
  const run = async (hardMib: number) => {
    const [prlimit = "", ...words] = POOR_KEEPER.slice(0, -KEEPER.length);
    const args = words.map((word) =>
      word.startsWith("--memlock=") ? `--memlock=4096:${hardMib * MEBIBYTE}` : word
    );
    args.push(Deno.execPath(), "eval", check);
    const { stderr } = await new Deno.Command(prlimit, { args }).output();
    return new TextDecoder().decode(stderr);
  };
  assert.equal(await run(2), "");
  assert.match(await run(1), /raise the limit on locked memory \(RLIMIT_MEMLOCK\) by 1 MiB/);
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
    const { message } = await rejectsWith(awaitPinned(pin), "PIN_KEEPER_DIED");
    assert.match(message, /has ended: killed by SIGKILL(, and not by the kernel's OOM killer|;)/);
    // An agent that has not started it does not learn of the signal.
    assert.match(await whyPinEnded({ statusPath: options.statusPath }), /^nobody saw how/);
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
