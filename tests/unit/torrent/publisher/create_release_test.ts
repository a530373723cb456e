/** Releases are made from files, folders and nothing, always the same way. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createRelease } from "../../../../torrent/publisher/create_release.ts";
import { ReleaseError } from "../../../../torrent/errors.ts";
import { silentLog } from "../../../../base/log.ts";
import { theirCreate, theirParse } from "../family.ts";

const common = { service: "web", version: "1.0", announce: [], log: silentLog };

async function withDirectory(work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    await work(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function write(path: string, content: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, content);
}

async function assertUnpublishable(path: string, expected: RegExp): Promise<void> {
  await assert.rejects(createRelease({ ...common, path }), (error) => {
    assert.ok(error instanceof ReleaseError && error.code === "unpublishable");
    assert.match(error.message, expected);
    return true;
  });
}

Deno.test("createRelease: the same content gives the same info hash wherever it lies", () =>
  withDirectory(async (directory) => {
    for (
      const [folder, names] of [["one", ["b", "a/ü", "a-b"]], ["two", ["a-b", "b", "a/ü"]]] as const
    ) {
      for (const name of names) await write(`${directory}/${folder}/${name}`, name);
    }
    const one = await createRelease({ ...common, path: `${directory}/one` });
    const announce = ["http://127.0.0.1:1/announce"];
    const two = await createRelease({ ...common, path: `${directory}/two`, announce });
    assert.equal(one.infoHash, two.infoHash);
    assert.deepEqual(one.files.map((file) => file.path), ["a-b", "a/ü", "b"]);
    await write(`${directory}/two/b`, "c");
    const changed = await createRelease({ ...common, path: `${directory}/two` });
    assert.notEqual(changed.infoHash, one.infoHash);
  }));

Deno.test("createRelease: hashes pieces as create-torrent does, across files", () =>
  withDirectory(async (directory) => {
    await write(`${directory}/content/a`, "x".repeat(40_000));
    await write(`${directory}/content/b`, "");
    await write(`${directory}/content/c/d`, "y".repeat(30_001));
    const path = `${directory}/content`;
    const ours = await createRelease({ ...common, path, pieceLengthBytes: 16384 });
    const theirs = await theirParse(await theirCreate(path, 16384));
    assert.equal(Buffer.from(ours.pieceHashes).toString("hex"), theirs.pieces.join(""));
    assert.equal(ours.pieceCount, 5);
  }));

Deno.test("createRelease: a single file lies directly in the root and keeps its execute bit", () =>
  withDirectory(async (directory) => {
    await write(`${directory}/server`, "#!/bin/sh\n");
    await Deno.chmod(`${directory}/server`, 0o755);
    const release = await createRelease({ ...common, path: `${directory}/server` });
    assert.equal(release.root, await Deno.realPath(directory));
    assert.deepEqual(
      release.files.map(({ path, executable }) => ({ path, executable })),
      [{ path: "server", executable: true }],
    );
  }));

Deno.test("createRelease: nothing and empty files are releases of 0 bytes; an empty folder is a mistake", () =>
  withDirectory(async (directory) => {
    const restart = await createRelease(common);
    assert.deepEqual([restart.sizeBytes, restart.files.length], [0, 0]);
    await assertUnpublishable(directory, /expected at least one file/);
    await write(`${directory}/empty`, "");
    const empty = await createRelease({ ...common, path: directory });
    assert.deepEqual([empty.sizeBytes, empty.files.length], [0, 1]);
  }));

Deno.test("createRelease: refuses what cannot travel, by name", () =>
  withDirectory(async (directory) => {
    await assertUnpublishable(`${directory}/missing`, /missing/);
    await write(`${directory}/link/target`, "x");
    await Deno.symlink("target", `${directory}/link/alias`);
    await assertUnpublishable(`${directory}/link`, /alias: a symbolic link/);
    await write(`${directory}/back/a\\b`, "x");
    await assertUnpublishable(`${directory}/back`, /backslash/);
    await Deno.mkdir(`${directory}/socket`);
    const listener = Deno.listen({ transport: "unix", path: `${directory}/socket/s` });
    await assertUnpublishable(`${directory}/socket`, /s: neither a file nor a folder/);
    listener.close();
    await assert.rejects(createRelease({ ...common, version: "../1" }), ReleaseError);
  }));

Deno.test("createRelease: the caller's signal ends it", () =>
  withDirectory(async (directory) => {
    await write(`${directory}/a`, "x");
    await assert.rejects(
      createRelease({ ...common, path: directory, signal: AbortSignal.abort() }),
      (error) => error instanceof ReleaseError && error.code === "aborted",
    );
  }));
