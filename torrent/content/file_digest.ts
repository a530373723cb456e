/**
 * The SHA-256 of a file on disk, with a stamp of the file (size, inode, times): as long as the stamp is the same, the file
 * need not be read again. Synchronous, for a thread that does nothing else.
 */

import { createHash } from "node:crypto";
import * as fs from "node:fs";

/** A file's hash and stamp. */
export interface FileDigest {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** The stamp that {@linkcode stampOf} gives, from before the first byte was read. */
  readonly stamp: string;
}

/** How many bytes are read between two reports of progress: some 50 ms of hashing. */
export const DIGEST_STEP_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file to its end. Returns undefined if it is no regular file or cannot be read; the check at the end finds out
 * what is wrong with it.
 *
 * @param buffer the memory to read into, for example 1 MiB.
 * @param onStep called after each {@linkcode DIGEST_STEP_BYTES} with the number of bytes that were read until then.
 */
export function digestFile(
  path: string,
  buffer: Uint8Array,
  onStep: (readBytes: number) => void,
): FileDigest | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const stamp = stampFrom(fs.fstatSync(descriptor, { bigint: true }));
    if (stamp === undefined) return undefined;
    const hash = createHash("sha256");
    let doneBytes = 0;
    let stepBytes = 0;
    for (;;) {
      const readBytes = fs.readSync(descriptor, buffer);
      if (readBytes === 0) return { sha256: hash.digest("hex"), stamp };
      hash.update(buffer.subarray(0, readBytes));
      doneBytes += readBytes;
      stepBytes += readBytes;
      if (stepBytes < DIGEST_STEP_BYTES) continue;
      stepBytes = 0;
      onStep(doneBytes);
    }
  } catch {
    return undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A file's size, inode, and times of its last changes as text; undefined if it is no regular file. */
export function stampOf(path: string): string | undefined {
  try {
    return stampFrom(fs.lstatSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function stampFrom(info: fs.BigIntStats): string | undefined {
  // The runtime gives the time of modification, which anybody can set, in milliseconds, and the time of change, which
  // nobody can set, in seconds. So both are in the stamp.
  return info.isFile() ? `${info.size} ${info.ino} ${info.mtimeMs} ${info.ctimeMs}` : undefined;
}
