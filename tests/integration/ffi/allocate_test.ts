/** What a failed allocation leaves of a real disk: on ext4, which keeps what it has reserved until it failed. */

import assert from "node:assert/strict";

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
