/**
 * Bytes of strangers that should be bencode. What passes the check is what the package's decoder reads and its encoder
 * writes again, byte for byte; what is read without the decoder is the same; everything ends, and nothing else is thrown.
 */

import assert from "node:assert/strict";
import bencode from "bencode";
import { outlineBencode } from "../../../torrent/release/bencode_check.ts";
import {
  readBytes,
  readDictionary,
  readInteger,
  readList,
  readText,
} from "../../../torrent/release/bencode_reader.ts";
import { type Dice, fuzzTest } from "./inputs.ts";

const file = import.meta.url;
const TOKENS = [
  "d",
  "l",
  "e",
  "i",
  "0:",
  "1:a",
  "2:bb",
  "i0e",
  "i-1e",
  "i42e",
  "3:key",
  ":",
  "-",
  "9",
];

/** Any value, as deep as that. */
function anyValue(dice: Dice, depth: number): unknown {
  switch (dice.below(depth > 0 ? 4 : 2)) {
    case 0:
      return dice.chance(0.5) ? dice.below(1000) - 500 : dice.uint32();
    case 1:
      return dice.bytes(dice.below(20));
    case 2:
      return Array.from({ length: dice.below(5) }, () => anyValue(dice, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(5) }, () => [
          String.fromCharCode(97 + dice.below(26)).repeat(1 + dice.below(3)),
          anyValue(dice, depth - 1),
        ]),
      );
  }
}

function anyBytes(dice: Dice): Uint8Array {
  switch (dice.below(3)) {
    case 0:
      return dice.mutate(bencode.encode(anyValue(dice, 4)));
    case 1:
      return bencode.encode(anyValue(dice, 4));
    default: {
      const tokens = Array.from({ length: dice.below(30) }, () => dice.pick(TOKENS));
      return new TextEncoder().encode(tokens.join(""));
    }
  }
}

/** What our reader makes of a value, in the decoder's form. */
function read(bytes: Uint8Array, range: { start: number; end: number }): unknown {
  const dictionary = readDictionary(bytes, range);
  if (dictionary !== undefined) {
    return Object.fromEntries([...dictionary].map(([key, one]) => [key, read(bytes, one)]));
  }
  if (bytes[range.start] === 0x6c) {
    return Array.from(readList(bytes, range, Infinity, "it"), (one) => read(bytes, one));
  }
  return readInteger(bytes, range) ?? readBytes(bytes, range);
}

fuzzTest("bencode: what is accepted is canonical, and read the same without a decoder", {
  file,
  ordinary: 20_000,
}, (dice) => {
  const bytes = anyBytes(dice);
  const outline = outlineBencode(bytes);
  if (outline === undefined) return;
  assert.ok(outline.sizeBytes <= bytes.length);
  const value = bytes.slice(0, outline.sizeBytes);
  const decoded = bencode.decode(value);
  const whole = { start: 0, end: value.length };
  for (const [key, { start, end }] of outline.entries) {
    assert.ok(start < end && end < outline.sizeBytes, key);
    readText(bytes, { start, end });
  }
  // Keys that are no UTF-8 are one in both, in other ways.
  if (new TextDecoder().decode(value).includes("\ufffd")) return;
  assert.deepEqual(new Uint8Array(bencode.encode(decoded)), value);
  assert.deepEqual(plain(read(value, whole)), plain(decoded));
});

/** Without prototypes and views, which are no part of a value. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  return value;
}
