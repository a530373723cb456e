/** Lists the files of a folder that is to be published. It reads names and kinds of files, never their content. */

import { ReleaseError, systemErrorCode } from "../errors.ts";
import { describePathProblem, MAX_FILES } from "../release/mod.ts";

/** A file that was found. */
export interface FoundFile {
  /** The path relative to the folder, names separated by "/". */
  readonly path: string;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

/** The owner's execute bit (chmod(2)). */
const OWNER_EXECUTES = 0o100;

/**
 * All files below `root`, in ascending order of their paths' bytes, which is the order of the release and does not depend
 * on the file system. Empty folders are not part of a release. Symbolic links, sockets, devices and names that not every
 * host can have are refused with a {@link ReleaseError}.
 */
export async function walkContent(root: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const pending: string[][] = [[]];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const name of await listNames(root, folder)) {
      const names = [...folder, name];
      const path = names.join("/");
      const problem = describePathProblem(names);
      if (problem !== undefined) throw unpublishable(path, `its path has ${problem}`);
      const info = await describeFile(root, path);
      if (info.isDirectory) {
        pending.push(names);
        continue;
      }
      found.push({ path, sizeBytes: info.size, executable: isExecutable(info) });
      if (found.length > MAX_FILES) {
        throw unpublishable(path, `a release has at most ${MAX_FILES} files; pack them`);
      }
    }
  }
  const encoder = new TextEncoder();
  return found
    .map((file) => ({ file, key: encoder.encode(file.path) }))
    .sort((left, right) => compareBytes(left.key, right.key))
    .map(({ file }) => file);
}

/** Whether the file's owner may execute it. */
export function isExecutable(info: Deno.FileInfo): boolean {
  return ((info.mode ?? 0) & OWNER_EXECUTES) !== 0;
}

/** The error for something that cannot become a part of a release. */
export function unpublishable(path: string, detail: string, cause?: unknown): ReleaseError {
  return new ReleaseError("unpublishable", `create release: ${path}: ${detail}`, { path, cause });
}

async function listNames(root: string, folder: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir([root, ...folder].join("/"))) names.push(entry.name);
  } catch (cause) {
    throw unpublishable(
      folder.join("/") || root,
      `cannot list the folder (${systemErrorCode(cause) ?? "unknown"})`,
      cause,
    );
  }
  return names;
}

async function describeFile(root: string, path: string): Promise<Deno.FileInfo> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(`${root}/${path}`);
  } catch (cause) {
    throw unpublishable(path, `cannot look at it (${systemErrorCode(cause) ?? "unknown"})`, cause);
  }
  if (info.isSymlink) {
    throw unpublishable(path, "a symbolic link; put the file itself there, or leave it out");
  }
  if (!info.isFile && !info.isDirectory) {
    throw unpublishable(path, "neither a file nor a folder; leave it out");
  }
  return info;
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
