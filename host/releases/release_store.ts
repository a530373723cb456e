/**
 * The releases of one service on this host: which are partial or complete, which one is current, which
 * ones are removed. Every change is one rename, so that a crash leaves the state before or after it.
 * What a release consists of and how it is fetched is not known here.
 *
 * @module
 */

import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { basename, join } from "node:path";
import { reasonOf } from "../../base/reason.ts";
import { isMissing, readJsonFile, syncFolder, writeJsonFile } from "../atomic_file.ts";
import { dropFromPageCache, syncFileSystem } from "../../ffi/mod.ts";
import { HostError } from "../errors.ts";
import { isVersionName, PARTIAL_SUFFIX } from "./names.ts";
import { RECEIVED_SUFFIX, ReleaseLayout, type VersionPaths } from "./release_layout.ts";
import {
  compareWithReceipt,
  type Intactness,
  type ReleaseReceipt,
  releaseReceiptSchema,
  takeReceipt,
} from "./release_receipt.ts";

/** A release on disk. */
export interface StoredRelease {
  version: string;
  /** `partial` while it is fetched. While a release is replaced, its version exists in both states. */
  state: "complete" | "partial";
  /** Whether `current` points at it. */
  current: boolean;
}

/** The releases of one service below a data folder. See release_layout.ts for the folders. */
export class ReleaseStore {
  /** The paths of all that belongs to the service. */
  readonly layout: ReleaseLayout;

  /** @throws {HostError} `NAME_INVALID`. Touches no disk; {@linkcode open} makes the folders. */
  constructor(dataDir: string, service: string) {
    this.layout = new ReleaseLayout(dataDir, service);
  }

  /**
   * Makes the service's folders, closes Rollcall's own to other users, and finishes the removals that a
   * crash has cut short.
   *
   * @throws {HostError} `STATE_DIR_OPEN` when Rollcall's own folder is another user's.
   */
  async open(): Promise<void> {
    await mkdir(this.layout.trashDir, { recursive: true });
    await this.#closeStateDir();
    for (const name of await readdir(this.layout.trashDir)) {
      await rm(join(this.layout.trashDir, name), { recursive: true, force: true });
    }
    for (const name of await readdir(this.layout.serviceDir)) {
      if (name.startsWith(LINK_PREFIX)) await rm(join(this.layout.serviceDir, name));
    }
    await this.#removeStrayRecords();
  }

