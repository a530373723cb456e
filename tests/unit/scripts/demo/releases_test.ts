import assert from "node:assert/strict";
import { readRelease } from "../../../../scripts/demo/release_content.ts";
import { makeReleases } from "../../../../scripts/demo/releases.ts";
import { withFolder } from "./temporary_folder.ts";

const NEVER = new AbortController().signal;

Deno.test("makeReleases makes up blobs of the size asked for, no two alike", () =>
  withFolder(async (folder) => {
    const source = { blobPath: null, blobSizeBytes: 3_000_001, signal: NEVER };
    const releases = await makeReleases(folder, source);
    assert.deepEqual(releases.map(({ service, version }) => service + version), [
      "Av1",
      "Bv1",
      "Av2",
      "Bv2",
    ]);
    for (const { sizeBytes } of releases) assert.equal(sizeBytes, 3_000_001 + "A v1\n".length);
    const starts = releases.map(({ files }) =>
      readRelease(files, { offset: 1_000, length: 64 }).toHex()
    );
    assert.equal(new Set(starts).size, 4);
  }));

Deno.test("makeReleases takes a user's folder, links to files followed, with a VERSION file of its own", () =>
  withFolder(async (folder) => {
    const blob = `${folder}/mine`;
    await Deno.mkdir(`${blob}/deep`, { recursive: true });
    await Deno.writeTextFile(`${blob}/deep/file`, "bytes");
    await Deno.writeTextFile(`${blob}/VERSION`, "the user's own");
    await Deno.symlink("deep/file", `${blob}/link`);
    await Deno.symlink("nowhere", `${blob}/dangling`);
    const source = { blobPath: blob, blobSizeBytes: 0, signal: NEVER };
    const [release] = await makeReleases(`${folder}/made`, source);
    assert.ok(release);
    assert.deepEqual(release.files.map(({ path }) => path.slice(release.folder.length)), [
      "/VERSION",
      "/blob/VERSION",
      "/blob/deep/file",
      "/blob/link",
    ]);
    assert.equal(await Deno.readTextFile(`${release.folder}/VERSION`), "A v1\n");
  }));

Deno.test("makeReleases refuses a folder that holds the folder it works in", () =>
  withFolder(async (folder) => {
    const source = { blobPath: folder, blobSizeBytes: 0, signal: NEVER };
    await assert.rejects(makeReleases(`${folder}/made`, source), /set TMPDIR/);
  }));
