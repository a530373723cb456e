/**
 * How a backup gets at a file that a running coordinator has for itself. SQLite's exclusive mode saves a commit some ten
 * calls of the system, and keeps every reader away. So whoever wants to read leaves a file beside the data and keeps it
 * locked; the coordinator looks for it at each tick, lets others in while it is there, and shuts the door afterwards.
 *
 * @module
 */

import { join } from "node:path";

/** The file that asks for the door to be opened. */
const wishName = "coordinator.backup";

/** A wish to read the data in a folder, until it is closed. */
export class ReadingWish implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  /** @throws if the folder cannot be written to. */
  constructor(folder: string) {
    this.#path = join(folder, wishName);
    this.#file = openLocked(this.#path);
  }

  [Symbol.dispose](): void {
    this.#file.close();
    removeIfAlone(this.#path);
  }
}

/** Opens the file and locks it, shared: several backups may be made at once. */
function openLocked(path: string): Deno.FsFile {
  for (;;) {
    const file = Deno.openSync(path, { create: true, write: true });
    file.lockSync(false);
    // Before it was locked it may have been taken for one that was left. That can happen again only at the next tick.
    if (inodeOf(path) === file.statSync().ino) return file;
    file.close();
  }
}

/** Returns which file has this path at present; null if there is none. */
export function inodeOf(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return null;
  }
}

/** Returns true if somebody wants to read the data in a folder. What a reader has left that was killed is removed. */
export function isReadingWished(folder: string): boolean {
  return !removeIfAlone(join(folder, wishName));
}

/** Removes a wish that nobody has locked; returns true if there is none then. */
function removeIfAlone(path: string): boolean {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
  try {
    if (!file.tryLockSync(true)) return false;
    Deno.removeSync(path);
    return true;
  } finally {
    file.close();
  }
}
