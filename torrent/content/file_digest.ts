/**
 * The SHA-256 of a file on disk, and what the file looked like when it was formed: as long as it still looks so, it need
 * not be read again. Synchronous, for a thread that does nothing else.
 */

import { createHash } from "node:crypto";
import * as fs from "node:fs";

/** What was found of a file. */
export interface FileDigest {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** As {@linkcode stampOf} says it, from before the first byte was read. */
  readonly stamp: string;
}

/** How often the reader is told how far it is: some 50 milliseconds of hashing. */
export const DIGEST_STEP_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file to its end. Undefined if there is no regular file or it cannot be read: what is wrong with it, whoever
 * looks at it next finds out.
 *
 * @param buffer what to read with, e.g. 1 MiB.
 * @param onStep called after each {@linkcode DIGEST_STEP_BYTES}, with what was read until then.
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

/** Size, inode, and the times of its last changes; undefined if there is no regular file. */
export function stampOf(path: string): string | undefined {
  try {
    return stampFrom(fs.lstatSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function stampFrom(info: fs.BigIntStats): string | undefined {
  // The runtime tells the time of modification in milliseconds, which can be set to anything, and that of change, which
  // cannot, in seconds.
  return info.isFile() ? `${info.size} ${info.ino} ${info.mtimeMs} ${info.ctimeMs}` : undefined;
}
