import assert from "node:assert/strict";
import { diskSpace } from "../../../base/disk_space.ts";
import { withFolder } from "../host/support.ts";

Deno.test("diskSpace counts the file system's bytes and inodes", async () => {
  await withFolder(async (folder) => {
    const { freeBytes, totalBytes, freeFiles } = await diskSpace(folder);
    assert.ok(freeBytes > 0 && freeBytes <= totalBytes);
    const { stdout } = await new Deno.Command("stat", { args: ["-fc", "%S %b %c", folder] })
      .output();
    const [blockBytes, blocks, files] = new TextDecoder().decode(stdout).trim().split(" ").map(
      Number,
    );
    assert.equal(totalBytes, (blockBytes ?? 0) * (blocks ?? 0));
    assert.ok(files === 0 ? freeFiles === Infinity : freeFiles > 0 && freeFiles < (files ?? 0));
  });
});
