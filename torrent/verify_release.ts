/**
 * The last check before a release may be started: the SHA-256 of every file against the manifest.
 * Piece hashes have passed by then; this one also covers the disk, and does not rest on SHA-1.
 */

import { createHash } from "node:crypto";
import { ReleaseError, systemErrorCode } from "./errors.ts";
import { readRelease } from "./metainfo.ts";
import type { ReleaseFile } from "./release.ts";

/** Memory per verification; one such chunk is hashed in about a millisecond between two turns. */
const READ_BYTES = 1024 * 1024;

/** What to verify. */
export interface VerifyReleaseOptions {
  /** The release's .torrent. */
  readonly metainfo: Uint8Array;
  /** Directory with the content, laid out as an engine's `root`. */
  readonly root: string;
  readonly signal?: AbortSignal;
  /** Called after every chunk. */
  readonly onProgress?: (verifiedBytes: number, totalBytes: number) => void;
}

/**
 * Resolves if every file is there, has its size and its SHA-256. Otherwise rejects with a
 * {@link ReleaseError} that names the first bad file in `path`: "file_missing", "file_size",
 * "file_content"; or "aborted". Files that are not part of the release are not looked at.
 */
export async function verifyRelease(options: VerifyReleaseOptions): Promise<void> {
  const release = readRelease(options.metainfo);
  let verifiedBytes = 0;
  for (const file of release.files) {
    const sha256 = await hashFile(file, options, (chunkBytes) => {
      verifiedBytes += chunkBytes;
      options.onProgress?.(verifiedBytes, release.sizeBytes);
    });
    if (sha256 !== file.sha256) {
      throw problem("file_content", file, `expected SHA-256 ${file.sha256}, there was ${sha256}`);
    }
  }
}

async function hashFile(
  file: ReleaseFile,
  options: VerifyReleaseOptions,
  onChunk: (chunkBytes: number) => void,
): Promise<string> {
  const path = `${options.root}/${file.path}`;
  let handle: Deno.FsFile;
  try {
    const info = await Deno.lstat(path);
    if (!info.isFile) throw problem("file_missing", file, "expected a file, there was none");
    if (info.size !== file.sizeBytes) {
      throw problem(
        "file_size",
        file,
        `expected ${file.sizeBytes} bytes, there were ${info.size}`,
      );
    }
    handle = await Deno.open(path, { read: true });
  } catch (cause) {
    if (cause instanceof ReleaseError) throw cause;
    throw problem("file_missing", file, `cannot be read (${systemErrorCode(cause)})`, cause);
  }
  using opened = handle;
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(READ_BYTES, Math.max(1, file.sizeBytes)));
  for (;;) {
    if (options.signal?.aborted) {
      throw new ReleaseError("aborted", "verify release: stopped by the caller", {
        cause: options.signal.reason,
      });
    }
    let read: number | null;
    try {
      read = await opened.read(buffer);
    } catch (cause) {
      throw problem("file_content", file, `cannot be read (${systemErrorCode(cause)})`, cause);
    }
    if (read === null) break;
    hash.update(buffer.subarray(0, read));
    onChunk(read);
  }
  return hash.digest("hex");
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
