/**
 * Checks bencoded bytes (BEP 3) before a decoder sees them. The decoder of the package bencode trusts the lengths that it
 * reads (a negative one makes it loop for ever), so everything that comes over the network is checked here first. Only the
 * form is checked; what the values mean is up to the caller.
 */

/** The deepest nesting, deeper than any message of the protocol has. It bounds the recursion. */
const MAX_DEPTH = 16;

const CODE_0 = 0x30;
const CODE_9 = 0x39;
const CODE_COLON = 0x3a;
const CODE_MINUS = 0x2d;
const CODE_D = 0x64;
const CODE_E = 0x65;
const CODE_I = 0x69;
const CODE_L = 0x6c;

/** The range of a value of the outermost dictionary, end exclusive. */
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
 * without leading zeros, dictionary keys in ascending order of their bytes and none twice, at most 16 levels.
 */
export function outlineBencode(bytes: Uint8Array): BencodeOutline | undefined {
  const entries = new Map<string, ByteRange>();
  try {
    const sizeBytes = skipValue(bytes, 0, { depth: 0, entries });
    return { sizeBytes, entries };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

interface Position {
  readonly depth: number;
  /** Filled for the outermost dictionary only. */
  readonly entries?: Map<string, ByteRange>;
}

function skipValue(bytes: Uint8Array, at: number, position: Position): number {
  if (position.depth > MAX_DEPTH) throw new Malformed("nested too deeply");
  switch (bytes[at]) {
    case CODE_I: {
      const { end } = readInteger(bytes, at + 1, CODE_E);
      return end;
    }
    case CODE_L: {
      let next = at + 1;
      while (bytes[next] !== CODE_E) next = skipValue(bytes, next, { depth: position.depth + 1 });
      return next + 1;
    }
    case CODE_D:
      return skipDictionary(bytes, at, position);
    default:
      return readString(bytes, at).end;
  }
}

function skipDictionary(bytes: Uint8Array, at: number, position: Position): number {
  let next = at + 1;
  let previousKey: Uint8Array | undefined;
  while (bytes[next] !== CODE_E) {
    const key = readString(bytes, next);
    const keyBytes = bytes.subarray(key.start, key.end);
    if (previousKey !== undefined && compareBytes(previousKey, keyBytes) >= 0) {
      throw new Malformed("keys out of order");
    }
    previousKey = keyBytes;
    const end = skipValue(bytes, key.end, { depth: position.depth + 1 });
    position.entries?.set(new TextDecoder().decode(keyBytes), { start: key.end, end });
    next = end;
  }
  return next + 1;
}

function readString(bytes: Uint8Array, at: number): ByteRange {
  const { value, end: start } = readInteger(bytes, at, CODE_COLON);
  const end = start + value;
  if (value < 0 || end > bytes.length) throw new Malformed("string runs past the end");
  return { start, end };
}

function readInteger(
  bytes: Uint8Array,
  at: number,
  terminator: number,
): { value: number; end: number } {
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
  return { value: negative ? -value : value, end: next + 1 };
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
