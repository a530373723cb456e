/**
 * A storage in one SQLite file, by the module that comes with the runtime. A commit is on the disk when it returns, as
 * with synchronous=FULL, but this class syncs the log itself.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Log, silentLog } from "../../log.ts";
import type { Acl } from "../../types.ts";
import { isReadingWished } from "./backup_door.ts";
import { bytesOf, type TreeNode } from "../tree/tree_node.ts";
import type { Commit, Storage, StoredState } from "./storage.ts";
import { StorageError, storageError } from "./storage_error.ts";

/** The file in the folder of the data. */
export const fileName = "coordinator.sqlite";

/**
 * The file in the folder of the data that a running coordinator has locked. The lock goes with the process. SQLite's own
 * is given up while a backup is made.
 */
const lockName = "coordinator.lock";

/** The migrations from an empty file to the present tables; each leads one schema version up. */
const migrations = [
  `
  CREATE TABLE meta (only INTEGER PRIMARY KEY CHECK (only = 1), last_zxid INTEGER NOT NULL) STRICT;
  INSERT INTO meta VALUES (1, 0);
  CREATE TABLE nodes (
    path TEXT PRIMARY KEY, data BLOB NOT NULL, acl TEXT NOT NULL,
    czxid INTEGER NOT NULL, mzxid INTEGER NOT NULL, pzxid INTEGER NOT NULL,
    ctime_ms INTEGER NOT NULL, mtime_ms INTEGER NOT NULL,
    version INTEGER NOT NULL, aversion INTEGER NOT NULL, creates INTEGER NOT NULL,
    ephemeral_owner INTEGER NOT NULL, is_container INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, password BLOB NOT NULL, timeout_ms INTEGER NOT NULL
  ) STRICT;`,
  "ALTER TABLE nodes ADD COLUMN ttl_ms INTEGER NOT NULL DEFAULT 0;",
  // A column instead of NULL in `data`, which would have to be a new table: that takes room and time at an upgrade.
  "ALTER TABLE nodes ADD COLUMN data_is_null INTEGER NOT NULL DEFAULT 0;",
];

/**
 * Size to which the log is grown at the start, in bytes: the size that it has between two checkpoints (1,000 pages). A
 * commit that makes the log longer waits several times as long for the disk as one that overwrites it.
 */
const logSizeBytes = 4 << 20;

/** Above this size the log is cut back at its next round, in bytes: a long backup or a large commit lets it grow. */
const maxLogSizeBytes = 16 << 20;

/**
 * The file gives room back once a quarter of it is free, and 1 MiB (256 pages of 4 KiB): less is soon used again. Then it
 * goes on until a twentieth is left.
 */
const tidyFrom = { share: 1 / 4, pages: 256 };
const tidyUntilShare = 1 / 20;

/** Pages that are given back at once: a few milliseconds' work. */
const tidyPages = 128;

/** How long a commit waits for another program that has the file locked for a moment, in ms: less than any session lives. */
const busyTimeoutMs = 500;

/**
 * The statement that stores a node. It updates an existing row in place: a replaced row would move, and so would its
 * entry in the index, which is one more page to write.
 */
const putNode = `
  INSERT INTO nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (path) DO UPDATE SET
    data = excluded.data, acl = excluded.acl,
    czxid = excluded.czxid, mzxid = excluded.mzxid, pzxid = excluded.pzxid,
    ctime_ms = excluded.ctime_ms, mtime_ms = excluded.mtime_ms,
    version = excluded.version, aversion = excluded.aversion, creates = excluded.creates,
    ephemeral_owner = excluded.ephemeral_owner, is_container = excluded.is_container,
    ttl_ms = excluded.ttl_ms, data_is_null = excluded.data_is_null`;

/** A {@linkcode Storage} in the file `coordinator.sqlite` of a folder that no other coordinator uses. */
export class SqliteStorage implements Storage {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #lock: Deno.FsFile;
  /** SQLite's write-ahead log, opened a second time to sync it. SQLite has no lock on it that closing it would release. */
  readonly #log: Deno.FsFile;
  readonly #putNode: StatementSync;
  readonly #putCounters: StatementSync;
  readonly #deleteNode: StatementSync;
  readonly #putSession: StatementSync;
  readonly #deleteSession: StatementSync;
  readonly #putZxid: StatementSync;
  readonly #freePages: StatementSync;
  readonly #pages: StatementSync;
  readonly #giveBack: StatementSync;
  #isTidying = false;
  readonly #folder: string;
  /** Whether nobody else can read the file: the usual state, in which commits need no locks. */
  #isShut = false;

