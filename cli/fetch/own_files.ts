/**
 * Keeps `rollcall fetch` from writing to files that are not its own: in the folder it may find files of the user's under the
 * names of the release, and links, by which it would write to files elsewhere.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Release, ReleaseFile } from "../../torrent/mod.ts";
import { CommandError } from "../shared/errors.ts";

/** How much of a file is read at a time. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Checks that a release may be written into a folder.
 *
 * @param options.isOwn Whether a fetch of this release has made the files in the folder. Without it, a file under a name of
 *   the release must have the release's content already, so that nothing is written to it.
 * @throws {CommandError} that names the first file that is in the way.
 */
export async function expectOwnFiles(
  release: Release,
  folder: string,
  { isOwn }: { readonly isOwn: boolean },
): Promise<void> {
  const checked = new Set<string>();
  for (const file of release.files) {
    await expectFolders(dirname(file.path), { folder, checked });
    const info = await lookAt(join(folder, file.path));
    if (info === undefined) continue;
    if (!info.isFile) throw inTheWay(folder, file.path, info.isSymlink ? "a link" : "no file");
    // Writing to it would change the file under its other names as well.
    if ((info.nlink ?? 1) > 1) throw inTheWay(folder, file.path, "a hard link to another file");
    if (!isOwn && !await hasContent(join(folder, file.path), { file, info })) {
      throw inTheWay(folder, file.path, "another file of that name, which no fetch has put there");
    }
  }
}

/** Of folders on the way a link would lead elsewhere just as well. */
async function expectFolders(
  path: string,
  { folder, checked }: { readonly folder: string; readonly checked: Set<string> },
): Promise<void> {
  if (path === "." || checked.has(path)) return;
  await expectFolders(dirname(path), { folder, checked });
  const info = await lookAt(join(folder, path));
  if (info !== undefined && !info.isDirectory) {
    throw inTheWay(folder, path, info.isSymlink ? "a link" : "a file in the place of a folder");
  }
  checked.add(path);
}

async function hasContent(
  path: string,
  { file, info }: { readonly file: ReleaseFile; readonly info: Deno.FileInfo },
): Promise<boolean> {
  if (info.size !== file.sizeBytes) return false;
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  using opened = await Deno.open(path);
  for (let size = await opened.read(buffer); size !== null; size = await opened.read(buffer)) {
    hash.update(buffer.subarray(0, size));
  }
  return hash.digest("hex") === file.sha256;
}

async function lookAt(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

function inTheWay(folder: string, path: string, what: string): CommandError {
  return new CommandError(
    `fetch into ${folder}: expected nothing at ${path}, or what an earlier fetch of this release has put there, found ` +
      `${what}; nothing was written: move it away or choose another --to`,
  );
}
