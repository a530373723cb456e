/**
 * The disk of a simulated machine: the releases of each service with what is really in them, and what of it would survive
 * a power cut. The rules of the store are those of `host/releases/release_store.ts`.
 *
 * @module
 */

import type { FetcherDisk } from "../../../actors/fetcher/disk.ts";
import {
  HostError,
  type Intactness,
  ReleaseLayout,
  type ReleaseReceipt,
  type Releases,
  type StoredRelease,
  type SwitchEntry,
} from "../../../host/mod.ts";
import type { Received } from "../../../rollout/mod.ts";
import type { AgentProcess } from "./agent_process.ts";
import { publishedAt } from "./releases.ts";

/** A folder of a release, and what is really in it. */
export interface Folder {
  /** The info hash of what is being put into it; empty for a release without a blob. */
  content: string;
  sizeBytes: number;
  /** Bytes that are there, and those that a power cut leaves. */
  bytes: number;
  durableBytes: number;
  /** Whether some bytes are not what the release says. */
  isDamaged: boolean;
  /** Changes with each change of a file, as inodes and modification times do. */
  generation: number;
  /** When somebody changed it last. */
  changedMs: number;
  /** The generation that was verified in full; 0 if none. */
  verifiedGeneration: number;
}

/** What is on the disk of one service. */
export interface ServiceDisk {
  readonly partial: Map<string, Folder>;
  readonly complete: Map<string, Folder>;
  readonly receipts: Map<string, ReleaseReceipt & { readonly generation: number }>;
  readonly torrents: Map<string, { readonly metainfo: Uint8Array; isDurable: boolean }>;
  readonly received: Map<string, Received>;
  current: string | null;
  journal: SwitchEntry | null;
  /** Whether what stands in the journal cannot be read. */
  isJournalSpoilt: boolean;
}

/** An empty disk. */
export function emptyDisk(): ServiceDisk {
  return {
    partial: new Map(),
    complete: new Map(),
    receipts: new Map(),
    torrents: new Map(),
    received: new Map(),
    current: null,
    journal: null,
    isJournalSpoilt: false,
  };
}

/** What a power cut leaves of a disk. */
export function losePower(disk: ServiceDisk): void {
  for (const folder of disk.partial.values()) {
    folder.bytes = Math.min(folder.bytes, folder.durableBytes);
  }
  for (const [version, torrent] of disk.torrents) {
    if (!torrent.isDurable) disk.torrents.delete(version);
  }
}

/** A copy of a disk, for the clone of a machine. */
export function copyDisk(disk: ServiceDisk): ServiceDisk {
  return {
    partial: new Map([...disk.partial].map(([version, folder]) => [version, { ...folder }])),
    complete: new Map([...disk.complete].map(([version, folder]) => [version, { ...folder }])),
    receipts: new Map(disk.receipts),
    torrents: new Map(disk.torrents),
    received: new Map(disk.received),
    current: disk.current,
    journal: disk.journal,
    isJournalSpoilt: disk.isJournalSpoilt,
  };
}

/** Generations are unique over all folders of a run, as inodes are on a disk. */
export function nextGeneration(process: AgentProcess): number {
  return ++process.world.generations;
}

const layouts = new Map<string, ReleaseLayout>();

/** The paths of a service; every machine has the same. */
export function layoutOf(service: string): ReleaseLayout {
  let layout = layouts.get(service);
  if (layout === undefined) layouts.set(service, layout = new ReleaseLayout("/data", service));
  return layout;
}

/** The service and the version that a path belongs to. */
export function whatIsAt(path: string): { service: string; version: string } {
  const [, , service = "", ...rest] = path.split("/");
  const name = rest.at(-1) ?? "";
  const version = name.replace(/(\.partial|\.torrent|\.pin\.json|\.progress\.json)$/, "");
  return { service, version };
}

