/**
 * Makes the files and folders of a release, every file at its full size, or none of them: a fetch that cannot begin must not
 * fill the disk.
 */

import * as fs from "node:fs";
import { yieldToOthers } from "../../base/clock.ts";
import {
  expectRoom,
  type FormerFile,
  type ReadSpace,
  readSpace,
  roomNeeded,
} from "./content_room.ts";
import { diskError, stoppedError } from "./disk_error.ts";
import type { Release, ReleaseFile } from "../release/mod.ts";

/** Files that are made between two turns of the event loop. */
const FILES_PER_TURN = 128;
/** The unit of a file's blocks in stat(2). */
const STAT_BLOCK_BYTES = 512;

/**
 * Allocates a file's full size on disk, so that a full disk is noticed before the download begins. If it fails, the file
 * must have its former size again.
 */
export type Preallocate = (path: string, sizeBytes: number) => void | Promise<void>;

/** How files are prepared. */
export interface PrepareOptions {
  /** Whether the content that is there is thrown away. */
  readonly discard: boolean;
  readonly signal: AbortSignal;
  /** Whether it is looked beforehand if there is room for all. */
  readonly expectRoom: boolean;
  /** Default: a file is extended without allocating room (ftruncate(2)). */
  readonly preallocate?: Preallocate | undefined;
  /** Default: statfs(2). */
  readonly space?: ReadSpace | undefined;
}

/**
 * Makes every folder, and every file at its full size. Without room for all of it nothing is made; if something fails all
 * the same, what was made is removed, and every file has its former size again.
 *
 * @returns how large each file was before, in the release's order.
 * @throws {TransferError} "disk_full", "disk_failed", "stopped".
 */
export async function prepareFiles(
  release: Release,
  root: string,
  options: PrepareOptions,
): Promise<number[]> {
  const { discard, signal, space: readSpaceOf = readSpace } = options;
  guard(root, () => fs.mkdirSync(root, { recursive: true }));
  const { former, newFolders } = await survey(release, root, signal);
  if (options.expectRoom) {
    const space = await readSpaceOf(root);
    const { blockBytes } = space;
    expectRoom(root, roomNeeded(release, { former, newFolders, discard, blockBytes }), space);
  }
  const formerBytes = former.map((file) => discard ? 0 : file?.sizeBytes ?? 0);
  const made = { folders: [] as string[], files: 0 };
  try {
    const folders = new Set<string>();
    for (const [index, file] of release.files.entries()) {
      if (signal.aborted) throw stoppedError();
      makeFolders(file, { root, folders, made: made.folders });
      made.files = index + 1;
      makeFile(file, { root, former: former[index], discard });
      if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToOthers();
    }
    for (const [index, file] of release.files.entries()) {
      if (formerBytes[index]! >= file.sizeBytes) continue;
      if (signal.aborted) throw stoppedError();
      await extend(`${root}/${file.path}`, file.sizeBytes, options.preallocate);
      if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToOthers();
    }
  } catch (error) {
    // Whatever goes wrong in undoing it is a lesser evil than not to say what went wrong before.
    for (const [index, { path }] of release.files.slice(0, made.files).entries()) {
      if (former[index] === undefined) tryTo(() => fs.unlinkSync(`${root}/${path}`));
      else tryTruncate(`${root}/${path}`, formerBytes[index]!);
    }
    for (const path of made.folders.toReversed()) tryTo(() => fs.rmdirSync(path));
    throw error;
  }
  return formerBytes;
}

/** Cuts a file off, if it is there and longer. */
export function tryTruncate(path: string, sizeBytes: number): void {
  tryTo(() => {
    if (fs.lstatSync(path).size > sizeBytes) setSize(path, { sizeBytes });
  });
}

/** What is there of the content, and how many of its folders are not. */
async function survey(
  release: Release,
  root: string,
  signal: AbortSignal,
): Promise<{ former: (FormerFile | undefined)[]; newFolders: number }> {
  const folders = new Map<string, boolean>();
  const former: (FormerFile | undefined)[] = [];
  for (const [index, { path }] of release.files.entries()) {
    if (signal.aborted) throw stoppedError();
    for (const folder of foldersOf(path)) {
      if (!folders.has(folder)) folders.set(folder, fs.existsSync(`${root}/${folder}`));
    }
    former.push(guard(`${root}/${path}`, () => lookAt(`${root}/${path}`)));
    if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToOthers();
  }
  return { former, newFolders: folders.values().filter((isThere) => !isThere).toArray().length };
}

function lookAt(path: string): FormerFile | undefined {
  const info = fs.lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return undefined;
  if (!info.isFile()) throw new Error("not a file");
  return { sizeBytes: info.size, takenBytes: (info.blocks ?? 0) * STAT_BLOCK_BYTES };
}

/** Each folder must be a real one, since a symbolic link would lead the content elsewhere. */
function makeFolders(
  file: ReleaseFile,
  { root, folders, made }: {
    readonly root: string;
    readonly folders: Set<string>;
    readonly made: string[];
  },
): void {
  for (const folder of foldersOf(file.path)) {
    if (folders.has(folder)) continue;
    const path = `${root}/${folder}`;
    guard(path, () => {
      if (!fs.existsSync(path)) {
        fs.mkdirSync(path);
        made.push(path);
      }
      if (!fs.lstatSync(path).isDirectory()) throw new Error("not a folder");
    });
    folders.add(folder);
  }
}

/** Makes a file, no larger than it is to be. */
function makeFile(
  file: ReleaseFile,
  { root, former, discard }: {
    readonly root: string;
    readonly former: FormerFile | undefined;
    readonly discard: boolean;
  },
): void {
  const formerBytes = discard ? 0 : former?.sizeBytes ?? 0;
  if (former !== undefined && !discard && formerBytes <= file.sizeBytes) return;
  const sizeBytes = Math.min(formerBytes, file.sizeBytes);
  const path = `${root}/${file.path}`;
  guard(path, () => setSize(path, { sizeBytes, mode: file.executable ? 0o755 : 0o644 }));
}

async function extend(
  path: string,
  sizeBytes: number,
  preallocate: Preallocate | undefined,
): Promise<void> {
  try {
    if (preallocate === undefined) setSize(path, { sizeBytes });
    else await preallocate(path, sizeBytes);
  } catch (cause) {
    throw diskError("make", path, cause);
  }
}

function guard<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw diskError("make", path, cause);
  }
}

/** The folders on the way to a file of the release, the outermost first. */
function* foldersOf(path: string): Generator<string> {
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
    yield path.slice(0, at);
  }
}

function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // It is gone, or the disk is broken.
  }
}

/** Cuts a file off or extends it; makes it if it is missing and there is a mode for it. It follows no symbolic link. */
function setSize(
  path: string,
  { sizeBytes, mode }: { readonly sizeBytes: number; readonly mode?: number },
): void {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
  const flags = O_RDWR | O_NOFOLLOW | (mode === undefined ? 0 : O_CREAT);
  const descriptor = fs.openSync(path, flags, mode);
  try {
    fs.ftruncateSync(descriptor, sizeBytes);
  } finally {
    fs.closeSync(descriptor);
  }
}
