import assert from "node:assert/strict";
import { allocateFile, LibcError } from "../../../ffi/mod.ts";
import { MEBIBYTE, withFile } from "./temporary_files.ts";

Deno.test("allocateFile reserves the blocks and keeps what is there", async () => {
  await withFile(10, async (path) => {
    await allocateFile(path, MEBIBYTE);
    const stat = await Deno.stat(path);
    assert.equal(stat.size, MEBIBYTE);
    assert.ok((stat.blocks ?? 0) * 512 >= MEBIBYTE);
    assert.deepEqual((await Deno.readFile(path)).subarray(8, 12), new Uint8Array([7, 7, 0, 0]));
    await allocateFile(path, 10);
    assert.equal((await Deno.stat(path)).size, MEBIBYTE);
    await allocateFile(`${path}.new`, 0);
    assert.equal((await Deno.stat(`${path}.new`)).size, 0);
  });
});

Deno.test("allocateFile of more than the disk holds says so at once", async () => {
  await withFile(0, async (path) => {
    await assert.rejects(allocateFile(path, 2 ** 52), (error) => {
      assert.ok(error instanceof LibcError);
      return ["ENOSPC", "EFBIG"].includes(error.code) && error.path === path;
    });
  });
});

/** Prints the free bytes before and after an allocation that cannot succeed, and the file's size after it. */
const PROGRAM = `
import { allocateFile } from "${new URL("../../../ffi/mod.ts", import.meta.url).href}";
import { statfsSync, statSync } from "node:fs";
const [folder] = Deno.args;
const freeBytes = () => statfsSync(folder).bfree * statfsSync(folder).bsize;
const before = freeBytes();
let code = "";
try {
  await allocateFile(folder + "/large", 1024 ** 3);
} catch (error) {
  code = error.code;
}
console.log(JSON.stringify({ code, takenBytes: before - freeBytes(), sizeBytes: statSync(folder + "/large").size }));
`;

/** Runs a command line with an ext4 of 32 MiB on the folder, which the command alone sees. */
function onExt4(folder: string, command: readonly string[]): Promise<Deno.CommandOutput> {
  const script = 'truncate -s 32M "$0/image" && mkfs.ext4 -q "$0/image" && mkdir "$0/disk" && ' +
    'mount -o loop "$0/image" "$0/disk" && exec "$@"';
  return new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script, folder, ...command],
    stdin: "null",
  }).output();
}

/** Loop devices need root, and a machine that has them. */
async function canMountExt4(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    return (await onExt4(folder, ["true"])).success;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "allocateFile: a disk that is too small is as empty after it as before",
  ignore: !await canMountExt4(),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
      const { stdout, stderr } = await onExt4(folder, [
        Deno.execPath(),
        ...["run", "-A", "--quiet", `${folder}/program.ts`, `${folder}/disk`],
      ]);
      const report = JSON.parse(new TextDecoder().decode(stdout) || "null");
      assert.ok(report !== null, new TextDecoder().decode(stderr));
      const { code, takenBytes, sizeBytes } = report;
      assert.deepEqual([code, sizeBytes], ["ENOSPC", 0]);
      assert.ok(takenBytes < 64 * 1024, `${takenBytes} bytes are still taken`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
