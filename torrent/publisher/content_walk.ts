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

/** What was found below a folder. */
export interface FoundContent {
  /**
   * In ascending order of their paths' bytes, which is the order of the release and does not depend on the file system.
   */
  readonly files: readonly FoundFile[];
  /** What a release cannot have and is left out, in words for people: empty folders, modes. */
  readonly notKept: readonly string[];
}

/** The owner's execute bit (chmod(2)). */
const OWNER_EXECUTES = 0o100;
/** The mode without the kind of file (chmod(2)). */
const MODE_BITS = 0o7777;
const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;
/** Set-user-id, set-group-id, sticky. */
const SPECIAL_BITS = 0o7000;

/**
 * All files below `root`. Empty folders are not part of a release, nor are modes, but for whether a file can be executed.
 * Symbolic links, sockets, devices and names that not every host can have are refused with a {@link ReleaseError}.
 */
export async function walkContent(root: string): Promise<FoundContent> {
  const found: FoundFile[] = [];
  const emptyFolders: string[] = [];
  const modes: string[] = [];
  const pending: string[][] = [[]];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const inFolder = await listNames(root, folder);
    if (inFolder.length === 0 && folder.length > 0) emptyFolders.push(folder.join("/"));
    for (const name of inFolder) {
      const names = [...folder, name];
      const path = names.join("/");
      const problem = describePathProblem(names);
      if (problem !== undefined) throw unpublishable(path, `its path has ${problem}`);
      const info = await describeFile(root, path);
      modes.push(...ownMode(path, info));
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
  const files = found
    .map((file) => ({ file, key: encoder.encode(file.path) }))
    .sort((left, right) => compareBytes(left.key, right.key))
    .map(({ file }) => file);
  const left = emptyFolders.length === 0
    ? []
    : [`empty folders are left out: ${listSome(emptyFolders.toSorted())}`];
  return { files, notKept: [...left, ...describeModes(modes)] };
}

/** What gets lost of modes, in words for people. */
export function describeModes(modes: readonly string[]): string[] {
  return modes.length === 0 ? [] : [
    "modes are not kept, everybody can read what arrives (644, or 755 for programs and folders): " +
    listSome(modes.toSorted()),
  ];
}

/** So many names are told, then how many there are besides. */
const TOLD_MAX = 5;

function listSome(names: readonly string[]): string {
  const more = names.length - TOLD_MAX;
  return names.slice(0, TOLD_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A mode that says something that gets lost: who may not read it, that all may write it, or a special bit; else nothing. */
export function ownMode(path: string, info: Deno.FileInfo): string[] {
  const mode = (info.mode ?? 0) & MODE_BITS;
  const isUsual = (mode & OTHERS_READ) !== 0 && (mode & (OTHERS_WRITE | SPECIAL_BITS)) === 0;
  return isUsual ? [] : [`${path} (${mode.toString(8)})`];
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