  /**
   * Opens `coordinator.sqlite` in `folder`; both are created if they do not exist.
   *
   * @throws {StorageError} if another coordinator uses the folder, a later version has written the file, or it cannot be
   * opened.
   */
  constructor(folder: string, log: Log = silentLog) {
    this.#folder = folder;
    this.#file = join(folder, fileName);
    this.#lock = lockFolder(folder);
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(this.#file, { timeout: busyTimeoutMs });
      this.#database = database;
      this.#prepare(log);
      this.#log = Deno.openSync(`${this.#file}-wal`, { write: true, create: true });
      growLog(
        this.#log,
        (error) =>
          log.warn("the log of the data could not be grown, which makes commits slower", {
            file: this.#file,
            error,
          }),
      );
      this.#putNode = this.#database.prepare(putNode);
      this.#putCounters = this.#database.prepare(
        "UPDATE nodes SET creates = ?, pzxid = ? WHERE path = ?",
      );
      this.#deleteNode = this.#database.prepare("DELETE FROM nodes WHERE path = ?");
      this.#putSession = this.#database.prepare("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)");
      this.#shut();
      this.#deleteSession = this.#database.prepare("DELETE FROM sessions WHERE id = ?");
      this.#putZxid = this.#database.prepare("UPDATE meta SET last_zxid = ?");
      this.#freePages = this.#database.prepare("PRAGMA freelist_count");
      this.#pages = this.#database.prepare("PRAGMA page_count");
      this.#giveBack = this.#database.prepare(`PRAGMA incremental_vacuum(${tidyPages})`);
    } catch (cause) {
      database?.close();
      this.#lock.close();
      throw storageError("open", this.#file, cause);
    }
  }

