/**
 * SHA-1 by OpenSSL's libcrypto, where it is installed: on another thread and without copying the bytes. Neither node:crypto
 * nor Web Crypto does both.
 */

import { isFfiGranted } from "./libc.ts";

/** OpenSSL 3, which every current distribution has. The name stays the same for as long as the interface does. */
const LIBRARY = "libcrypto.so.3";
const SHA1_BYTES = 20;
/** V8 keeps arrays of up to 64 bytes on its heap and moves them; memory that another thread writes to must not move. */
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
 * Computes the SHA-1 (20 bytes) on one of the runtime's threads; undefined if the library refuses, which it can be configured
 * to. The bytes must not change meanwhile; they are kept in memory.
 */
export type BackgroundSha1 = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

/** False when the library was not found. */
let opened: BackgroundSha1 | false | undefined;
/** References to memory that another thread reads and writes, since nothing else may hold them. */
const held = new Set<readonly [Uint8Array, Uint8Array]>();

/**
 * Returns the function, or undefined. The library is opened at the first call, since it takes 2 ms and 8 MB that few
 * processes need, and stays open, because closing it would unmap code that other threads run. Deno's test runner reports a
 * leak if the first call is made within a test.
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
    // There is none, or one without that function; the caller uses another way to hash.
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

/** Checks the library with an example: a wrong one of that name must not make us ban peers that send correct bytes. */
function makesSha1({ SHA1 }: Libcrypto): boolean {
  const bytes = new TextEncoder().encode(EXAMPLE);
  const result = new Uint8Array(RESULT_BYTES);
  if (SHA1(bytes, BigInt(bytes.length), result) === null) return false;
  return result.subarray(0, SHA1_BYTES).toHex() === EXAMPLE_DIGEST;
}

/** Casts to the type of a `buffer` parameter, which excludes shared memory although that would work as well. */
function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
