/**
 * Reads single values out of bencoded bytes (BEP 3) that `bencode_check.ts` has accepted. Only what is asked for becomes an
 * object, and everything else is stepped over: what a stranger adds to a .torrent costs no memory.
 */

import { type ByteRange, endOfValue } from "./bencode_check.ts";

const CODE_COLON = 0x3a;
const CODE_D = 0x64;
const CODE_E = 0x65;
const CODE_I = 0x69;
const CODE_L = 0x6c;
const CODE_0 = 0x30;
const CODE_9 = 0x39;

/** The most entries of a dictionary; those of a .torrent have about ten. It bounds the memory for each. */
const MAX_ENTRIES = 1024;

const keyDecoder = new TextDecoder();

/**
 * The entries of the dictionary in that range by key; undefined if it is no dictionary.
 *
 * @throws {RangeError} if it has more than 1,024 entries.
 */
export function readDictionary(
  bytes: Uint8Array,
  { start }: ByteRange,
): ReadonlyMap<string, ByteRange> | undefined {
  if (bytes[start] !== CODE_D) return undefined;
  const entries = new Map<string, ByteRange>();
  for (let at = start + 1; bytes[at] !== CODE_E;) {
    if (entries.size >= MAX_ENTRIES) throw new RangeError(`expected at most ${MAX_ENTRIES} keys`);
    const keyEnd = endOfValue(bytes, at);
    const key = keyDecoder.decode(bytes.subarray(bytes.indexOf(CODE_COLON, at) + 1, keyEnd));
    const end = endOfValue(bytes, keyEnd);
    entries.set(key, { start: keyEnd, end });
    at = end;
  }
  return entries;
}

/**
 * The items of the list in that range, one after the other.
 *
 * @param name what the list is, for the error.
 * @throws {RangeError} if it is no list, or has more than `maxItems` items, at the first item that is too many.
 */
export function* readList(
  bytes: Uint8Array,
  { start }: ByteRange,
  maxItems: number,
  name: string,
): Generator<ByteRange> {
  if (bytes[start] !== CODE_L) throw new RangeError(`expected a list as ${name}`);
  let count = 0;
  for (let at = start + 1; bytes[at] !== CODE_E;) {
    if (++count > maxItems) throw new RangeError(`expected at most ${maxItems} items in ${name}`);
    const item = { start: at, end: endOfValue(bytes, at) };
    yield item;
    at = item.end;
  }
}

/** The whole number in that range; undefined if it is none. */
export function readInteger(bytes: Uint8Array, { start, end }: ByteRange): number | undefined {
  if (bytes[start] !== CODE_I) return undefined;
  return Number(String.fromCharCode(...bytes.subarray(start + 1, end - 1)));
}

/** The bytes of the string in that range, not copied; undefined if it is none. */
export function readBytes(bytes: Uint8Array, { start, end }: ByteRange): Uint8Array | undefined {
  const first = bytes[start];
  if (first === undefined || first < CODE_0 || first > CODE_9) return undefined;
  return bytes.subarray(bytes.indexOf(CODE_COLON, start) + 1, end);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The string in that range as text; undefined if it is no string or not UTF-8. */
export function readText(bytes: Uint8Array, range: ByteRange): string | undefined {
  const text = readBytes(bytes, range);
  if (text === undefined) return undefined;
  try {
    return decoder.decode(text);
  } catch {
    return undefined;
  }
}
