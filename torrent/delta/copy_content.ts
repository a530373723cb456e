/**
 * Copies ranges of one release's content into another's files, file by file. The source is only read, and the page cache
 * of its files is left as it was. What is written is not checked here.
 */

import * as fs from "node:fs";
import { FilePair } from "../../ffi/mod.ts";
import { yieldToOthers } from "../../base/clock.ts";
import { diskError, ResidentPages, segmentsOf, stoppedError } from "../content/mod.ts";
import { systemErrorCode, TransferError } from "../errors.ts";
import type { Release } from "../release/mod.ts";
import type { CopyStep } from "./reuse_plan.ts";

/** What is copied between two looks at the signal; at a disk's speed well below a second. */
const COPY_BYTES = 64 * 1024 * 1024;
/** The memory of the fallback, which copies through this process. */
const BUFFER_BYTES = 1024 * 1024;
/** The errors of copy_file_range(2) where it cannot copy at all; the bytes then go through this process. */
const NOT_BY_KERNEL = new Set(["EXDEV", "EOPNOTSUPP", "EINVAL", "ENOSYS", "ENOTSUP"]);

/** A release's content on disk. */
export interface StoredContent {
  readonly release: Release;
  readonly root: string;
}

/** The source cannot be read, since it was removed or changed meanwhile. What was copied before is right. */
export class SourceGoneError extends Error {
  override readonly name = "SourceGoneError";
}

/** One range to be copied from one file to another. */
interface FileCopy {
  readonly fromPath: string;
  readonly fromSizeBytes: number;
  readonly toPath: string;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly sizeBytes: number;
}

/** Copies into the files of one release. It keeps one pair of files open between calls. */
export class ContentCopier implements Disposable {
  readonly #to: StoredContent;
  readonly #signal: AbortSignal;
  #pair: FilePair | undefined;
  #byKernel = true;
  readonly #pages = new ResidentPages();

  constructor(to: StoredContent, signal: AbortSignal) {
    this.#to = to;
    this.#signal = signal;
  }

  /**
   * Copies one step.
   *
   * @throws {SourceGoneError} if the source cannot be read; {TransferError} "disk_full", "disk_failed", "stopped".
   */
  async copy(from: StoredContent, step: CopyStep): Promise<void> {
    for (const part of partsOf(from, this.#to, step)) {
      this.#pages.note(part.fromPath, part.fromSizeBytes);
      for (let done = 0; done < part.sizeBytes; done += COPY_BYTES) {
        if (this.#signal.aborted) throw stoppedError(this.#signal.reason);
        await this.#copyPart({
          ...part,
          fromBytes: part.fromBytes + done,
          toBytes: part.toBytes + done,
          sizeBytes: Math.min(COPY_BYTES, part.sizeBytes - done),
        });
      }
      await this.#pages.drop(part.fromPath, part);
    }
  }

  [Symbol.dispose](): void {
    this.#pair?.[Symbol.dispose]();
    this.#pair = undefined;
  }

  async #copyPart(part: FileCopy): Promise<void> {
    try {
      const pair = this.#open(part);
      let done = 0;
      while (done < part.sizeBytes && this.#byKernel) {
        const copied = await pair.copy({
          fromBytes: part.fromBytes + done,
          toBytes: part.toBytes + done,
          sizeBytes: part.sizeBytes - done,
        });
        if (copied === 0) throw new SourceGoneError(`${part.fromPath} ends too early`);
        done += copied;
      }
      if (done < part.sizeBytes) await copyThroughMemory(part);
    } catch (error) {
      if (error instanceof SourceGoneError || error instanceof TransferError) throw error;
      const code = systemErrorCode(error);
      if (this.#byKernel && code !== undefined && NOT_BY_KERNEL.has(code)) {
        this.#byKernel = false;
        return await this.#copyPart(part);
      }
      // The target was made just before, so the file that is missing is the source.
      if (code === "ENOENT") throw new SourceGoneError(`${part.fromPath} is gone`);
      throw diskError("write", part.toPath, error);
    }
  }

  #open({ fromPath, toPath }: FileCopy): FilePair {
    if (this.#pair?.fromPath !== fromPath || this.#pair.toPath !== toPath) {
      this.#pair?.[Symbol.dispose]();
      this.#pair = undefined;
      this.#pair = new FilePair(fromPath, toPath);
    }
    return this.#pair;
  }
}

/** The ranges of single files that a step is made of. */
function partsOf(from: StoredContent, to: StoredContent, step: CopyStep): FileCopy[] {
  const parts: FileCopy[] = [];
  for (const target of segmentsOf(to.release, step.toBytes, step.sizeBytes)) {
    const fromStart = step.fromBytes + target.rangeOffsetBytes;
    for (const origin of segmentsOf(from.release, fromStart, target.sizeBytes)) {
      const [fromFile, toFile] = [
        from.release.files[origin.fileIndex]!,
        to.release.files[target.fileIndex]!,
      ];
      parts.push({
        fromPath: `${from.root}/${fromFile.path}`,
        fromSizeBytes: fromFile.sizeBytes,
        toPath: `${to.root}/${toFile.path}`,
        fromBytes: origin.fileOffsetBytes,
        toBytes: target.fileOffsetBytes + origin.rangeOffsetBytes,
        sizeBytes: origin.sizeBytes,
      });
    }
  }
  return parts;
}

async function copyThroughMemory(part: FileCopy): Promise<void> {
  const buffer = new Uint8Array(Math.min(BUFFER_BYTES, part.sizeBytes));
  const from = fs.openSync(part.fromPath, fs.constants.O_RDONLY);
  try {
    const to = fs.openSync(part.toPath, fs.constants.O_WRONLY | fs.constants.O_NOFOLLOW);
    try {
      for (let done = 0; done < part.sizeBytes;) {
        const wanted = Math.min(buffer.length, part.sizeBytes - done);
        const read = fs.readSync(from, buffer, 0, wanted, part.fromBytes + done);
        if (read === 0) throw new SourceGoneError(`${part.fromPath} ends too early`);
        for (let written = 0; written < read;) {
          const at = part.toBytes + done + written;
          written += fs.writeSync(to, buffer, written, read - written, at);
        }
        done += read;
        await yieldToOthers();
      }
    } finally {
      fs.closeSync(to);
    }
  } finally {
    fs.closeSync(from);
  }
}