  /** Reads the whole state; the nodes while they are taken. @throws {StorageError} if it cannot be read. */
  load(): StoredState {
    try {
      const sessions = this.#rows("SELECT * FROM sessions").map((row) => ({
        id: row.id as bigint,
        password: row.password as Uint8Array,
        timeoutMs: Number(row.timeout_ms),
      }));
      const lastZxid = this.#rows("SELECT last_zxid FROM meta")[0]?.last_zxid as bigint;
      return { lastZxid, nodes: this.#nodes(), sessions };
    } catch (cause) {
      throw storageError("read", this.#file, cause);
    }
  }

  /** One row at a time, and what is the same in many nodes only once: the tree takes no more memory than when it was made. */
  *#nodes(): Generator<Omit<TreeNode, "children">> {
    const lists = new Map<string, readonly Acl[]>();
    const aclOf = (text: string) => {
      const known = lists.get(text);
      if (known !== undefined) return known;
      const acl: readonly Acl[] = JSON.parse(text);
      lists.set(text, acl);
      return acl;
    };
    try {
      for (const row of this.#statement("SELECT * FROM nodes").iterate()) {
        const czxid = row.czxid as bigint;
        yield {
          path: String(row.path),
          data: row.data_is_null === 0n ? row.data as Uint8Array : null,
          acl: aclOf(String(row.acl)),
          czxid,
          mzxid: row.mzxid === czxid ? czxid : row.mzxid as bigint,
          pzxid: row.pzxid === czxid ? czxid : row.pzxid as bigint,
          ctimeMs: Number(row.ctime_ms),
          mtimeMs: Number(row.mtime_ms),
          version: Number(row.version),
          aversion: Number(row.aversion),
          creates: Number(row.creates),
          ephemeralOwner: row.ephemeral_owner === 0n ? 0n : row.ephemeral_owner as bigint,
          isContainer: row.is_container !== 0n,
          ttlMs: Number(row.ttl_ms),
        };
      }
    } catch (cause) {
      throw storageError("read", this.#file, cause);
    }
  }

  /** Executes one transaction, which is on the disk when this returns. @throws {StorageError} if that fails. */
  commit(commit: Commit): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const path of commit.deletedPaths) this.#deleteNode.run(path);
      for (const node of commit.nodes) {
        this.#putNode.run(
          node.path,
          bytesOf(node),
          JSON.stringify(node.acl),
          node.czxid,
          node.mzxid,
          node.pzxid,
          node.ctimeMs,
          node.mtimeMs,
          node.version,
          node.aversion,
          node.creates,
          node.ephemeralOwner,
          node.isContainer ? 1 : 0,
          node.ttlMs,
          node.data === null ? 1 : 0,
        );
      }
      for (const node of commit.counters) {
        this.#putCounters.run(node.creates, node.pzxid, node.path);
      }
      for (const id of commit.endedSessions) this.#deleteSession.run(id);
      for (const { id, password, timeoutMs } of commit.sessions) {
        this.#putSession.run(id, password, timeoutMs);
      }
      this.#putZxid.run(commit.lastZxid);
      this.#database.exec("COMMIT");
      this.#log.syncDataSync();
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw storageError("write", this.#file, cause);
    }
  }

  /** Lets a backup in or shuts the door behind it, and gives back some pages that are free, if there are many. */
  tidy(): void {
    if (this.#isShut === isReadingWished(this.#folder)) {
      if (this.#isShut) this.#open();
      else this.#shut();
    }
    const free = Number(this.#freePages.get()?.freelist_count);
    const share = free / Number(this.#pages.get()?.page_count);
    if (!this.#isTidying && (free < tidyFrom.pages || share < tidyFrom.share)) return;
    try {
      this.#isTidying = share > tidyUntilShare;
      if (this.#isTidying) this.#giveBack.all();
      // The file itself gets shorter when the log is carried over.
      else this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      // What a power cut undoes of that is done again.
    } catch (cause) {
      throw storageError("write", this.#file, cause);
    }
  }

  /** Returns the size of the file and its log, in bytes. */
  sizeBytes(): number {
    return Deno.statSync(this.#file).size + this.#log.statSync().size;
  }

  /** Closes the file and releases the folder. */
  close(): void {
    this.#log.close();
    this.#database.close();
    this.#lock.close();
  }

  #prepare(log: Log): void {
    // Only a file that is new takes this at once.
    this.#database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    // FULL would call fsync at each commit (the build of SQLite has no fdatasync). That also waits for the file's
    // times, and so for everything else that the machine writes: ten times as long on a busy disk. NORMAL syncs the
    // log and the database around checkpoints, and `commit` syncs the log after each transaction.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#database.exec(`PRAGMA journal_size_limit = ${maxLogSizeBytes}`);
    const found = Number(this.#rows("PRAGMA user_version")[0]?.user_version ?? 0n);
    if (found > migrations.length) {
      throw new StorageError(
        `open ${this.#file}: expected schema version ${migrations.length} at most, ${found} was there; ` +
          "use the version of this program that wrote it",
      );
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < found) continue;
      this.#database.exec(`BEGIN; ${migration} PRAGMA user_version = ${index + 1}; COMMIT`);
    }
    if (this.#rows("PRAGMA auto_vacuum")[0]?.auto_vacuum !== 0n) return;
    try {
      this.#database.exec("PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
    } catch (error) {
      log.warn("an earlier version's file could not be written anew, so it will not shrink", {
        file: this.#file,
        error,
      });
    }
  }

  /** Has the file for itself from now on, unless somebody else is reading it. */
  #shut(): void {
    this.#database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE");
    try {
      this.#database.exec("BEGIN IMMEDIATE; COMMIT");
      this.#isShut = true;
    } catch {
      // The next commit must not fail for that.
      this.#open();
    }
    this.#database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }

  #open(): void {
    // The lock is given up at the end of the next transaction.
    this.#database.exec("PRAGMA locking_mode = NORMAL; BEGIN; SELECT last_zxid FROM meta; COMMIT");
    this.#isShut = false;
  }

  #rows(sql: string): Record<string, unknown>[] {
    return this.#statement(sql).all();
  }

  #statement(sql: string): StatementSync {
    const statement = this.#database.prepare(sql);
    // Session ids and zxids use all 64 bits.
    statement.setReadBigInts(true);
    return statement;
  }
}

/** Locks a folder, which is created if it does not exist, until the file is closed. @throws {StorageError} */
function lockFolder(folder: string): Deno.FsFile {
  const path = join(folder, lockName);
  let file: Deno.FsFile | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    file = Deno.openSync(path, { create: true, write: true });
    if (file.tryLockSync(true)) return file;
  } catch (cause) {
    file?.close();
    throw storageError("open", path, cause);
  }
  file.close();
  throw new StorageError(
    `open ${path}: expected to be alone in its folder, another coordinator has it locked; ` +
      "stop that one, or choose another folder",
  );
}

/**
 * Grows the log with zeros, which SQLite takes for what an earlier round has left: it believes no frame without the
 * checksum. Where there is no room the log stays as it is, since a start must not need more than what is stored.
 */
function growLog(log: Deno.FsFile, onFailure: (error: unknown) => void): void {
  const { size } = log.statSync();
  try {
    log.seekSync(size, Deno.SeekMode.Start);
    const zeros = new Uint8Array(64 * 1024);
    for (let left = logSizeBytes - size; left > 0;) {
      left -= log.writeSync(zeros.subarray(0, Math.min(left, zeros.length)));
    }
    log.syncSync();
  } catch (error) {
    log.truncateSync(size);
    onFailure(error);
  }
}
