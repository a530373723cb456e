import assert from "node:assert/strict";
import { join } from "node:path";
import { cachedBytes, fileResidency } from "../../../../ffi/mod.ts";
import { evictFiles, touchFiles } from "../../../../host/pinning/page_touch.ts";
import { selectFiles } from "../../../../host/pinning/pin_selection.ts";
import { withFolder } from "../support.ts";
import { MEBIBYTE } from "./pin_fixtures.ts";

const { signal } = new AbortController();

Deno.test("touchFiles brings small, large, sparse and empty files into memory; evictFiles has them leave", async () => {
  await withFolder(async (folder) => {
    for (let index = 0; index < 300; index++) {
      await Deno.writeFile(join(folder, `${index}`), new Uint8Array(20 + index).fill(1));
    }
    await Deno.writeFile(join(folder, "empty"), new Uint8Array());
    await Deno.writeFile(join(folder, "large"), new Uint8Array(5 * MEBIBYTE + 3).fill(1));
    await Deno.create(join(folder, "sparse")).then((file) => file.close());
    await Deno.truncate(join(folder, "sparse"), 70 * MEBIBYTE);
    const { files } = selectFiles({ paths: [folder] });
    assert.equal(files.length, 303);
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const resident = (measure: typeof cachedBytes) =>
      files.reduce((sum, file) => sum + measure(file.path, file.sizeBytes), 0);
    const byMincore: typeof cachedBytes = (path, size) => fileResidency(path, size).residentBytes;
    for (let round = 0; round < 2; round++) {
      await evictFiles(files, { signal });
      assert.equal(resident(cachedBytes), 0);
      await touchFiles(files, { signal });
      assert.equal(resident(cachedBytes), sizeBytes);
      assert.equal(resident(byMincore), sizeBytes);
    }
  });
});

Deno.test("touchFiles of a file that was cut short since fails, and takes nobody with it", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeFile(path, new Uint8Array(8 * MEBIBYTE).fill(1));
    const { files } = selectFiles({ paths: [path] });
    await Deno.truncate(path, 1);
    await assert.rejects(touchFiles(files, { signal }), { code: "EFAULT" });
  });
});

Deno.test("touchFiles and evictFiles can be cancelled", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeFile(path, new Uint8Array(10));
    const { files } = selectFiles({ paths: [path] });
    const reason = new Error("enough");
    const options = { signal: AbortSignal.abort(reason) };
    await assert.rejects(touchFiles(files, options), reason);
    await assert.rejects(evictFiles(files, options), reason);
  });
});
