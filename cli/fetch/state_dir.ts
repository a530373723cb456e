/**
 * The folder `.NAME.rollcall` that `rollcall fetch` keeps beside the content's folder NAME: a lock, the resume journal, the
 * .torrent of the release in NAME, and, while one release replaces another, the next one until all of it is verified.
 *
 * @module
 */

import { readFile } from "../../base/bounded_read.ts";
import { basename, dirname, join } from "node:path";
import { FileLock } from "../../ffi/mod.ts";
import {
  MAX_METAINFO_BYTES,
  presentBlocksPath,
  readRelease,
  type Release,
} from "../../torrent/mod.ts";
import { CommandError } from "../shared/errors.ts";

/** Where a fetch puts the content and its journal. */
export interface FetchTarget {
  /** The folder of the content. */
  readonly root: string;
  /** The resume journal. */
  readonly journalPath: string;
  /** The release that the folder holds until the new one is verified; undefined: none. */
  readonly previous: Release | undefined;
}

/** The state folder of one content folder, locked for this process. Disposing of it releases the lock. */
export class StateDir implements Disposable {
  /** `.NAME.rollcall`. */
  readonly path: string;
  readonly #folder: string;
  readonly #lock: FileLock;

  private constructor(folder: string, { path, lock }: { path: string; lock: FileLock }) {
    this.#folder = folder;
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes and locks the state folder of a content folder, and finishes a replacement that a crash has interrupted.
   *
   * @throws {CommandError} when the folder cannot be written to, or another fetch uses it.
   */
  static async open(folder: string): Promise<StateDir> {
    const path = statePath(folder);
    try {
      await Deno.mkdir(path, { recursive: true });
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
    let lock: FileLock | null;
    try {
      lock = FileLock.tryAcquire(join(path, "lock"));
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
    if (lock === null) {
      throw new CommandError(
        `fetch into ${folder}: another fetch is at work there; wait for it or choose another --to`,
      );
    }
    const state = new StateDir(folder, { path, lock });
    try {
      if (await exists(join(path, "former"))) await state.#finishSwap();
      await Deno.mkdir(folder, { recursive: true });
    } catch (cause) {
      lock.release();
      throw cannotWrite(folder, cause);
    }
    return state;
  }

  [Symbol.dispose](): void {
    this.#lock.release();
  }

  /**
   * Decides where the release is put together: in the folder itself, or beside it while the folder holds another release.
   *
   * @throws {CommandError} if the folder holds files that are not of that other release, since they would be lost with it.
   */
  async targetFor(release: Release): Promise<FetchTarget> {
    const former = await readKeptRelease(this.#folder);
    const isOther = former !== undefined && former.infoHash !== release.infoHash;
    if (!isOther || !await hasFiles(this.#folder)) {
      return { root: this.#folder, journalPath: join(this.path, "resume"), previous: undefined };
    }
    await expectOnly(former, this.#folder);
    const root = join(this.path, "next");
    const journalPath = join(this.path, "next.resume");
    const begun = await readTorrent(join(this.path, "next.torrent"));
    if (begun?.infoHash !== release.infoHash) {
      await removeAll(root, journalPath, presentBlocksPath(journalPath));
      await writeWhole(join(this.path, "next.torrent"), release.metainfo);
    }
    await Deno.mkdir(root, { recursive: true });
    return { root, journalPath, previous: former };
  }

  /** Whether what is at the target was put there by a fetch of this release, in this state folder or as one that is kept. */
  async owns(release: Release, target: FetchTarget): Promise<boolean> {
    if (target.root !== this.#folder) return true;
    if ((await readKeptRelease(this.#folder))?.infoHash === release.infoHash) return true;
    // While earlier releases are reused, another file names the release; see reuse.ts.
    const claims = [this.#claim, join(this.path, "reuse")].map(readText);
    return (await Promise.all(claims)).includes(release.infoHash);
  }

  /** Notes that from now on files at the target are of this release, also after a crash. */
  async claim(release: Release): Promise<void> {
    await writeWhole(this.#claim, new TextEncoder().encode(release.infoHash));
  }

  get #claim(): string {
    return join(this.path, "fetching");
  }

  /** Puts the verified release in its final place, and keeps its .torrent for the next fetch. */
  async settle(release: Release, { previous: former }: FetchTarget): Promise<void> {
    if (former === undefined) {
      await writeWhole(join(this.path, "release.torrent"), release.metainfo);
      return await removeAll(presentBlocksPath(join(this.path, "resume")), this.#claim);
    }
    // On a full disk this is tried again, and some of it may have been done.
    const formerPath = join(this.path, "former");
    if (!await exists(formerPath)) await Deno.rename(this.#folder, formerPath);
    await this.#finishSwap();
  }

  /** Finishes a replacement. Once `former` exists, each step may or may not have been done before a crash. */
  async #finishSwap(): Promise<void> {
    const next = join(this.path, "next");
    if (!await exists(this.#folder)) {
      // Something else has removed it: the previous release comes back.
      if (!await exists(next)) return await Deno.rename(join(this.path, "former"), this.#folder);
      await Deno.rename(next, this.#folder);
    }
    for (const [from, to] of [["next.torrent", "release.torrent"], ["next.resume", "resume"]]) {
      const path = join(this.path, from ?? "");
      if (await exists(path)) await Deno.rename(path, join(this.path, to ?? ""));
    }
    await removeAll(
      join(this.path, "former"),
      this.#claim,
      presentBlocksPath(join(this.path, "resume")),
      presentBlocksPath(join(this.path, "next.resume")),
    );
  }
}

/** Reads the release that an earlier fetch has verified in that folder; undefined if there is none. */
export async function readKeptRelease(folder: string): Promise<Release | undefined> {
  return await readTorrent(join(statePath(folder), "release.torrent"));
}

/** Reads the .torrent of a release; undefined if there is none that can be read. */
export async function readTorrent(path: string): Promise<Release | undefined> {
  try {
    return readRelease(await readFile(path, MAX_METAINFO_BYTES));
  } catch {
    return undefined;
  }
}

/** Whether there is any file below a folder. */
export async function hasFiles(folder: string): Promise<boolean> {
  for await (const _path of filesBelow(folder)) return true;
  return false;
}

/** The state folder of a content folder. */
function statePath(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.rollcall`);
}

async function expectOnly(former: Release, folder: string): Promise<void> {
  const name = `${former.service} ${former.version}`;
  // Only the link would be replaced, and the content would stay where it is.
  if ((await Deno.lstat(folder)).isSymlink) {
    throw new CommandError(
      `fetch into ${folder}: it holds ${name} and is a link; give the folder itself with --to`,
    );
  }
  const known = new Map(former.files.map(({ path, sizeBytes }) => [path, sizeBytes]));
  for await (const path of filesBelow(folder)) {
    const { size } = await Deno.lstat(join(folder, path));
    if (known.get(path) === size) continue;
    const what = known.has(path) ? `a changed ${path}` : path;
    throw new CommandError(
      `fetch into ${folder}: expected nothing there but the files of ${name}, which the new release replaces, there ` +
        `is ${what}; move it away or choose another --to`,
    );
  }
}

async function* filesBelow(folder: string, below = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = `${below}${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(folder, `${path}/`);
    else yield path;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes a file so that after a crash of this process it is there as a whole or not at all. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${path}.new`, bytes);
  await Deno.rename(`${path}.new`, path);
}

async function removeAll(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function cannotWrite(folder: string, cause: unknown): CommandError {
  return new CommandError(
    `fetch into ${folder}: cannot write there; choose another folder with --to`,
    { cause },
  );
}
