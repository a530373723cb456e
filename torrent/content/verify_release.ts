/**
 * The last check before a release may be started: the SHA-256 of every file against the manifest. The pieces' hashes have
 * been checked by then; this check also covers the disk, and does not depend on SHA-1.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import { yieldToOthers } from "../../base/clock.ts";
import { ReleaseError, systemErrorCode } from "../errors.ts";
import { readRelease, type ReleaseFile } from "../release/mod.ts";
import { ResidentPages } from "./resident_pages.ts";
import type { PagePolicy } from "./write_behind.ts";

/** The memory that files are read into. This much is hashed in about a millisecond, between two turns of the event loop. */
const READ_BYTES = 1024 * 1024;

/** Opening a file, or looking at it, costs about as much as reading this many bytes of it. */
const OPEN_COST_BYTES = 16 * 1024;

/** What to verify, and how. */
export interface VerifyReleaseOptions {
  /** The release's .torrent. */
  readonly metainfo: Uint8Array;
  /** The directory with the content, laid out as an engine's `root`. */
  readonly root: string;
  readonly signal?: AbortSignal;
  /** Whether a file, by its index, is known to be right and need not be read. Default: none is. */
  readonly isChecked?: (fileIndex: number) => boolean;
  /** What becomes of pages that reading has brought in. Default "drop": the page cache is left as it was. */
  readonly pages?: PagePolicy;
  /** Called about once per MiB, and at the end. */
  readonly onProgress?: (verifiedBytes: number, totalBytes: number) => void;
}

/** How a transfer's files are verified. */
export type VerifyOptions = Pick<VerifyReleaseOptions, "signal" | "onProgress">;

/**
 * Resolves if every file is there with its size and its SHA-256. Otherwise rejects with a {@link ReleaseError} that names
 * the first bad file in `path`: "file_missing", "file_size", "file_content"; or "aborted". Files that are not part of the
 * release are not looked at.
 */
export async function verifyRelease(options: VerifyReleaseOptions): Promise<void> {
  const release = readRelease(options.metainfo);
  const buffer = new Uint8Array(READ_BYTES);
  const pages = options.pages === "keep" ? undefined : new ResidentPages();
  let verifiedBytes = 0;
  let sinceTurnBytes = 0;
  for (const [index, file] of release.files.entries()) {
    sinceTurnBytes += OPEN_COST_BYTES;
    if (options.isChecked?.(index) === true) {
      verifiedBytes += file.sizeBytes;
      if (sinceTurnBytes >= READ_BYTES) await takeTurn();
      continue;
    }
    const hash = createHash("sha256");
    const trail = pages?.trail(`${options.root}/${file.path}`);
    for (const chunkBytes of readChunks(file, { root: options.root, buffer, pages })) {
      hash.update(buffer.subarray(0, chunkBytes));
      await trail?.advance(chunkBytes);
      verifiedBytes += chunkBytes;
      sinceTurnBytes += chunkBytes;
      if (sinceTurnBytes >= READ_BYTES) await takeTurn();
    }
    await trail?.end();
    const sha256 = hash.digest("hex");
    if (sha256 !== file.sha256) {
      throw problem("file_content", file, `expected SHA-256 ${file.sha256}, there was ${sha256}`);
    }
  }
  options.onProgress?.(verifiedBytes, release.sizeBytes);

  async function takeTurn(): Promise<void> {
    sinceTurnBytes = 0;
    options.onProgress?.(verifiedBytes, release.sizeBytes);
    await yieldToOthers();
    expectWanted(options.signal);
  }
}

function expectWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new ReleaseError("aborted", "verify release: stopped by the caller", {
    cause: signal.reason,
  });
}

/**
 * Fills the buffer with one chunk of the file after the other and yields the number of bytes in it. The calls are
 * synchronous, since a promise for each would cost more than reading a small file.
 */
function* readChunks(
  file: ReleaseFile,
  { root, buffer, pages }: {
    readonly root: string;
    readonly buffer: Uint8Array;
    readonly pages: ResidentPages | undefined;
  },
): Generator<number> {
  const path = `${root}/${file.path}`;
  let descriptor: number;
  try {
    const info = fs.lstatSync(path);
    if (!info.isFile()) throw problem("file_missing", file, "expected a file, there was none");
    if (info.size !== file.sizeBytes) {
      throw problem(
        "file_size",
        file,
        `expected ${file.sizeBytes} bytes, there were ${info.size}`,
      );
    }
    pages?.note(path, info.size);
    descriptor = fs.openSync(path, "r");
  } catch (cause) {
    if (cause instanceof ReleaseError) throw cause;
    throw problem("file_missing", file, `cannot be read (${systemErrorCode(cause)})`, cause);
  }
  try {
    for (;;) {
      const readBytes = fs.readSync(descriptor, buffer);
      if (readBytes === 0) return;
      yield readBytes;
    }
  } catch (cause) {
    if (cause instanceof ReleaseError) throw cause;
    throw problem("file_content", file, `cannot be read (${systemErrorCode(cause)})`, cause);
  } finally {
    fs.closeSync(descriptor);
  }
}

function problem(
  code: "file_missing" | "file_size" | "file_content",
  file: ReleaseFile,
  detail: string,
  cause?: unknown,
): ReleaseError {
  return new ReleaseError(
    code,
    `verify release: ${file.path}: ${detail}; fetch the release again with resume "rehash"`,
    { path: file.path, cause },
  );
}
