import assert from "node:assert/strict";
import { diskSpace } from "../../../../host/mod.ts";
import { withFolder } from "../support.ts";

Deno.test("diskSpace counts the file system's bytes", async () => {
  await withFolder(async (folder) => {
    const { freeBytes, totalBytes } = await diskSpace(folder);
    assert.ok(freeBytes > 0 && freeBytes <= totalBytes);
    const { stdout } = await new Deno.Command("stat", { args: ["-fc", "%S %b", folder] }).output();
    const [blockBytes, blocks] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
    assert.equal(totalBytes, (blockBytes ?? 0) * (blocks ?? 0));
  });
});
