/**
 * SHA-1 by OpenSSL's libcrypto where there is one, on another thread and without a copy of the bytes, which is what
 * neither node:crypto nor Web Crypto does.
 */

import { isFfiGranted } from "./libc.ts";

/** OpenSSL 3, which every distribution of today has. Its owner keeps the name for as long as the calls stay the same. */
const LIBRARY = "libcrypto.so.3";
const SHA1_BYTES = 20;
/** V8 keeps arrays of up to 64 bytes among its objects, which it moves; what another thread writes to must stay. */
const RESULT_BYTES = 128;
/** FIPS 180-1's first example, and its digest. */
const EXAMPLE = "abc";
const EXAMPLE_DIGEST = "a9993e364706816aba3e25717850c26c9cd0d89d";

const SYMBOLS = {
  SHA1: { parameters: ["buffer", "usize", "buffer"], result: "pointer" },
  SHA1_nonblocking: {
    name: "SHA1",
    parameters: ["buffer", "usize", "buffer"],
    result: "pointer",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

type Libcrypto = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/**
 * The SHA-1 of the bytes, 20 of them, made on one of the runtime's threads; undefined if the library would not (it can be
 * configured not to). The bytes must stay as they are until then. It is kept in memory meanwhile.
 */
export type BackgroundSha1 = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

/** False once it has been looked for in vain. */
let opened: BackgroundSha1 | false | undefined;
/** Nothing else may hold what another thread reads and writes. */
const held = new Set<readonly [Uint8Array, Uint8Array]>();

/**
 * Opened at the first call, since it takes 2 ms and 8 MB that few processes need, and kept: closing it would unmap what
 * other threads run. To Deno's test runner it is a leak if that call is made within a test.
 *
 * @returns undefined where there is no libcrypto of OpenSSL 3 that makes SHA-1, or without `--allow-ffi`.
 */
export function backgroundSha1(): BackgroundSha1 | undefined {
  opened ??= open() ?? false;
  return opened === false ? undefined : opened;
}

function open(): BackgroundSha1 | undefined {
  if (Deno.build.os !== "linux" || !isFfiGranted()) return undefined;
  try {
    const library = Deno.dlopen(LIBRARY, SYMBOLS);
    if (makesSha1(library.symbols)) return (bytes) => hash(library.symbols, bytes);
    library.close();
  } catch {
    // None, or one without that function: whoever asks has another way.
  }
  return undefined;
}

async function hash(
  { SHA1_nonblocking }: Libcrypto,
  bytes: Uint8Array,
): Promise<Uint8Array | undefined> {
  const result = new Uint8Array(RESULT_BYTES);
  const inUse = [bytes, result] as const;
  held.add(inUse);
  try {
    const made = await SHA1_nonblocking(asBuffer(bytes), BigInt(bytes.length), result);
    return made === null ? undefined : result.subarray(0, SHA1_BYTES);
  } finally {
    held.delete(inUse);
  }
}

/** Somebody else's library of that name must not make us ban the peers that send right bytes. */
function makesSha1({ SHA1 }: Libcrypto): boolean {
  const bytes = new TextEncoder().encode(EXAMPLE);
  const result = new Uint8Array(RESULT_BYTES);
  if (SHA1(bytes, BigInt(bytes.length), result) === null) return false;
  return result.subarray(0, SHA1_BYTES).toHex() === EXAMPLE_DIGEST;
}

/** The type of a `buffer` leaves out shared memory, which would do as well. */
function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
