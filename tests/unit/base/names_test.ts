import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isName,
  isVersion,
  NAME_LENGTH_MAX,
  quoteForeign,
  VERSION_LENGTH_MAX,
} from "../../../base/names.ts";

/** What means something to a path, a shell, a terminal or a table. */
const DANGEROUS = [
  "",
  ".",
  "..",
  "../x",
  "a/b",
  "/a",
  "a\0",
  "a\n",
  "a b",
  "-a",
  "é",
  "\u202ea",
  "\x1b[2J",
];

Deno.test("isName, isVersion: nothing that means something to a path or a terminal", () => {
  for (const text of DANGEROUS) {
    assert.deepEqual([isName(text), isVersion(text)], [false, false], text);
  }
});

Deno.test("isName, isVersion: at most as long as they may be", () => {
  assert.equal(isName("n".repeat(NAME_LENGTH_MAX)), true);
  assert.equal(isName("n".repeat(NAME_LENGTH_MAX + 1)), false);
  assert.equal(isVersion("1".repeat(VERSION_LENGTH_MAX)), true);
  assert.equal(isVersion("1".repeat(VERSION_LENGTH_MAX + 1)), false);
});

Deno.test("isVersion: not what lies beside the releases on disk", () => {
  assert.deepEqual(["current", "v2.partial", "v2"].map(isVersion), [false, false, true]);
});

Deno.test("quoteForeign: one short line of printable ASCII, whatever the text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 5_000 }), (text) => {
    const quoted = quoteForeign(text);
    assert.match(quoted, /^[\x20-\x7e]*$/);
    assert.ok(quoted.length < 600, `${quoted.length}`);
    if (text.length <= 60) assert.equal(JSON.parse(quoted), text);
  }));
});
