// Short strings are what their bytes say, whatever was read before them.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ShortStrings } from "../../../../zookeeper/wire/short_strings.ts";

const encoder = new TextEncoder();

Deno.test("ShortStrings: a string is what its bytes say, also if another one had its place", () => {
  const strings = new ShortStrings();
  // Many more than are kept.
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < 20_000; number++) {
      const text = `/rollcall/current/web/host-${number}`;
      const bytes = encoder.encode(`..${text}..`);
      assert.equal(strings.read(bytes, 2, text.length), text);
    }
  }
});

Deno.test("ShortStrings: what is not ASCII is left to others", () => {
  const strings = new ShortStrings();
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (text) => {
    const bytes = encoder.encode(text);
    const expected = bytes.length === text.length ? text : undefined;
    assert.equal(strings.read(bytes, 0, bytes.length), expected);
  }));
});
