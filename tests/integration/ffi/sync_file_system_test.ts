import assert from "node:assert/strict";
import { LibcError, syncFileSystem } from "../../../ffi/mod.ts";

Deno.test("syncFileSystem: works for a file and for a folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "text");
    await syncFileSystem(folder);
    await syncFileSystem(`${folder}/file`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("syncFileSystem: a path that is not there is an error with errno's name", async () => {
  await assert.rejects(
    syncFileSystem("/nonexistent/rollcall"),
    (error) => error instanceof LibcError && error.code === "ENOENT",
  );
});
