/**
 * What `rollcall fetch` keeps beside the content, in `.NAME.rollcall`: the lock, the resume journal, the .torrent of what
 * lies there, and, when a folder goes from one release to the next, the next one until all of it is verified.
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

/** Where a fetch puts the content, and its journal. */
export interface FetchPlace {
  readonly root: string;
  readonly journalPath: string;
  /** The release that `folder` holds and goes on holding until the new one is verified; undefined: none. */
  readonly former: Release | undefined;
}

/** See the file's head. Disposing of it gives the lock back. */
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
   * Makes the state of a folder, and finishes what a crash has interrupted.
   *
   * @throws {CommandError} where nothing can be written, or another fetch is at work.
   */
  static async open(folder: string): Promise<StateDir> {
    const path = statePath(folder);
    try {
      await Deno.mkdir(path, { recursive: true });
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
    const lock = FileLock.tryAcquire(join(path, "lock"));
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
   * Where the release is to be put together: in the folder itself, or beside it while the folder holds another one.
   *
   * @throws {CommandError} if the folder holds files besides that other one, which would go with it.
   */
  async place(release: Release): Promise<FetchPlace> {
    const former = await readKeptRelease(this.#folder);
    const isOther = former !== undefined && former.infoHash !== release.infoHash;
    if (!isOther || !await hasFiles(this.#folder)) {
      return { root: this.#folder, journalPath: join(this.path, "resume"), former: undefined };
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
    return { root, journalPath, former };
  }

  /** The release is verified: it takes the folder's place, and its .torrent is kept for the next one. */
  async settle(release: Release, { former }: FetchPlace): Promise<void> {
    if (former === undefined) {
      await removeAll(presentBlocksPath(join(this.path, "resume")));
      return await writeWhole(join(this.path, "release.torrent"), release.metainfo);
    }
    await Deno.rename(this.#folder, join(this.path, "former"));
    await this.#finishSwap();
  }

  /** From `former` being there on, each step may have been done before a crash. */
  async #finishSwap(): Promise<void> {
    const next = join(this.path, "next");
    if (!await exists(this.#folder)) {
      // Without it somebody else has been at work here: back to what there was.
      if (!await exists(next)) return await Deno.rename(join(this.path, "former"), this.#folder);
      await Deno.rename(next, this.#folder);
    }
    for (const [from, to] of [["next.torrent", "release.torrent"], ["next.resume", "resume"]]) {
      const path = join(this.path, from ?? "");
      if (await exists(path)) await Deno.rename(path, join(this.path, to ?? ""));
    }
    await removeAll(
      join(this.path, "former"),
      presentBlocksPath(join(this.path, "resume")),
      presentBlocksPath(join(this.path, "next.resume")),
    );
  }
}

/** The release that an earlier fetch has verified in that folder; undefined if none has. */
export async function readKeptRelease(folder: string): Promise<Release | undefined> {
  return await readTorrent(join(statePath(folder), "release.torrent"));
}

/** A .torrent of a release; undefined if there is none that can be read. */
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

/** Where the state of a folder lies. */
function statePath(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.rollcall`);
}

async function expectOnly(former: Release, folder: string): Promise<void> {
  const name = `${former.service} ${former.version}`;
  // A link's content would stay where it is while the link goes.
  if ((await Deno.lstat(folder)).isSymlink) {
    throw new CommandError(
      `fetch into ${folder}: it holds ${name} and is a link; give the folder itself with --to`,
    );
  }
  const known = new Set(former.files.map(({ path }) => path));
  for await (const path of filesBelow(folder)) {
    if (known.has(path)) continue;
    throw new CommandError(
      `fetch into ${folder}: expected nothing there but the files of ${name}, which the new release replaces, there ` +
        `is ${path}; move it away or choose another --to`,
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

/** There as a whole or not at all, also after a crash of this process. */
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
