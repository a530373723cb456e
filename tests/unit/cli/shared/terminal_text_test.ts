import assert from "node:assert/strict";
import fc from "fast-check";
import pico from "picocolors";
import {
  plain,
  plainText,
  terminalJson,
  terminalText,
} from "../../../../cli/shared/terminal_text.ts";
import { fuzzInputs } from "../../../support/fuzz.ts";

const pc = pico.createColors(true);

/** Sequences that a terminal obeys, and characters that turn or hide text. */
const EVIL = [
  ...[
    "\x1b[2J",
    "\x1b[1;1H",
    "\x1b[8m",
    "\x1b[5m",
    "\x1b[38;5;1m",
    "\x1b[6n",
    "\x1b[?25l",
    "\x1bc",
  ],
  ...["\x1b]0;title\x07", "\x1b]8;;http://evil\x1b\\", "\x1bP+q\x1b\\", "\x1b_x\x1b\\", "\x9b2J"],
  ...["\r", "\b", "\0", "\x07", "\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\u061c", "\u200b"],
  ...["\u2028", "\u2029", "\ufeff", "\ud800", "\udc00", "\u{e0041}"],
];
const PRINTABLE = /^(?:[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|[\n\t])*$/u;
// deno-lint-ignore no-control-regex -- these are what is looked for
const OWN = /\x1b\[(?:[0-479]|2[2-479]|3[0-79]|4[0-79]|9[0-7]|10[0-7])m/g;

Deno.test("terminalText: text, line ends, tabs and our own colours get through as they are", () => {
  for (
    const paint of [pc.bold, pc.dim, pc.green, pc.red, pc.yellow, pc.cyan, pc.magenta, pc.gray]
  ) {
    const text = `${paint("ünïcode 日本 ✔ █░ ━╸")}\t(1)\n`;
    assert.equal(terminalText(text), text);
  }
});

Deno.test("terminalText: whatever a terminal obeys is dropped as a whole", () => {
  for (const evil of EVIL) assert.equal(terminalText(`a${evil}b`), "ab", JSON.stringify(evil));
});

Deno.test("plainText: no colours either, for what others have written", () => {
  assert.equal(plainText(`${pc.red("a")}\x1b[2Jb\n`), "ab\n");
});

Deno.test("plain: every string of a value, however deep, and nothing else", () => {
  const value = { name: "a\x1b[31mb\nc", list: ["\u202ec", 1, null, { deep: "\r" }], is: true };
  assert.deepEqual(plain(value), { name: "ab c", list: ["c", 1, null, { deep: "" }], is: true });
});

Deno.test("terminalJson: safe on a terminal, and the same to every reader", () => {
  for (const evil of EVIL) {
    const value = { [`key${evil}`]: `a${evil}b` };
    const text = terminalJson(value);
    assert.match(text, PRINTABLE);
    assert.deepEqual(JSON.parse(text), value);
  }
});

Deno.test("terminalText: of any text only printable characters and our own colours are left", () => {
  const part = fc.oneof(
    fc.constantFrom(...EVIL, "\x1b", "[", "]", "m", "31", ";", "\x1b[", "\x1b]", "a", "\n"),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }).map((parts) => parts.join("")), (text) => {
      assert.match(terminalText(text).replace(OWN, ""), PRINTABLE);
      assert.match(plainText(text), PRINTABLE);
      assert.equal(terminalText(terminalText(text)), terminalText(text));
      assert.deepEqual(JSON.parse(terminalJson(text)), JSON.parse(JSON.stringify(text)));
    }),
    fuzzInputs(3_000),
  );
});
