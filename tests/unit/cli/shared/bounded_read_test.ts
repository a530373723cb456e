import assert from "node:assert/strict";
import { readBounded } from "../../../../cli/shared/bounded_read.ts";

Deno.test("readBounded: a file up to the bound as it is, and none beyond it", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const sizeBytes of [0, 1, 65_536, 65_537, 200_000]) {
      const bytes = new Uint8Array(sizeBytes).fill(7);
      await Deno.writeFile(path, bytes);
      assert.deepEqual(await readBounded(path, 200_000), bytes, `${sizeBytes}`);
      assert.deepEqual(await readBounded(path, sizeBytes), bytes, `${sizeBytes} exactly`);
    }
    assert.equal(await readBounded(path, 199_999), undefined);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("readBounded: a device that never ends", async () => {
  assert.equal(await readBounded("/dev/zero", 1_000_000), undefined);
});

Deno.test("readBounded: files of /proc, which say that they are empty", async () => {
  const bytes = await readBounded("/proc/self/status", 100_000);
  assert.match(new TextDecoder().decode(bytes), /^Name:/);
});
