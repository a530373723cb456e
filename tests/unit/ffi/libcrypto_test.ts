/** SHA-1 on another thread: what it makes is right, for many at once, and where there is no library it says so. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { backgroundSha1 } from "../../../ffi/mod.ts";

// Opened before the tests, or it would look like something that one of them has left open.
const sha1 = backgroundSha1();

function bytesOf(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + seed) & 255;
  return bytes;
}

Deno.test({
  name: "backgroundSha1: digests are those of node:crypto, with many pieces at a time",
  ignore: sha1 === undefined,
  fn: async () => {
    assert.ok(sha1 !== undefined);
    const pieces = [0, 1, 55, 64, 65, 4095, 1 << 20, (1 << 20) + 13].flatMap((sizeBytes) =>
      [1, 2, 3].map((seed) => bytesOf(sizeBytes + seed, seed).subarray(seed))
    );
    const digests = await Promise.all(pieces.map((piece) => sha1(piece)));
    for (const [at, piece] of pieces.entries()) {
      assert.deepEqual(
        Buffer.from(digests[at] ?? []).toString("hex"),
        createHash("sha1").update(piece).digest("hex"),
      );
    }
  },
});

Deno.test("backgroundSha1: undefined without --allow-ffi, and no question is asked", async () => {
  const module = new URL("../../../ffi/libcrypto.ts", import.meta.url);
  const code = `import { backgroundSha1 } from "${module}"; console.log(typeof backgroundSha1());`;
  await using directory = await temporary();
  const path = `${directory.path}/main.ts`;
  await Deno.writeTextFile(path, code);
  const denied = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "--allow-import", path],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(new TextDecoder().decode(denied.stderr), "");
  assert.equal(new TextDecoder().decode(denied.stdout).trim(), "undefined");
});

async function temporary() {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
