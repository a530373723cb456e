/**
 * Copies the data of a coordinator, which may be running: a second connection to the file sees one moment of it, however
 * long the copy takes and whatever is written meanwhile.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { systemClock } from "../../clock.ts";
import { inodeOf, ReadingWish } from "./backup_door.ts";
import { fileName } from "./sqlite_storage.ts";
import { StorageError, storageError } from "./storage_error.ts";

/** Pages that are copied at once: all of them, since a copy in parts begins again whenever something is written. */
const pagesAtOnce = 0x7fff_ffff;

/** How long a running coordinator may take to let a backup in, in ms: several of its ticks, also on a busy machine. */
const admissionTimeoutMs = 20_000;
const admissionPauseMs = 50;

/** What a backup holds. */
export interface Backup {
  /** The zxid of the last change in it. */
  lastZxid: bigint;
  /** Number of nodes. */
  nodes: number;
  /** Size of the file, in bytes. */
  sizeBytes: number;
}

/**
 * Copies the data in `folder` to a new file, which is there as a whole or not at all, and on the disk when this returns.
 * As `coordinator.sqlite` in an empty folder it is where another coordinator goes on. The copying itself holds up the
 * program that calls this, and a coordinator that runs in it.
 *
 * @throws {StorageError} if there are no data or they cannot be read, the file is there already or another backup is
 * writing it, or it cannot be written.
 */
export async function backUp(folder: string, file: string): Promise<Backup> {
  const source = join(folder, fileName);
  if (!exists(source)) {
    throw new StorageError(
      `back up ${source}: expected a coordinator's data, there is no such file; name its folder`,
    );
  }
  const partial = `${file}.partial`;
  using _lock = lockPartial(partial, file);
  try {
    if (exists(file)) {
      throw new StorageError(
        `back up to ${file}: expected a new file, it is there already; choose another name`,
      );
    }
    await copy(folder, partial);
    const content = inspect(partial);
    syncFile(partial);
    Deno.renameSync(partial, file);
    syncFile(dirname(file));
    return content;
  } catch (cause) {
    removeAll([partial, ...logsOf(partial)]);
    // The copy is as damaged as the data, and no backup need be put in its place.
    const isDamaged = cause instanceof Error && /not a database|malformed/.test(cause.message);
    throw isDamaged
      ? storageError("back up", source, cause)
      : storageError("back up to", file, cause);
  }
}

/** Copies what is in the folder at one moment. @throws {StorageError} for the data, if it is they that cannot be read. */
async function copy(folder: string, partial: string): Promise<void> {
  const source = join(folder, fileName);
  let wish: ReadingWish | undefined;
  let database: DatabaseSync | undefined;
  try {
    wish = new ReadingWish(folder);
    database = new DatabaseSync(source, { readOnly: true });
    await admitted(database);
  } catch (cause) {
    database?.close();
    wish?.[Symbol.dispose]();
    throw storageError("back up", source, cause);
  }
  try {
    await backup(database, partial, { rate: pagesAtOnce });
  } finally {
    database.close();
    wish[Symbol.dispose]();
  }
}

/**
 * Opens the file that becomes the copy, empty, and locks it until it is closed: two backups to one name must not write
 * into each other's. What a backup that was killed has left is overwritten.
 *
 * @throws {StorageError} if another backup has it locked, or it cannot be opened.
 */
function lockPartial(partial: string, file: string): Deno.FsFile {
  try {
    for (;;) {
      const opened = Deno.openSync(partial, { create: true, write: true });
      if (!opened.tryLockSync(true)) {
        opened.close();
        throw new StorageError(
          `back up to ${file}: expected to be alone, another backup is writing it; wait for that one, ` +
            "or choose another name",
        );
      }
      // Before it was locked, the backup that had it may have ended: then it is that one's copy by now.
      if (inodeOf(partial) === opened.statSync().ino) {
        removeAll(logsOf(partial));
        opened.truncateSync();
        return opened;
      }
      opened.close();
    }
  } catch (cause) {
    throw storageError("back up to", file, cause);
  }
}

/** Waits until the file can be read. The coordinator may be this program's own, and must not be held up. */
async function admitted(database: DatabaseSync): Promise<void> {
  const deadlineMs = systemClock.nowMs() + admissionTimeoutMs;
  for (;;) {
    try {
      database.prepare("SELECT last_zxid FROM meta").get();
      return;
    } catch (error) {
      const isLocked = error instanceof Error && /locked/.test(error.message);
      if (!isLocked || systemClock.nowMs() > deadlineMs) throw error;
    }
    await new Promise<void>((resolve) => systemClock.after(admissionPauseMs, resolve));
  }
}

/** Reads the copy once, since a backup that nobody can read is none, and sees to it that it is one file. */
function inspect(file: string): Backup {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA journal_mode = DELETE");
    const [check] = database.prepare("PRAGMA quick_check").all();
    if (check?.quick_check !== "ok") throw new Error(`malformed copy: ${check?.quick_check}`);
    const statement = database.prepare(
      "SELECT last_zxid, (SELECT count(*) FROM nodes) AS nodes FROM meta",
    );
    statement.setReadBigInts(true);
    const row = statement.get();
    return {
      lastZxid: row?.last_zxid as bigint,
      nodes: Number(row?.nodes),
      sizeBytes: Deno.statSync(file).size,
    };
  } finally {
    database.close();
  }
}

function syncFile(path: string): void {
  using file = Deno.openSync(path);
  file.syncSync();
}

function exists(path: string): boolean {
  return inodeOf(path) !== null;
}

/** The logs that SQLite keeps beside a file while it has it open. */
function logsOf(path: string): string[] {
  return [`${path}-wal`, `${path}-shm`, `${path}-journal`];
}

function removeAll(paths: readonly string[]): void {
  for (const path of paths) {
    if (exists(path)) Deno.removeSync(path);
  }
}
