/** Bringing what was written onto the disk, and out of the page cache: on real files, and with advice that fails. */

import assert from "node:assert/strict";
import { fileResidency } from "../../../../ffi/mod.ts";
import { type Log, silentLog } from "../../../../base/log.ts";
import {
  type DropPages,
  WriteBehind,
  type WriteBehindOptions,
} from "../../../../torrent/content/write_behind.ts";
import type { Release } from "../../../../torrent/release/release.ts";
import { noise, release as releaseOf } from "../delta/content.ts";

const MIB = 1024 * 1024;

interface Setting {
  readonly release: Release;
  readonly root: string;
  /** Writes a part of a file, and says so. */
  write(behind: WriteBehind, fileIndex: number, startBytes: number, sizeBytes: number): void;
  /** Of all files together. */
  residentBytes(): number;
}

/** A release of so many files, and an empty root for it. */
async function withFiles(
  sizes: readonly number[],
  test: (setting: Setting) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  const root = `${folder}/target`;
  const name = (index: number) => `f${String(index).padStart(3, "0")}`;
  const contents = sizes.map((sizeBytes, index) => noise(sizeBytes, index));
  try {
    const release = await releaseOf(
      `${folder}/source`,
      Object.fromEntries(contents.map((bytes, index) => [name(index), bytes])),
      { version: "1" },
    );
    await Deno.mkdir(root);
    for (const index of sizes.keys()) {
      await Deno.writeFile(`${root}/${name(index)}`, new Uint8Array());
    }
    await test({
      release,
      root,
      write(behind, fileIndex, startBytes, sizeBytes) {
        using file = Deno.openSync(`${root}/${name(fileIndex)}`, { write: true });
        file.seekSync(startBytes, Deno.SeekMode.Start);
        file.writeSync(contents[fileIndex]!.subarray(startBytes, startBytes + sizeBytes));
        behind.onWritten(fileIndex, startBytes, sizeBytes);
      },
      residentBytes: () =>
        sizes.reduce((sum, _, index) => {
          const path = `${root}/${name(index)}`;
          return sum + fileResidency(path, Deno.statSync(path).size).residentBytes;
        }, 0),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function make({ release, root }: Setting, options: Partial<WriteBehindOptions>): WriteBehind {
  return new WriteBehind({ release, root: () => root, log: silentLog, ...options });
}

Deno.test("WriteBehind: what was written leaves the page cache but for the newest, and in the end all of it", () =>
  withFiles([16 * MIB, 8 * MIB], async (setting) => {
    const behind = make(setting, { pages: "drop", flushBytes: MIB, warmBytes: 4 * MIB });
    // From the end to the start, as little in order as what peers send.
    for (let at = 15; at >= 0; at--) {
      setting.write(behind, 0, at * MIB, MIB);
      if (at % 2 === 0) setting.write(behind, 1, at * MIB / 2, MIB);
      await behind.settled();
    }
    const warmBytes = setting.residentBytes();
    // The edges of ranges may stay where a file system keeps pages in large folios.
    assert.ok(warmBytes >= 4 * MIB && warmBytes <= 8 * MIB, `${warmBytes} bytes are resident`);
    await behind.dropAll();
    assert.equal(setting.residentBytes(), 0);
    assert.equal(behind.failure, undefined);
  }));

Deno.test("WriteBehind: more files than are synced one by one are dropped as well", () =>
  withFiles(Array.from({ length: 70 }, () => MIB), async (setting) => {
    const behind = make(setting, { pages: "drop", flushBytes: 70 * MIB, warmBytes: 0 });
    for (let file = 0; file < 70; file++) setting.write(behind, file, 0, MIB);
    await behind.settled();
    assert.equal(setting.residentBytes(), 0, "by the flush itself");
  }));

Deno.test("WriteBehind: what was read for the last time is dropped at once", () =>
  withFiles([2 * MIB], async (setting) => {
    const behind = make(setting, { pages: "drop" });
    setting.write(behind, 0, 0, 2 * MIB);
    await behind.dropAll();
    await Deno.readFile(`${setting.root}/f000`);
    assert.equal(setting.residentBytes(), 2 * MIB);
    await behind.onRead(0, 0, 2 * MIB);
    assert.equal(setting.residentBytes(), 0);
  }));

Deno.test("WriteBehind: pages that are to be kept, and those of small files, are left alone", async () => {
  const calls: string[] = [];
  const dropPages: DropPages = (path) => Promise.resolve(void calls.push(path));
  for (
    const [sizes, pages] of [
      [[2 * MIB], "keep"],
      [[2 * MIB], undefined],
      [[MIB, MIB / 2], "drop"],
    ] as const
  ) {
    await withFiles(sizes, async (setting) => {
      const behind = make(setting, {
        dropPages,
        flushBytes: MIB,
        warmBytes: 0,
        ...pages === undefined ? {} : { pages },
      });
      setting.write(behind, 0, 0, MIB);
      await behind.settled();
      await behind.onRead(0, 0, MIB);
      await behind.dropAll();
      assert.deepEqual(calls, []);
      assert.equal(setting.residentBytes(), MIB);
    });
  }
});

Deno.test("WriteBehind: advice that fails is told once, and nothing else fails", () =>
  withFiles([8 * MIB], async (setting) => {
    const warnings: unknown[] = [];
    const log: Log = { ...silentLog, warn: (...said: unknown[]) => void warnings.push(said) };
    let calls = 0;
    const behind = make(setting, {
      pages: "drop",
      flushBytes: MIB,
      warmBytes: 0,
      log,
      dropPages() {
        calls++;
        return Promise.reject(new Error("no advice today"));
      },
    });
    for (let at = 0; at < 4; at++) {
      setting.write(behind, 0, at * MIB, MIB);
      await behind.settled();
    }
    await behind.onRead(0, 0, MIB);
    await behind.dropAll();
    assert.equal(calls, 6);
    assert.equal(warnings.length, 1);
    assert.equal(behind.failure, undefined);
  }));

Deno.test("WriteBehind: a flush that fails drops nothing, and is told however many follow", () =>
  withFiles([4 * MIB, 4 * MIB], async (setting) => {
    const calls: string[] = [];
    const behind = make(setting, {
      pages: "drop",
      flushBytes: MIB,
      warmBytes: 0,
      dropPages: (path) => Promise.resolve(void calls.push(path)),
    });
    setting.write(behind, 0, 0, MIB / 2);
    await Deno.remove(`${setting.root}/f000`);
    behind.onWritten(0, MIB / 2, MIB / 2);
    await behind.settled();
    assert.equal(behind.failure?.path, `${setting.root}/f000`);
    assert.deepEqual(calls, []);
    setting.write(behind, 1, 0, MIB);
    await behind.settled();
    assert.deepEqual(calls, [`${setting.root}/f001`]);
    assert.equal(behind.failure?.path, `${setting.root}/f000`);
  }));
