/**
 * Copies the data of a coordinator, which may be running: a second connection to the file sees one moment of it, however
 * long the copy takes and whatever is written meanwhile.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { systemClock } from "../../clock.ts";
import { ReadingWish } from "./backup_door.ts";
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
 * As `coordinator.sqlite` in an empty folder it is where another coordinator goes on.
 *
 * @throws {StorageError} if there are no data, the file is there already, or it cannot be written.
 */
export async function backUp(folder: string, file: string): Promise<Backup> {
  const source = join(folder, fileName);
  if (!exists(source)) {
    throw new StorageError(
      `back up ${source}: expected a coordinator's data, there is no such file; name its folder`,
    );
  }
  if (exists(file)) {
    throw new StorageError(
      `back up to ${file}: expected a new file, it is there already; choose another name`,
    );
  }
  const partial = `${file}.partial`;
  try {
    // What a backup that was killed has left.
    removePartial(partial);
    using _wish = new ReadingWish(folder);
    const database = new DatabaseSync(source, { readOnly: true });
    try {
      await admitted(database);
      await backup(database, partial, { rate: pagesAtOnce });
    } finally {
      database.close();
    }
    const content = inspect(partial);
    syncFile(partial);
    Deno.renameSync(partial, file);
    syncFile(dirname(file));
    return content;
  } catch (cause) {
    removePartial(partial);
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
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Removes a copy, and the logs that SQLite keeps beside it while it has it open. */
function removePartial(path: string): void {
  for (const each of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) {
    if (exists(each)) Deno.removeSync(each);
  }
}