/** A service's store of releases, as one life of the agent uses it. */
export function storeOf(process: AgentProcess, service: string): Releases {
  const { machine } = process;
  const layout = layoutOf(service);
  const disk = () => machine.diskOf(service);
  const writeMs = () => process.world.pace.writeMs(process.random);

  function expectComplete(version: string, action: string): Folder {
    const folder = disk().complete.get(version);
    if (folder !== undefined) return folder;
    throw new HostError("RELEASE_MISSING", { message: `${action} ${version}: there is none` });
  }

  function list(): StoredRelease[] {
    const { partial, complete, current } = disk();
    const stored: StoredRelease[] = [
      ...[...complete.keys()].map((version) => ({
        version,
        state: "complete" as const,
        current: version === current,
      })),
      ...[...partial.keys()].map((version) => ({
        version,
        state: "partial" as const,
        current: false,
      })),
    ];
    return stored.sort((a, b) =>
      a.version === b.version ? (a.state < b.state ? -1 : 1) : a.version < b.version ? -1 : 1
    );
  }

  function readReceipt(version: string): ReleaseReceipt | null {
    return disk().receipts.get(version) ?? null;
  }

  function isIntact(version: string, options: { infoHash?: string } = {}): Intactness {
    const receipt = disk().receipts.get(version);
    if (receipt === undefined) return { intact: false, reason: "it has no receipt" };
    if (options.infoHash !== undefined && options.infoHash !== receipt.infoHash) {
      return { intact: false, reason: `its receipt is for info hash ${receipt.infoHash}` };
    }
    const folder = disk().complete.get(version);
    if (folder === undefined) return { intact: false, reason: "it is not there" };
    return folder.generation === receipt.generation
      ? { intact: true, receipt }
      : { intact: false, reason: "blob was written to after it was verified" };
  }

  function remove(version: string): void {
    const { current, receipts, torrents, complete, partial } = disk();
    if (current === version) {
      throw new HostError("RELEASE_CURRENT", {
        message: `remove ${version}: current points at it`,
      });
    }
    receipts.delete(version);
    torrents.delete(version);
    complete.delete(version);
    partial.delete(version);
  }

  return {
    layout,
    paths: (version) => layout.paths(version),
    open: () => Promise.resolve(),
    list: () => process.call("list", list),
    currentVersion: () => process.call("read current", () => disk().current),
    readReceipt,
    isIntact: (version, options) =>
      process.call("compare receipt", () => isIntact(version, options)),
    dropFromPageCache: () => Promise.resolve(),
    preparePartial: (version) =>
      process.call("make partial", () => {
        if (!disk().partial.has(version)) {
          const generation = nextGeneration(process);
          disk().partial.set(version, {
            content: "",
            sizeBytes: 0,
            bytes: 0,
            durableBytes: 0,
            isDamaged: false,
            generation,
            changedMs: Number.NEGATIVE_INFINITY,
            // An empty folder is what a release without a blob consists of: there is nothing to verify.
            verifiedGeneration: generation,
          });
        }
        return layout.paths(version).partial;
      }),
    writeReceipt: (version, facts) =>
      process.call("write receipt", () => {
        const folder = disk().partial.get(version) ?? expectComplete(version, "write receipt of");
        const files = folder.content === ""
          ? []
          : [{ path: "blob", sizeBytes: folder.sizeBytes, mtimeNs: "0", inode: "0" }];
        const receipt = { schema: 1 as const, ...facts, files, generation: folder.generation };
        disk().receipts.set(version, receipt);
        return receipt;
      }, writeMs()),
    promote: (version, options = {}) =>
      process.call("promote", () => {
        const { partial, complete } = disk();
        const folder = partial.get(version);
        if (folder === undefined) {
          expectComplete(version, "promote");
          return;
        }
        if (complete.has(version) && options.replace !== true) {
          throw new HostError("RELEASE_EXISTS", { message: `promote ${version}: there is one` });
        }
        partial.delete(version);
        folder.durableBytes = folder.bytes;
        complete.set(version, folder);
        // All of a complete release is synced before it is renamed; its .torrent by then as well.
        const torrent = disk().torrents.get(version);
        if (torrent !== undefined) torrent.isDurable = true;
      }, writeMs()),
    demote: (version) =>
      process.call("demote", () => {
        const folder = expectComplete(version, "demote");
        if (disk().partial.has(version)) {
          throw new HostError("RELEASE_EXISTS", { message: `demote ${version}: there is one` });
        }
        disk().complete.delete(version);
        disk().partial.set(version, folder);
      }, writeMs()),
    switchCurrent: (version) =>
      process.call("switch current", () => {
        expectComplete(version, "switch current to");
        disk().current = version;
        process.world.trace(machine, `${service}: current is ${version}`);
      }, writeMs()),
    remove: (version) => process.call("remove", () => remove(version), writeMs()),
    cleanUp: ({ keep }) =>
      process.call("clean up", () => {
        const kept = new Set([...keep, disk().current]);
        const versions = new Set(list().map((release) => release.version));
        const removed = [...versions].filter((version) => !kept.has(version));
        for (const version of removed) remove(version);
        return removed;
      }, writeMs()),
  };
}

/** The rest of what the fetcher needs of its disk. */
export function fetcherDiskOf(process: AgentProcess): FetcherDisk {
  const { machine, world } = process;
  return {
    async fetchTorrent(url, { expectInfoHash }) {
      await process.call("fetch torrent", () => {}, world.pace.torrentMs(process.random));
      const release = publishedAt(url);
      if (world.isBuildMachineAway || release === null) throw new Error(`fetch ${url}: no answer`);
      if (release.infoHash !== expectInfoHash) throw new Error(`fetch ${url}: another info hash`);
      return release.metainfo;
    },
    readTorrent: (path) =>
      process.call("read torrent", () => {
        const { service, version } = whatIsAt(path);
        return machine.diskOf(service).torrents.get(version)?.metainfo ?? null;
      }),
    writeTorrent: (path, metainfo) =>
      process.call("write torrent", () => {
        const { service, version } = whatIsAt(path);
        machine.diskOf(service).torrents.set(version, { metainfo, isDurable: false });
      }),
    // The simulated engine finds out when the disk is full, as the real one does; before that there seems to be room.
    freeBytes: () => Promise.resolve(1e12),
    usedBytes: () => Promise.resolve(0),
    isSharing: () => false,
    reuseStored: () => Promise.resolve({ reusedBytes: 0, copiedBytes: 0 }),
    forgetPresentBlocks: () => Promise.resolve(),
    readReceived: ({ layout }, version) =>
      machine.diskOf(layout.service).received.get(version) ??
        { version, rackBytes: 0, siteBytes: 0, remoteBytes: 0, reusedBytes: 0 },
    writeReceived: ({ layout }, received) =>
      void machine.diskOf(layout.service).received.set(received.version, received),
  };
}
