import assert from "node:assert/strict";
import {
  listReleaseFiles,
  readRelease,
  sumSizeBytes,
} from "../../../../scripts/demo/release_content.ts";
import { withFolder } from "./temporary_folder.ts";

Deno.test("readRelease reads over the borders of files, empty ones included", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/a`, "abc");
    await Deno.writeTextFile(`${folder}/b/empty`, "");
    await Deno.writeTextFile(`${folder}/b/x`, "defg");
    await Deno.writeTextFile(`${folder}/c`, "hi");
    const files = listReleaseFiles(folder);
    assert.equal(sumSizeBytes(files), 9);
    const read = (offset: number, length: number) =>
      new TextDecoder().decode(readRelease(files, { offset, length }));
    assert.deepEqual(
      [read(0, 9), read(2, 2), read(3, 4), read(8, 100), read(9, 1), read(100, 1), read(4, 0)],
      ["abcdefghi", "cd", "defg", "i", "", "", ""],
    );
  }));
