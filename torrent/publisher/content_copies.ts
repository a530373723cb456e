/**
 * Copies of published content that the feed's folder keeps, so that nobody changes under the publisher what it seeds. Where
 * the file system can, a copy shares its blocks with the original and takes no room (XFS, Btrfs).
 *
 *     <feed>/content/<infoHash>/   the files of a release; gone once it is taken out of the feed
 *     <feed>/content/.new-<id>/    a copy that is being made; at the next one it is a leftover
 *
 * Whoever makes one holds `contentLockPath`, so that what else is begun there is left over from a crash.
 *
 * @module
 */

import { join } from "node:path";
import { expectRoom, readSpace, ResidentPages } from "../content/mod.ts";
import { isDiskFull, ReleaseError, TransferError } from "../errors.ts";
import type { FoundFile } from "./content_walk.ts";
import {
  type CreatedRelease,
  createRelease,
  type CreateReleaseOptions,
  findContent,
} from "./create_release.ts";
import { hasChanged, readPublishedFiles } from "./published_files.ts";

/** What the name of a copy begins with while it is being made. */
const UNFINISHED = ".new-";

/** What {@link createCopiedRelease} needs besides. */
export interface CopyOptions extends CreateReleaseOptions {
  /** The file or folder that is copied. */
  readonly path: string;
  readonly feedDir: string;
  /** Whether a release was handed over, so that its copy is not left over from a crash. */
  readonly isKnown: (infoHash: string) => Promise<boolean>;
  /** Whether the copies share their blocks, given a file to be copied and the folder of the copies. */
  readonly isSharing: (fromPath: string, folder: string) => boolean;
}

/** The file that is locked while a copy is made and handed over. */
export function contentLockPath(feedDir: string): string {
  return join(feedDir, "content", ".lock");
}

/** Makes the folder of the copies, if it is missing. */
export async function openContentFolder(feedDir: string): Promise<void> {
  await Deno.mkdir(join(feedDir, "content"), { recursive: true });
}

/**
 * As `createRelease`, of a copy that it makes: the root is the copy's. To be called with the lock of {@link contentLockPath},
 * which is kept until the release is handed over.
 *
 * @throws {TransferError} "disk_full" when there is no room for the copy, of which nothing is left then; {ReleaseError}.
 */
export async function createCopiedRelease(options: CopyOptions): Promise<CreatedRelease> {
  const { path, feedDir, signal } = options;
  const folder = join(feedDir, "content");
  await removeLeftovers(folder, options.isKnown);
  const content = await findContent(path);
  const isSharing = options.isSharing(`${content.root}/${content.files[0]!.path}`, folder);
  await expectRoomFor(content.files, { folder, isSharing });
  const made = join(folder, `${UNFINISHED}${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(made);
    for (const name of foldersOf(content.files)) await Deno.mkdir(join(made, name));
    const pages = new ResidentPages();
    for (const file of content.files) {
      await copyFile(file, { from: content.root, to: made, pages, signal });
    }
    const release = await createRelease({
      ...options,
      path: content.layout === "file" ? join(made, content.files[0]!.path) : made,
    });
    const { infoHash } = release;
    const root = await copyRoot(feedDir, infoHash);
    if (await isAsPublished(feedDir, infoHash)) await remove(made);
    else {
      await remove(root);
      await Deno.rename(made, root);
    }
    return { ...release, root, notKept: content.notKept };
  } catch (error) {
    await remove(made).catch(() => {});
    if (!isDiskFull(error) || error instanceof TransferError) throw error;
    throw new TransferError("disk_full", `copy content: no room for ${folder}; make room there`, {
      cause: error,
    });
  }
}

/**
 * Removes the copy of a release, if there is one. One that another user has made may have to stay: who makes the next copy
 * as that user removes it.
 */
export async function removeCopy(feedDir: string, infoHash: string): Promise<void> {
  await removeIfAllowed(join(feedDir, "content", infoHash));
}

/** Copies that were begun and not finished, or finished and not handed over. */
async function removeLeftovers(
  folder: string,
  isKnown: (infoHash: string) => Promise<boolean>,
): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    const isLeft = name.startsWith(UNFINISHED) ||
      /^[0-9a-f]{40}$/.test(name) && !await isKnown(name);
    if (isLeft) await removeIfAllowed(join(folder, name));
  }
}

async function expectRoomFor(
  found: readonly FoundFile[],
  { folder, isSharing }: { readonly folder: string; readonly isSharing: boolean },
): Promise<void> {
  const space = await readSpace(folder);
  const { blockBytes } = space;
  const bytes = isSharing ? 0 : found.reduce(
    (sum, { sizeBytes }) => sum + Math.ceil(sizeBytes / blockBytes) * blockBytes,
    0,
  );
  const files = found.length + foldersOf(found).size + 1;
  expectRoom(folder, { bytes, files }, space);
}

/** The folders below the root, each after the one that holds it. */
function foldersOf(files: readonly FoundFile[]): Set<string> {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      folders.add(path.slice(0, at));
    }
  }
  return folders;
}

/** The kernel copies, and shares blocks where it can (copy_file_range(2)). */
async function copyFile(
  { path, executable }: FoundFile,
  { from, to, pages, signal }: {
    readonly from: string;
    readonly to: string;
    readonly pages: ResidentPages;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const source = `${from}/${path}`;
  const before = await Deno.lstat(source);
  if (signal?.aborted) throw new ReleaseError("aborted", "copy content: stopped by the caller");
  const stopped = Promise.withResolvers<never>();
  const stop = () =>
    stopped.reject(new ReleaseError("aborted", "copy content: stopped by the caller"));
  signal?.addEventListener("abort", stop);
  pages.note(source, before.size);
  try {
    // A copy that is under way cannot be ended; whoever waits for it can.
    await Promise.race([Deno.copyFile(source, join(to, path)), stopped.promise]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  await pages.drop(source, { fromBytes: 0, sizeBytes: before.size });
  await pages.dropWritten(join(to, path), before.size);
  await Deno.chmod(join(to, path), executable ? 0o755 : 0o644);
  const after = await Deno.lstat(source);
  if (
    after.isFile && after.size === before.size && after.mtime?.getTime() === before.mtime?.getTime()
  ) return;
  throw new ReleaseError(
    "changed_while_reading",
    `copy content: ${path} changed while it was copied; publish from a folder at rest`,
    { path },
  );
}

/** Whether the copy of a release is there, and as it was when it was handed over. */
async function isAsPublished(feedDir: string, infoHash: string): Promise<boolean> {
  const published = await readPublishedFiles(feedDir, infoHash);
  if (published === null || published.root !== await copyRoot(feedDir, infoHash)) return false;
  for (const file of published.files) {
    if (await hasChanged(published.root, file)) return false;
  }
  return true;
}

async function copyRoot(feedDir: string, infoHash: string): Promise<string> {
  return join(await Deno.realPath(join(feedDir, "content")), infoHash);
}

async function removeIfAllowed(path: string): Promise<void> {
  try {
    await remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