  /**
   * Rollcall believes what lies in its own folder: which process is the service, which release was
   * verified. Nobody else may write there, nor read the service's output.
   */
  async #closeStateDir(): Promise<void> {
    const { stateDir } = this.layout;
    try {
      await chmod(stateDir, STATE_DIR_MODE);
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new HostError("STATE_DIR_OPEN", {
        message:
          `close ${stateDir} to other users: expected to own it, got: ${reason}; give it to the ` +
          `user that the agent runs as (chown -R)`,
        cause,
      });
    }
  }

  /** Records of received bytes whose release is gone: a statistic of nothing. */
  async #removeStrayRecords(): Promise<void> {
    const versions = new Set((await this.list()).map(({ version }) => version));
    for (const name of await readdir(this.layout.stateDir)) {
      if (!name.endsWith(RECEIVED_SUFFIX)) continue;
      if (versions.has(name.slice(0, -RECEIVED_SUFFIX.length))) continue;
      await rm(join(this.layout.stateDir, name), { force: true });
    }
  }

  /** The paths of a version. @throws {HostError} `NAME_INVALID`. */
  paths(version: string): VersionPaths {
    return this.layout.paths(version);
  }

  /** Makes the folder to fetch a version into, if it is missing, and returns its path. What it holds already stays. */
  async preparePartial(version: string): Promise<string> {
    const { partial } = this.paths(version);
    await mkdir(partial, { recursive: true });
    return partial;
  }

  /**
   * Turns the partial release, which the caller has verified in full, into the complete one: all its
   * files and folders are synced to disk, then its folder is renamed. Does nothing if that has been done.
   *
   * @param options.replace moves a complete release of that version to the trash first; only for one
   *   that was found damaged.
   * @throws {HostError} `RELEASE_MISSING` when there is nothing to promote, `RELEASE_EXISTS` when both
   *   exist and `replace` is not set.
   */
  async promote(version: string, options: { replace?: boolean } = {}): Promise<void> {
    const { partial, final } = this.paths(version);
    const [hasPartial, hasFinal] = [await isFolder(partial), await isFolder(final)];
    if (!hasPartial) {
      if (hasFinal) return;
      throw new HostError("RELEASE_MISSING", {
        message: `promote ${version}: expected the fetched release at ${partial}, found nothing; ` +
          `fetch it first`,
      });
    }
    if (hasFinal && options.replace !== true) {
      throw new HostError("RELEASE_EXISTS", {
        message:
          `promote ${version}: expected nothing at ${final}, found a release; releases never ` +
          `change: publish another version, or remove this one`,
      });
    }
    await syncTree(partial);
    if (hasFinal) await this.#moveToTrash(final);
    await rename(partial, final);
    syncFolder(this.layout.serviceDir);
    await this.#emptyTrash();
  }

  /**
   * Turns a complete release that was found damaged back into a partial one, so that a fetch can
   * repair it. Its receipt stays, which its files do not match: it says which content the version has, and for
   * a release that is not on offer nothing else does. The service must not be running from it.
   *
   * @throws {HostError} `RELEASE_MISSING`, or `RELEASE_EXISTS` when a partial one is there already.
   */
  async demote(version: string): Promise<void> {
    const { partial, final } = this.paths(version);
    await this.#expectComplete(version, "demote");
    if (await isFolder(partial)) {
      throw new HostError("RELEASE_EXISTS", {
        message: `demote ${version}: expected nothing at ${partial}, found a folder; remove one`,
      });
    }
    await rename(final, partial);
    syncFolder(this.layout.serviceDir);
  }

  /**
   * Notes that the version's files, as they are on disk now, have been verified. A receipt that is written
   * before {@linkcode promote} stays valid after it, because renaming the folder changes no file.
   *
   * @param facts the torrent's info hash and the time, in milliseconds since 1970.
   * @throws {HostError} `RELEASE_MISSING`.
   */
  async writeReceipt(
    version: string,
    facts: { infoHash: string; verifiedAt: number },
  ): Promise<ReleaseReceipt> {
    const { partial, final, receipt: path } = this.paths(version);
    const folder = await isFolder(partial) ? partial : final;
    if (folder === final) await this.#expectComplete(version, "write receipt of");
    const receipt = await takeReceipt(folder, facts);
    writeJsonFile(path, receipt);
    return receipt;
  }

  /** Reads the receipt of a version; null when there is none that can be read. */
  readReceipt(version: string): ReleaseReceipt | null {
    const file = readJsonFile(this.paths(version).receipt);
    if (file.state !== "present") return null;
    const parsed = releaseReceiptSchema.safeParse(file.value);
    return parsed.success ? parsed.data : null;
  }

  /**
   * Whether the complete release is on disk as it was when it was verified. Only its receipt is compared,
   * the files are not read.
   *
   * @param options.infoHash expects the receipt to be of this torrent as well.
   */
  async isIntact(version: string, options: { infoHash?: string } = {}): Promise<Intactness> {
    const receipt = this.readReceipt(version);
    if (receipt === null) return { intact: false, reason: "it has no receipt" };
    if (options.infoHash !== undefined && options.infoHash !== receipt.infoHash) {
      return {
        intact: false,
        reason: `its receipt is for info hash ${receipt.infoHash} instead of ${options.infoHash}`,
      };
    }
    return await compareWithReceipt(this.paths(version).final, receipt);
  }

  /**
   * Points `current` at a complete release, in one atomic step: a reader always sees the old or the new
   * one.
   *
   * @throws {HostError} `RELEASE_MISSING`.
   */
  async switchCurrent(version: string): Promise<void> {
    await this.#expectComplete(version, "switch current to");
    // rename(2) replaces a link atomically; symlink(2) cannot replace anything.
    const temporary = join(this.layout.serviceDir, `${LINK_PREFIX}${randomUUID()}`);
    await symlink(version, temporary);
    try {
      await rename(temporary, this.layout.currentLink);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    syncFolder(this.layout.serviceDir);
  }

  /** The version that `current` points at, or null when there is no link to a version. */
  async currentVersion(): Promise<string | null> {
    try {
      const target = basename(await readlink(this.layout.currentLink));
      return isVersionName(target) ? target : null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** All releases, complete and partial, ordered by name. */
  async list(): Promise<StoredRelease[]> {
    const current = await this.currentVersion();
    const releases: StoredRelease[] = [];
    for (const entry of await readEntries(this.layout.serviceDir)) {
      if (!entry.isDirectory()) continue;
      const partial = entry.name.endsWith(PARTIAL_SUFFIX);
      const version = partial ? entry.name.slice(0, -PARTIAL_SUFFIX.length) : entry.name;
      if (!isVersionName(version)) continue;
      const state = partial ? "partial" : "complete";
      releases.push({ version, state, current: !partial && version === current });
    }
    return releases.sort((a, b) =>
      a.version === b.version ? (a.state < b.state ? -1 : 1) : a.version < b.version ? -1 : 1
    );
  }

  /**
   * Removes a version in both states, with all that was noted of it: receipt, torrent, progress, record
   * of received bytes, log of its pin keeper. Absent is fine.
   *
   * @throws {HostError} `RELEASE_CURRENT` for the one that `current` points at.
   */
  async remove(version: string): Promise<void> {
    const { partial, final, receipt, torrent, progress, received, pinLog } = this.paths(version);
    if (await this.currentVersion() === version) {
      throw new HostError("RELEASE_CURRENT", {
        message:
          `remove ${version}: expected a release that is not in use, but current points at ` +
          `it; switch to another one first`,
      });
    }
    // The receipt first: without it nobody takes what is left for a complete release.
    const notes = [receipt, torrent, `${torrent}.new`, progress, received, pinLog];
    for (const path of notes) await rm(path, { force: true });
    // Out of sight in one step, since deleting 200 GiB takes a while and a half-deleted release
    // must not look like one.
    for (const folder of [final, partial]) {
      if (await isFolder(folder)) await this.#moveToTrash(folder);
    }
    syncFolder(this.layout.serviceDir);
    await this.#emptyTrash();
  }

  /**
   * Drops a complete release from the page cache: a release that was just written and will not be locked must not evict
   * what the running service reads. Pages that a process has mapped or locked stay.
   *
   * @throws {LibcError} `EIO` when the disk fails.
   */
  async dropFromPageCache(version: string): Promise<void> {
    const { final } = this.paths(version);
    for (const { path } of this.readReceipt(version)?.files ?? []) {
      await dropFromPageCache(join(final, path));
    }
  }

  /** Removes all releases but the current one and those to keep; returns the versions removed. */
  async cleanUp(options: { keep: readonly string[] }): Promise<string[]> {
    const kept = new Set([...options.keep, await this.currentVersion()]);
    const versions = new Set((await this.list()).map((release) => release.version));
    const removed = [...versions].filter((version) => !kept.has(version));
    for (const version of removed) await this.remove(version);
    await this.#removeStrayRecords();
    return removed;
  }

  async #expectComplete(version: string, action: string): Promise<void> {
    const { final } = this.paths(version);
    if (await isFolder(final)) return;
    throw new HostError("RELEASE_MISSING", {
      message: `${action} ${version}: expected a complete release at ${final}, found none; ` +
        `fetch and verify it first`,
    });
  }

  async #moveToTrash(folder: string): Promise<void> {
    await mkdir(this.layout.trashDir, { recursive: true });
    await rename(folder, join(this.layout.trashDir, `${basename(folder)}.${randomUUID()}`));
  }

  async #emptyTrash(): Promise<void> {
    for (const entry of await readEntries(this.layout.trashDir)) {
      await rm(join(this.layout.trashDir, entry.name), { recursive: true, force: true });
    }
  }
}

/** Only the user that the agent runs as. */
const STATE_DIR_MODE = 0o700;

/** A version cannot begin with a dot, so a link under way is never taken for a release. */
const LINK_PREFIX = ".current.";

async function readEntries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Above this many files, one syncfs(2) is cheaper than one fsync(2) per file, each of which waits for the disk. Up to it,
 * fsync(2) is used, because syncfs(2) also waits for whatever others have written to the same file system.
 */
const SYNCED_ONE_BY_ONE_MAX = 64;

/** Syncs all files and folders below a folder to disk. */
async function syncTree(folder: string): Promise<void> {
  const paths: string[] = [];
  await collectFiles(folder, paths);
  if (paths.length > SYNCED_ONE_BY_ONE_MAX) return await syncFileSystem(folder);
  for (const path of paths) {
    const file = await open(path, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await syncFolders(folder);
}

/** Lists the files below a folder; stops soon after there are too many to sync one by one. */
async function collectFiles(folder: string, paths: string[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (paths.length > SYNCED_ONE_BY_ONE_MAX) return;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collectFiles(path, paths);
    else if (entry.isFile()) paths.push(path);
  }
}

/** fsync(2) of a folder and those below it, children before parents. */
async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  }
  syncFolder(folder);
}
