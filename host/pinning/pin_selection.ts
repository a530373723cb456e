/**
 * Which files are meant by paths, a range and patterns: those of a release, or those that somebody names on a command line.
 * It opens none of them.
 *
 * @module
 */

import { basename, join } from "node:path";
import { matchesPattern, pageSizeBytes } from "../../ffi/mod.ts";
import { isMissing } from "../atomic_file.ts";
import { HostError } from "../errors.ts";

/** One file to lock, or the range of it that is. */
export interface PinFile {
  readonly path: string;
  /** Where the range begins, a multiple of the page size. Default 0. */
  readonly offsetBytes?: number;
  /** How long it is; without a range, the file's size. */
  readonly sizeBytes: number;
}

/** What is meant. */
export interface PinSelection {
  /** Files, and folders with all that is below them. */
  readonly paths: readonly string[];
  /** Larger files are left out. Default: none is. */
  readonly maxFileBytes?: number | undefined;
  /** The range of each file; default all of it. It begins at a page's start, the last one at or before `fromBytes`. */
  readonly range?:
    | { readonly fromBytes: number; readonly toBytes?: number | undefined }
    | undefined;
  /** Files and folders whose names match one of these patterns are left out, with all that is below them. */
  readonly ignore?: readonly string[] | undefined;
  /** If there are any, only files whose names match one of them are meant. */
  readonly only?: readonly string[] | undefined;
  /** Whether symbolic links are followed. Default: only those that `paths` names itself. */
  readonly followLinks?: boolean | undefined;
  /** Whether folders on which another file system is mounted are left out. Default no. */
  readonly oneFileSystem?: boolean | undefined;
}

/** What was found. */
export interface SelectedFiles {
  readonly files: readonly PinFile[];
  readonly foldersCount: number;
  /** What was left out although it was meant, and why; patterns leave out what is not meant. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Finds the files. One that is reached in several ways, by hard links, symbolic links or paths that overlap, is found once.
 *
 * @throws {HostError} `PIN_ROOT_MISSING` when nothing bears one of the paths' names.
 * @throws the system's error when a folder cannot be read.
 */
export function selectFiles(selection: PinSelection): SelectedFiles {
  return new Walk(selection).run();
}

class Walk {
  readonly #selection: PinSelection;
  readonly #files: PinFile[] = [];
  readonly #skipped: { path: string; reason: string }[] = [];
  readonly #foldersToDo: { readonly path: string; readonly device: number }[] = [];
  readonly #filters: boolean;
  #foldersCount = 0;
  /** Device and inode of what was found and could be found again. */
  readonly #seen = new Set<string>();
  /** Whether everything could be found again, and not only what has several names. */
  readonly #overlaps: boolean;

  constructor(selection: PinSelection) {
    const { ignore = [], only = [], paths, followLinks = false } = selection;
    this.#selection = selection;
    this.#filters = ignore.length + only.length > 0;
    this.#overlaps = followLinks || paths.length > 1;
  }

  run(): SelectedFiles {
    for (const path of this.#selection.paths) {
      try {
        // Who names a link means what it leads to.
        this.#visit(path, Deno.statSync(path), null);
      } catch (cause) {
        if (!isMissing(cause)) throw cause;
        throw new HostError("PIN_ROOT_MISSING", {
          message: `pin ${path}: expected a file or folder, found nothing`,
          cause,
        });
      }
      for (let folder = this.#foldersToDo.pop(); folder; folder = this.#foldersToDo.pop()) {
        this.#visitFolder(folder.path, folder.device);
      }
    }
    return { files: this.#files, foldersCount: this.#foldersCount, skipped: this.#skipped };
  }

  #visitFolder(folder: string, device: number): void {
    for (const { name, isSymlink, isFile, isDirectory } of Deno.readDirSync(folder)) {
      // Sockets, pipes and devices have no pages.
      if (!isFile && !isDirectory && !isSymlink) continue;
      if (isSymlink && this.#selection.followLinks !== true) continue;
      const path = join(folder, name);
      try {
        this.#visit(path, isSymlink ? Deno.statSync(path) : Deno.lstatSync(path), device);
      } catch (error) {
        // It has been removed meanwhile, or it is a link that leads nowhere.
        if (!isMissing(error)) throw error;
        this.#skipped.push({ path, reason: "it is gone, or leads nowhere" });
      }
    }
  }

  /** `device`: that of the folder that it is in; `null`: it was named itself. */
  #visit(path: string, info: Deno.FileInfo, device: number | null): void {
    if (!this.#isMeant(path, info.isFile)) return;
    const isKnown = this.#overlaps || (info.isFile && (info.nlink ?? 1) > 1);
    if (isKnown && !this.#isNew(info)) return;
    if (info.isDirectory) {
      const isElsewhere = device !== null && info.dev !== device;
      if (isElsewhere && this.#selection.oneFileSystem === true) return;
      this.#foldersCount++;
      this.#foldersToDo.push({ path, device: info.dev });
    } else if (info.isFile) this.#add(path, info.size);
  }

  #isMeant(path: string, isFile: boolean): boolean {
    if (!this.#filters) return true;
    const { ignore = [], only = [] } = this.#selection;
    const name = basename(path);
    if (ignore.some((pattern) => matchesPattern(name, pattern))) return false;
    return !isFile || only.length === 0 || only.some((pattern) => matchesPattern(name, pattern));
  }

  #isNew({ dev, ino }: Deno.FileInfo): boolean {
    const before = this.#seen.size;
    return this.#seen.add(`${dev}:${ino}`).size > before;
  }

  #add(path: string, sizeBytes: number): void {
    const { maxFileBytes = Infinity, range } = this.#selection;
    if (sizeBytes > maxFileBytes) {
      this.#skipped.push({ path, reason: `it has ${sizeBytes} bytes` });
      return;
    }
    if (range === undefined) {
      this.#files.push({ path, sizeBytes });
      return;
    }
    const page = pageSizeBytes();
    const offsetBytes = Math.floor(range.fromBytes / page) * page;
    const endBytes = Math.min(range.toBytes ?? Infinity, sizeBytes);
    if (endBytes <= offsetBytes) this.#skipped.push({ path, reason: "it ends before the range" });
    else this.#files.push({ path, offsetBytes, sizeBytes: endBytes - offsetBytes });
  }
}
