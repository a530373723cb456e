import assert from "node:assert/strict";
import { readElf } from "../../../../scripts/compile/elf.ts";
import { elfImage } from "./elf_image.ts";

Deno.test("readElf says for which processor a program is, and where it ends", () => {
  const alone = elfImage({ machine: 183, text: "some code" });
  assert.deepEqual(readElf(alone), {
    machine: 183,
    endOffset: alone.length,
    compiledBytes: 0,
  });
  const longer = elfImage({ machine: 183, text: "some code", appended: "d3n0l4nd and more" });
  assert.deepEqual(readElf(longer), {
    machine: 183,
    endOffset: alone.length,
    compiledBytes: 0,
  });
});

Deno.test("readElf knows the section that deno compile adds", () => {
  const image = (section: string) => readElf(elfImage({ section, text: "ten bytes." }));
  assert.equal(image(".note.sui")?.compiledBytes, 10);
  assert.equal(image(".note.suite")?.compiledBytes, 0);
});

Deno.test("readElf of this very Deno, which has nothing appended but its release channel", async () => {
  const bytes = await Deno.readFile(Deno.execPath());
  const image = readElf(bytes);
  assert.equal(image?.machine, Deno.build.arch === "x86_64" ? 62 : 183);
  assert.ok((image?.endOffset ?? 0) > bytes.length - 64 * 1024, `${image?.endOffset}`);
  assert.equal(image?.compiledBytes, 0);
});

Deno.test("readElf knows what is no program, and one that is cut off", () => {
  assert.equal(readElf(new Uint8Array()), null);
  assert.equal(readElf(new TextEncoder().encode("#!/bin/sh\n".padEnd(100))), null);
  const image = elfImage({ text: "some code" });
  for (const length of [10, 64, 100, image.length - 1]) {
    assert.equal(readElf(image.subarray(0, length)), null, `${length} bytes`);
  }
});
