/**
 * How far the first wave has come, and the halt of a rollout that gets no further: for every host of the fleet, since all hosts
 * of the wave's service may be away.
 *
 * @module
 */

import {
  decodeProgress,
  decodeWatchedWave,
  DEPLOY,
  describeStall,
  headPaths,
  isOverdue,
  type KnownWave,
  noteProgress,
  otherWavePaths,
  type ProgressMark,
  progressPaths,
  queueVersion,
  ROOT,
  transactions,
  wavePartPaths,
  type WaveProgress,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyIfUnchanged } from "./apply.ts";
import { NodesRead } from "./nodes_read.ts";
import { tellOrder } from "./history.ts";
import { readService } from "./service_view.ts";

/** Looks how far the first wave has come: in one request as long as the deploy queue stands. */
export class ProgressReader {
  #known: KnownWave | null = null;

  /**
   * Looks once.
   *
   * @param how.isFresh Whether a `sync` comes first.
   * @param how.wallTimeMs What the wall clock of this host shows.
   * @returns `null` if there is no wave, control is not `running`, or its hosts are not counted.
   * @throws {EntryError} when an entry cannot be read.
   * @throws {ZooKeeperError} when a request fails.
   */
  async read(
    zk: ZooKeeper,
    { isFresh, wallTimeMs }: { readonly isFresh: boolean; readonly wallTimeMs: number },
  ): Promise<WaveProgress | null> {
    const tree = new NodesRead(zk);
    await Promise.all([
      isFresh ? zk.sync(ROOT) : null,
      tree.readOnce(progressPaths(this.#known), [DEPLOY]),
    ]);
    if (this.#known?.queueVersion !== queueVersion(tree)) {
      this.#known = null;
      await tree.readOnce(headPaths(tree));
      await tree.readMany(otherWavePaths(tree));
      const wave = decodeWatchedWave(tree);
      if (wave === null) return null;
      await tree.readOnce(wavePartPaths(wave));
      this.#known = wave;
    }
    return decodeProgress(this.#known, tree, { wallTimeMs });
  }
}

/**
 * Halts the rollout if its first wave has really stood still since the mark: everything is read once more.
 *
 * @returns The reason of the halt; `null` if it was not halted: something has changed.
 */
export async function haltIfStalled(
  zk: ZooKeeper,
  stall: {
    readonly host: string;
    readonly mark: ProgressMark;
    /** On the monotonic clock of the mark. */
    readonly nowMs: number;
    /** Milliseconds since the epoch, for the record and for freeze windows. */
    readonly wallTimeMs: number;
  },
): Promise<string | null> {
  const { mark, nowMs, host, wallTimeMs } = stall;
  const seen = await new ProgressReader().read(zk, { isFresh: true, wallTimeMs });
  if (seen === null) return null;
  const again = noteProgress(mark, seen, { nowMs, gapMs: Infinity });
  if (!isOverdue(again, seen, nowMs)) return null;
  const { view } = await readService(zk, seen.service);
  const isSame = view.wave?.node === seen.node && view.controlVersion === seen.controlVersion;
  if (view.wave === null || !isSame) return null;
  const reason = describeStall(view, view.wave);
  const operations = transactions.haltWave(view, { by: host, reason, nowMs: wallTimeMs });
  if (operations === null) return null;
  const told = await tellOrder(zk, view.control?.rollout, { order: "halt", by: host, reason });
  return await applyIfUnchanged(zk, [...operations, ...told]) ? reason : null;
}
