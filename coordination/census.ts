/**
 * Reads what a host decides on, in one request as long as nothing has changed in the deploy queue and no other host holds a
 * slot, and in a few more else. The entries of waves, which may list many hosts, are kept as long as the queue stands.
 *
 * @module
 */

import {
  areaPaths,
  type CensusOf,
  censusParents,
  censusPaths,
  type CensusReading,
  decodeCensus,
  decodeQueue,
  dependencyPaths,
  fromFullReading,
  guessedTallyPaths,
  type KnownQueue,
  nextWavePaths,
  queueVersion,
  ROOT,
  slotPaths,
  tallyPaths,
  wavePaths,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { NodesRead } from "./nodes_read.ts";
import { readService } from "./service_view.ts";

/** Most nodes that are read at one moment. If more hosts switch at once, all are read one by one. */
const AT_ONCE_MAX = 301;

/** Reads one host's censuses of one service. */
export class CensusReader {
  #queue: KnownQueue | null = null;
  #wasRefused = false;
  /** What else has to be read, by the last reading: the numbers of the host's rack and site, and of other services. */
  #others: readonly string[] = [];

  /**
   * Reads a census.
   *
   * @param isFresh Whether a `sync` comes first, so that it has everything that was acknowledged before the call. A decision
   * that a transaction enforces needs none: if it rests on what is old, it is refused.
   * @param isRefused Whether a transaction was refused that rested on the last reading.
   * @param isQueueNew Whether the deploy queue has changed since the last reading, so that what is new can be read in fewer
   * requests. Default: not known.
   * @throws {EntryError} when an entry is broken that all hosts depend on.
   * @throws {ZooKeeperError} when a request fails.
   */
  async read(
    zk: ZooKeeper,
    of: CensusOf,
    { isFresh, isRefused = false, isQueueNew = false }: {
      isFresh: boolean;
      isRefused?: boolean;
      isQueueNew?: boolean;
    },
  ): Promise<CensusReading> {
    const { service } = of;
    // Most often a transaction is refused since others were faster. If one is refused again, it may be for a wave that
    // somebody has changed by hand.
    if (isRefused && this.#wasRefused) this.#queue = null;
    this.#wasRefused = isRefused;
    const tree = new NodesRead(zk);
    const known = this.#queue;
    const tallies = known === null ? [] : tallyPaths(service, known);
    const others = this.#others;
    const parents = censusParents(of, isQueueNew || known === null);
    await Promise.all([
      isFresh ? zk.sync(ROOT) : null,
      tree.readOnce([...censusPaths(of), ...tallies, ...others], parents),
    ]);
    const areas = areaPaths(of, tree);
    this.#others = [...areas, ...dependencyPaths(service, tree)];
    const slots = slotPaths(of, tree);
    const missing = this.#others.filter((path) => !others.includes(path));
    const atOnce = [...slots, ...(slots.length === 0 ? [] : areas), ...missing];
    if (atOnce.length > AT_ONCE_MAX) {
      return fromFullReading(await readService(zk, service), of.host);
    }
    await tree.readOnce(atOnce);
    const isKnown = known?.version === queueVersion(tree);
    if (!isKnown) {
      const waves = wavePaths(service, tree);
      await tree.readMany(
        waves.length === 0 ? [] : [...waves, ...guessedTallyPaths(service, tree)],
      );
      await tree.readMany(nextWavePaths(service, tree));
    }
    const queue = isKnown ? known : decodeQueue(service, tree);
    await tree.readOnce(tallyPaths(service, queue).filter((path) => tree.node(path) === null));
    this.#queue = queue;
    return decodeCensus(of, queue, tree);
  }
}
