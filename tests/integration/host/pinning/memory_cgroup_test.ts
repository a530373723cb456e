/** Keepers in a real memory cgroup: what runs in it is never killed for a release that is prepared. Needs root. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { dropFromPageCache } from "../../../../ffi/mod.ts";
import {
  awaitPinned,
  type Pin,
  pinStatus,
  rankKeeper,
  releasePin,
  startPin,
} from "../../../../host/mod.ts";
import { type MemoryCgroup, NO_MEMORY_CGROUP, withMemoryCgroup } from "../../memory_cgroup.ts";
import { isGone, rejectsWith, withFolder } from "../support.ts";
import { KEEPER, lockedBytesOf, MEBIBYTE } from "./pin_fixtures.ts";

const skipped = NO_MEMORY_CGROUP === null ? "" : ` (skipped: ${NO_MEMORY_CGROUP})`;

Deno.test({
  name:
    `memory cgroup (root): v1 stays locked while v2, for which there is no room, is refused with the line to add${skipped}`,
  ignore: NO_MEMORY_CGROUP !== null,
  async fn() {
    // Regression: the kernel killed the keeper of v1, the larger one, while v2 was locked.
    await withFolder((folder) =>
      withMemoryCgroup(300 * MEBIBYTE, async (cgroup) => {
        const command = [...cgroup.wrapper, ...KEEPER];
        const pin = async (version: string, sizeMib: number) => {
          const root = join(folder, version);
          await Deno.mkdir(root);
          await makeBlob(join(root, "blob"), sizeMib);
          const statusPath = `${root}.pin.json`;
          const limitBytes = Infinity;
          return await startPin({
            command,
            root,
            statusPath,
            limitBytes,
            marginBytes: 32 * MEBIBYTE,
          });
        };
        const v1 = await pin("v1", 140);
        try {
          await awaitPinned(v1);
          const v2 = await pin("v2", 130);
          try {
            const error = await rejectsWith(awaitPinned(v2), "PIN_MEMORY");
            assert.equal(cgroup.oomKills(), 0);
            assert.equal(isGone(v1.pid), false);
            assert.ok(lockedBytesOf(v1.pid) >= 140 * MEBIBYTE);
            assert.match(
              error.message,
              new RegExp(`: echo \\d+ > ${cgroup.folder}/${cgroup.limitFile}, \\d+ MiB more: `),
            );
            const [, bytes] = (error.advice ?? "").match(
              new RegExp(`^ +echo (\\d+) > ${cgroup.folder}/${cgroup.limitFile}$`, "m"),
            ) ?? assert.fail(error.advice);
            // With that line it is locked, and v1 stays.
            await Deno.writeTextFile(`${cgroup.folder}/${cgroup.limitFile}`, String(bytes));
            const again = await startPin({
              command,
              root: v2.root,
              statusPath: v2.statusPath,
              limitBytes: Infinity,
              marginBytes: 32 * MEBIBYTE,
            });
            await awaitPinned(again);
            assert.equal(cgroup.oomKills(), 0);
            assert.equal(pinStatus(v1.statusPath)?.alive, true);
          } finally {
            await releasePin(v2.statusPath);
          }
        } finally {
          await releasePin(v1.statusPath);
        }
      })
    );
  },
});

Deno.test({
  name:
    `memory cgroup (root): when memory runs out all the same, it is what nothing runs on that goes${skipped}`,
  ignore: NO_MEMORY_CGROUP !== null,
  async fn() {
    await withFolder((folder) =>
      withMemoryCgroup(400 * MEBIBYTE, async (cgroup) => {
        const command = [...cgroup.wrapper, ...KEEPER];
        const pins = new Map<string, Pin>();
        try {
          // The larger one is what the kernel would take by itself.
          for (const [version, sizeMib] of [["v1", 180], ["v2", 90]] as const) {
            const root = join(folder, version);
            await Deno.mkdir(root);
            await makeBlob(join(root, "blob"), sizeMib);
            const statusPath = `${root}.pin.json`;
            const limits = { limitBytes: Infinity, marginBytes: 0 };
            const pin = await startPin({ command, root, statusPath, ...limits });
            pins.set(version, pin);
            await awaitPinned(pin);
            rankKeeper(pin.pid, { isRunning: version === "v1" });
          }
          // Second in line, before v1: what a keeper has held comes back a moment after its end, and until then the kernel may
          // take one more.
          await takeMemory(cgroup, 120, { oomScore: 999 });
          const alive = [...pins].map(([version, { pid }]) => [version, !isGone(pid)]);
          assert.deepEqual(alive, [["v1", true], ["v2", false]]);
        } finally {
          for (const { statusPath } of pins.values()) await releasePin(statusPath);
        }
      })
    );
  },
});

Deno.test({
  name:
    `memory cgroup (root): a keeper that the kernel has killed is told from one that somebody has${skipped}`,
  ignore: NO_MEMORY_CGROUP !== null,
  async fn() {
    await withFolder((folder) =>
      withMemoryCgroup(300 * MEBIBYTE, async (cgroup) => {
        const root = join(folder, "v1");
        await Deno.mkdir(root);
        await makeBlob(join(root, "blob"), 140);
        const command = [...cgroup.wrapper, ...KEEPER];
        const statusPath = `${root}.pin.json`;
        const pin = await startPin({
          command,
          root,
          statusPath,
          limitBytes: Infinity,
          marginBytes: 0,
        });
        try {
          await awaitPinned(pin);
          // More than is left is asked for, and the kernel takes the keeper.
          await Deno.writeTextFile(`/proc/${pin.pid}/oom_score_adj`, "1000");
          await takeMemory(cgroup, 200);
          const { message } = await rejectsWith(awaitPinned(pin), "PIN_KEEPER_DIED");
          assert.match(
            message,
            /killed by SIGKILL; the kernel's OOM killer has ended [12] of the processes there since it began \(oom_kill of \/sys/,
          );
        } finally {
          await releasePin(statusPath);
        }
      })
    );
  },
});

/** Something else in the cgroup asks for so much memory, and may be killed for it. */
async function takeMemory(
  { wrapper: [shell = "", ...args] }: MemoryCgroup,
  sizeMib: number,
  { oomScore = 0 } = {},
): Promise<void> {
  const bytes = sizeMib * MEBIBYTE;
  const script = `echo ${oomScore} > /proc/self/oom_score_adj
    head -c ${bytes} /dev/zero | tail -c ${bytes} > /dev/null`;
  await new Deno.Command(shell, { args: [...args, "sh", "-c", script] }).output();
}

/** Its pages are charged to who reads them first, so this process gives up those that it has written. */
async function makeBlob(path: string, sizeMib: number): Promise<void> {
  {
    using file = await Deno.open(path, { write: true, create: true });
    const block = new Uint8Array(MEBIBYTE).fill(7);
    for (let index = 0; index < sizeMib; index++) await file.write(block);
  }
  await dropFromPageCache(path);
}
