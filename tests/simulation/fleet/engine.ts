/**
 * A torrent engine without a network: a fetch takes time, may stall, may bring bytes that are not right, and stops when
 * the disk is full.
 *
 * @module
 */

import {
  ReleaseError,
  type TorrentEngine,
  type Transfer,
  TransferError,
} from "../../../torrent/mod.ts";
import type { AgentProcess } from "./agent_process.ts";
import { type Folder, nextGeneration, whatIsAt } from "./disk.ts";
import { NEW_VERSION } from "./machine.ts";
import { infoHashOf } from "./releases.ts";

/** How often a fetch makes progress, in ms. */
const STEP_MS = 100;

/** What a fetch and a seed have in common. */
interface Task {
  readonly infoHash: string;
  readonly done: Promise<void>;
  readonly folder: () => Folder | undefined;
  stop(): Promise<void>;
}

/** The engine of one life of an agent. */
export function engineOf(process: AgentProcess): TorrentEngine {
  return {
    port: 1,
    fetch({ metainfo, root, signal }) {
      const infoHash = infoHashOf(metainfo);
      const { service, version } = whatIsAt(root);
      const folder = () =>
        process.machine.diskOf(service).partial.get(version) ??
          process.machine.diskOf(service).complete.get(version);
      return transferOf(process, fetchInto({ process, version, infoHash, folder, signal }));
    },
    seed({ metainfo, root }) {
      const { service, version } = whatIsAt(root);
      return transferOf(process, {
        infoHash: infoHashOf(metainfo),
        done: Promise.resolve(),
        folder: () => process.machine.diskOf(service).complete.get(version),
        stop: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  };
}

function fetchInto(
  { process, version, infoHash, folder, signal }: {
    readonly process: AgentProcess;
    readonly version: string;
    readonly infoHash: string;
    readonly folder: () => Folder | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Task {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Nobody may be looking.
  promise.catch(() => {});
  const { machine, world, clock } = process;
  let isOver = false;
  let cancel = () => {};
  const total = 16 * 1024;
  const ready = folder();
  if (ready !== undefined && ready.content !== infoHash) {
    // Other content, or none: it begins with nothing.
    ready.content = infoHash;
    ready.sizeBytes = total;
    ready.bytes = ready.durableBytes = 0;
    ready.isDamaged = false;
    ready.generation = nextGeneration(process);
  }
  const stop = (): Promise<void> => {
    if (isOver) return Promise.resolve();
    isOver = true;
    cancel();
    signal?.removeEventListener("abort", onAbort);
    reject(new TransferError("stopped", "fetch: stopped"));
    return Promise.resolve();
  };
  const onAbort = () => void stop();
  signal?.addEventListener("abort", onAbort, { once: true });
  const obstacle = () => version === NEW_VERSION ? machine.obstacle : null;
  const durationMs = machine.fetchMs();
  let movedMs = 0;
  const step = () => {
    if (isOver) return;
    const target = folder();
    if (target === undefined) {
      isOver = true;
      reject(new TransferError("content_missing", "fetch: its folder has gone"));
      return;
    }
    const hasSeeder = !world.isSwarmStalled && obstacle() !== "no_seeder";
    if (!machine.isDiskFull && hasSeeder) movedMs += STEP_MS;
    target.durableBytes = target.bytes;
    target.bytes = Math.min(total, Math.floor((total * movedMs) / durationMs));
    if (target.bytes < total) {
      cancel = clock.after(STEP_MS, step);
      return;
    }
    isOver = true;
    signal?.removeEventListener("abort", onAbort);
    // What was damaged is found and fetched again, unless the disk spoils it once more.
    target.isDamaged = machine.spoilsNext() || obstacle() === "corrupt";
    target.generation = nextGeneration(process);
    resolve();
  };
  cancel = clock.after(Math.min(STEP_MS, durationMs), step);
  return { infoHash, done: promise, folder, stop };
}

function transferOf(process: AgentProcess, { infoHash, done, folder, stop }: Task): Transfer {
  return {
    infoHash,
    done,
    stop,
    progress() {
      const { machine } = process;
      const { bytes = 0, sizeBytes = 0 } = folder() ?? {};
      return {
        verifiedBytes: bytes,
        totalBytes: sizeBytes,
        downloadBytesPerSecond: 0,
        uploadBytesPerSecond: 0,
        peers: 0,
        received: { rackBytes: bytes, siteBytes: 0, remoteBytes: 0, resumedBytes: 0 },
        sent: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
        ...(machine.isDiskFull
          ? { paused: { reason: "disk_full" as const, message: "no room" } }
          : {}),
      };
    },
    verify: (options) =>
      process.call("verify", () => {
        const target = folder();
        if (target === undefined) throw new ReleaseError("file_missing", "verify: it is gone");
        if (target.isDamaged || target.bytes < target.sizeBytes || target.content !== infoHash) {
          throw new ReleaseError("file_content", "verify: it is not what the release says");
        }
        target.verifiedGeneration = target.generation;
        options?.onProgress?.(target.sizeBytes, target.sizeBytes);
      }, 5),
    relocate: (_newRoot, rename) => rename(),
    subscribe: () => () => {},
  };
}
