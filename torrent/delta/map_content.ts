/**
 * Makes the chunk map of content that is on disk, for a release that was published without a map or with chunks of another
 * size. It reads everything once, as fast as the disk and SHA-1 are.
 */

import * as fs from "node:fs";
import { yieldToOthers } from "../../base/clock.ts";
import { ResidentPages, stoppedError } from "../content/mod.ts";
import { systemErrorCode } from "../errors.ts";
import type { Log } from "../../base/log.ts";
import {
  type ChunkMap,
  ChunkMapMaker,
  isChunked,
  type Release,
  type ReleaseFile,
} from "../release/mod.ts";

/** What is read between two turns of the event loop. */
const READ_BYTES = 1024 * 1024;

/** What to make a map of. */
export interface MapContentOptions {
  readonly release: Release;
  readonly root: string;
  readonly averageBytes: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** The map; undefined, with a warning in the log, if a file cannot be read. @throws {TransferError} "stopped". */
export async function mapContent(options: MapContentOptions): Promise<ChunkMap | undefined> {
  const { release, averageBytes, log } = options;
  const maker = new ChunkMapMaker(averageBytes);
  for (const file of release.files) {
    if (!isChunked(file, averageBytes)) continue;
    if (await cutFile(file, maker, options)) continue;
    log.warn("no chunks of {root}/{path}: expected {sizeBytes} bytes that can be read", {
      root: options.root,
      path: file.path,
      sizeBytes: file.sizeBytes,
    });
    return undefined;
  }
  return maker.finish();
}

async function cutFile(
  file: ReleaseFile,
  maker: ChunkMapMaker,
  { root, signal }: MapContentOptions,
): Promise<boolean> {
  const path = `${root}/${file.path}`;
  const buffer = new Uint8Array(READ_BYTES);
  const pages = new ResidentPages();
  pages.note(path, file.sizeBytes);
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
  try {
    const trail = pages.trail(path);
    for (let at = 0; at < file.sizeBytes;) {
      if (signal.aborted) throw stoppedError(signal.reason);
      const read = fs.readSync(descriptor, buffer, 0, READ_BYTES, at);
      if (read === 0) return false;
      maker.update(buffer.subarray(0, Math.min(read, file.sizeBytes - at)));
      at += read;
      await trail.advance(read);
      await yieldToOthers();
    }
    await trail.end();
  } finally {
    fs.closeSync(descriptor);
  }
  maker.endFile();
  return true;
}
