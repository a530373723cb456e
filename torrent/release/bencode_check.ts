/**
 * Checks bencoded bytes (BEP 3) before anything else sees them. The decoder of the package bencode trusts the lengths that it
 * reads (a negative one makes it loop for ever), and makes objects of some 300 bytes out of the two bytes `0:`; so everything
 * that comes over the network is checked here first. Only the form is checked; what the values mean is up to the caller. It
 * makes no objects but for the entries of the outermost dictionary, so it takes no memory of its own.
 */

/** The deepest nesting, deeper than any message of the protocol has. It bounds the recursion. */
const MAX_DEPTH = 16;
/** The most entries of the outermost dictionary; a .torrent has about ten. It bounds the memory of the outline. */
const MAX_ENTRIES = 1024;

const CODE_0 = 0x30;
const CODE_9 = 0x39;
const CODE_COLON = 0x3a;
const CODE_MINUS = 0x2d;
const CODE_D = 0x64;
const CODE_E = 0x65;
const CODE_I = 0x69;
const CODE_L = 0x6c;

/** The range of a value, end exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Where a well-formed value and the entries of its outermost dictionary lie. */
export interface BencodeOutline {
  /** The length of the value; bytes that follow it were not looked at. */
  readonly sizeBytes: number;
  /** The entries of the outermost dictionary by key; empty for any other value. */
  readonly entries: ReadonlyMap<string, ByteRange>;
}

class Malformed extends Error {}

/**
 * The outline of the value at the start of `bytes`; undefined if it is malformed or not in canonical form: whole numbers
 * without leading zeros, dictionary keys in ascending order of their bytes and none twice, at most 16 levels; or if the
 * outermost dictionary has more than 1,024 entries.
 */
export function outlineBencode(bytes: Uint8Array): BencodeOutline | undefined {
  const entries = new Map<string, ByteRange>();
  try {
    const sizeBytes = bytes[0] === CODE_D
      ? skipDictionary(bytes, 0, 0, entries)
      : skipValue(bytes, 0, 0);
    return { sizeBytes, entries };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Where the value that begins at `start` ends. Only for bytes that {@link outlineBencode} has accepted. */
export function endOfValue(bytes: Uint8Array, start: number): number {
  return skipValue(bytes, start, 0);
}

/** What {@link readInteger} has read; a result object for each number would be most of the work. */
let lastInteger = 0;

function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new Malformed("nested too deeply");
  switch (bytes[at]) {
    case CODE_I:
      return readInteger(bytes, at + 1, CODE_E);
    case CODE_L: {
      let next = at + 1;
      while (bytes[next] !== CODE_E) next = skipValue(bytes, next, depth + 1);
      return next + 1;
    }
    case CODE_D:
      return skipDictionary(bytes, at, depth);
    default:
      return skipString(bytes, at);
  }
}

function skipDictionary(
  bytes: Uint8Array,
  at: number,
  depth: number,
  entries?: Map<string, ByteRange>,
): number {
  let next = at + 1;
  let [previousStart, previousEnd] = [-1, -1];
  while (bytes[next] !== CODE_E) {
    const keyEnd = skipString(bytes, next);
    const keyStart = keyEnd - lastInteger;
    if (
      previousStart !== -1 &&
      compareRanges(bytes, previousStart, previousEnd, keyStart, keyEnd) >= 0
    ) throw new Malformed("keys out of order");
    [previousStart, previousEnd] = [keyStart, keyEnd];
    next = skipValue(bytes, keyEnd, depth + 1);
    if (entries === undefined) continue;
    if (entries.size >= MAX_ENTRIES) throw new Malformed("too many entries");
    entries.set(new TextDecoder().decode(bytes.subarray(keyStart, keyEnd)), {
      start: keyEnd,
      end: next,
    });
  }
  return next + 1;
}

/** Where the string ends; `lastInteger` is its length. */
function skipString(bytes: Uint8Array, at: number): number {
  const end = readInteger(bytes, at, CODE_COLON) + lastInteger;
  if (lastInteger < 0 || end > bytes.length) throw new Malformed("string runs past the end");
  return end;
}

/** Reads into `lastInteger`; returns where the terminator ends. */
function readInteger(bytes: Uint8Array, at: number, terminator: number): number {
  let next = at;
  const negative = bytes[next] === CODE_MINUS;
  if (negative) next++;
  const firstDigit = next;
  let value = 0;
  for (;;) {
    const code = bytes[next];
    if (code === undefined || code < CODE_0 || code > CODE_9) break;
    value = value * 10 + (code - CODE_0);
    if (!Number.isSafeInteger(value)) throw new Malformed("number too large");
    next++;
  }
  const digits = next - firstDigit;
  const leadingZero = bytes[firstDigit] === CODE_0 && (digits > 1 || negative);
  if (digits === 0 || leadingZero || bytes[next] !== terminator) {
    throw new Malformed("not a number");
  }
  lastInteger = negative ? -value : value;
  return next + 1;
}

function compareRanges(
  bytes: Uint8Array,
  leftStart: number,
  leftEnd: number,
  rightStart: number,
  rightEnd: number,
): number {
  const [leftBytes, rightBytes] = [leftEnd - leftStart, rightEnd - rightStart];
  const shared = Math.min(leftBytes, rightBytes);
  for (let index = 0; index < shared; index++) {
    const difference = (bytes[leftStart + index] ?? 0) - (bytes[rightStart + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return leftBytes - rightBytes;
}
