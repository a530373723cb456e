/** Bencode is checked before a decoder sees it. */

import assert from "node:assert/strict";
import bencode from "bencode";
import fc from "fast-check";
import { outlineBencode } from "../../../../torrent/release/bencode_check.ts";

const outline = (text: string) => outlineBencode(new TextEncoder().encode(text));

const valueArbitrary = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.maxSafeInteger(),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: "grapheme-ascii" }), tie("value"), { maxKeys: 4 }),
  ),
})).value;

Deno.test("outlineBencode: accepts whatever the encoder writes, and finds its length", () => {
  fc.assert(
    fc.property(valueArbitrary, fc.uint8Array(), (value, rest) => {
      const encoded = bencode.encode(value);
      const bytes = new Uint8Array([...encoded, ...rest]);
      assert.equal(outlineBencode(bytes)?.sizeBytes, encoded.length);
    }),
  );
});

Deno.test("outlineBencode: says where the entries of the outermost dictionary lie", () => {
  const found = outline("d1:ai1e4:infod1:bleee");
  assert.deepEqual(found?.entries.get("info"), { start: 13, end: 20 });
  assert.equal(found?.entries.size, 2);
});

Deno.test("outlineBencode: refuses what is malformed or not canonical, and ends", () => {
  const refused = [
    "",
    "l",
    "l-3:",
    "i1",
    "ie",
    "i-0e",
    "i01e",
    "i99999999999999999999e",
    "5:abc",
    "05:abcde",
    "d1:bi1e1:ai2ee",
    "d1:ai1e1:ai2ee",
    "di1ei2ee",
    "l".repeat(100) + "e".repeat(100),
    "x",
  ];
  for (const text of refused) assert.equal(outline(text), undefined, text);
});

Deno.test("outlineBencode: ends on any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const found = outlineBencode(bytes);
    assert.ok(found === undefined || found.sizeBytes <= bytes.length);
  }));
});

Deno.test("outlineBencode: more values than the caller can decode are refused, at whatever level", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const list = bytes(`d1:al${"0:".repeat(98)}ee`);
  assert.equal(outlineBencode(list, 99)?.sizeBytes, list.length);
  assert.equal(outlineBencode(list, 98), undefined);
  assert.equal(outlineBencode(bytes("lllleeee"), 3), undefined);
  assert.equal(outlineBencode(list)?.sizeBytes, list.length, "without a limit again");
});
