/** Nothing that is read in one piece is without an end. */

import assert from "node:assert/strict";
import { readFile, readStream, TooLargeError } from "../../../base/bounded_read.ts";

Deno.test("readStream: the whole of it up to the limit, and not a chunk more", async () => {
  let isCancelled = false;
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(10));
      },
      cancel() {
        isCancelled = true;
      },
    });
  await assert.rejects(readStream(endless(), 25), TooLargeError);
  assert.ok(isCancelled);
  const text = new Blob(["some ", "text"]).stream();
  assert.deepEqual(await readStream(text, 9), new TextEncoder().encode("some text"));
  await assert.rejects(readStream(new Blob(["some text"]).stream(), 8), /at most 8 bytes/);
});

Deno.test("readFile: a file, and a device that never ends", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new Uint8Array(100_000).fill(7));
    assert.equal((await readFile(path, 100_000)).length, 100_000);
    await assert.rejects(readFile(path, 99_999), TooLargeError);
    await assert.rejects(readFile("/dev/zero", 1_000_000), TooLargeError);
  } finally {
    await Deno.remove(path);
  }
  await assert.rejects(readFile(path, 1), Deno.errors.NotFound);
});
