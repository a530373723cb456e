/**
 * A tree in memory: transactions are applied to it, and readings come from it, by the rules of ZooKeeper and without one.
 *
 * @module
 */

import {
  areaMarkers,
  areaMembersPath,
  areaServingPath,
  areasOf,
  type CensusReading,
  type Current,
  currentPath,
  decodeCensus,
  decodeQueue,
  decodeReading,
  DEFAULT_POLICY,
  donePath,
  doneTallies,
  encodeEntry,
  fromFullReading,
  type MarkerChange,
  markersOf,
  newcomersPath,
  type Place,
  placedPath,
  placeNodes,
  type PlannedWave,
  type Policy,
  quarantinedPath,
  type RawNode,
  readyPath,
  readyTallies,
  type Release,
  type ReleaseIdentity,
  type Roster,
  rosterOnceRegistered,
  SCHEMA_VERSION,
  servicePath,
  type ServiceReading,
  servingPath,
  SKELETON,
  slotsPath,
  stagingPath,
  transactions,
  type TreePart,
} from "../../../rollout/mod.ts";
import { current } from "./views.ts";

/** A node. */
export interface MemoryNode {
  readonly data: Uint8Array;
  readonly version: number;
  /** How often the set of its children has changed. */
  childrenVersion: number;
  /** The session that it ends with; `null`: none. */
  readonly session: string | null;
}

/** Why a transaction did not happen, as ZooKeeper says it. */
export type Refusal = "NO_NODE" | "NODE_EXISTS" | "BAD_VERSION" | "NOT_EMPTY";

const EMPTY = new Uint8Array(0);

/** The service of these tests. */
export const SERVICE = "A";

/** A reading of all hosts, and what one host decides by it. */
export type FullReading = ServiceReading & Omit<CensusReading, "view">;

/** A tree in memory. */
export class MemoryTree implements TreePart {
  /** The empty path is the root, above all others. */
  #nodes = new Map<string, MemoryNode>([["", {
    data: EMPTY,
    version: 0,
    childrenVersion: 0,
    session: null,
  }]]);
  #sequence = 0;

  readonly node = (path: string): RawNode => {
    const found = this.#nodes.get(path);
    if (found === undefined) return null;
    const { data, version } = found;
    return {
      data,
      version,
      mtimeMs: 0,
      childCount: this.children(path).length,
      childrenVersion: found.childrenVersion,
      session: found.session === null ? 0n : 1n,
    };
  };

  readonly children = (path: string): string[] =>
    [...this.#nodes.keys()].filter((other) =>
      other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes("/")
    ).map((other) => other.slice(path.length + 1));

  /**
   * Applies all operations, or none.
   *
   * @param session The session of ephemeral nodes.
   * @returns `null` if they have happened.
   */
  apply(operations: transactions.Transaction, session = "session"): Refusal | null {
    const before = new Map([...this.#nodes].map(([path, node]) => [path, { ...node }] as const));
    for (const operation of operations) {
      const refusal = this.#one(operation, session);
      if (refusal === null) continue;
      this.#nodes = before;
      return refusal;
    }
    return null;
  }

  /** Ends a session, with its nodes. */
  expire(session: string): void {
    for (const [path, node] of this.#nodes) {
      if (node.session !== session) continue;
      this.#nodes.delete(path);
      this.#parentOf(path).childrenVersion++;
    }
  }

  /** Another tree that is as this one is. */
  copy(): MemoryTree {
    const copy = new MemoryTree();
    copy.#nodes = new Map([...this.#nodes].map(([path, node]) => [path, { ...node }] as const));
    copy.#sequence = this.#sequence;
    return copy;
  }

  /** All nodes, by path. */
  nodes(): ReadonlyMap<string, MemoryNode> {
    return this.#nodes;
  }

  /** What a host reads that looks at all others. */
  read(host = "web-1"): FullReading {
    const reading = decodeReading(SERVICE, this);
    return { ...fromFullReading(reading, host), ...reading };
  }

  /** What a host reads otherwise. */
  count(host = "web-1", places: readonly string[] = []): CensusReading {
    const of = { service: SERVICE, host, places };
    return decodeCensus(of, decodeQueue(SERVICE, this), this);
  }

  /** Makes the nodes below which the hosts of these places are counted. */
  addPlaces(...places: readonly Place[]): void {
    const keys = new Set(places.flatMap((place) => areasOf(place).map(({ key }) => key)));
    const parents = [...keys].flatMap((key) => [
      areaMembersPath(SERVICE, key),
      areaServingPath(SERVICE, key),
    ]);
    const paths = [`/dc/area_members/${SERVICE}`, `/dc/area_serving/${SERVICE}`, ...parents]
      .filter((path) => !this.#nodes.has(path));
    must(this.apply(paths.map((path) => ({ op: "create", path, data: EMPTY }))));
  }

  /** What a host writes that registers. */
  registration(
    entry: Current,
    { staged = null, epoch = 0, standing = null, isPutBack = false, countsAtOnce = true }: {
      readonly staged?: ReleaseIdentity | null;
      readonly epoch?: number;
      readonly standing?: transactions.StandingEntry | null;
      readonly isPutBack?: boolean;
      readonly countsAtOnce?: boolean;
    } = {},
  ): Parameters<typeof transactions.registerHost>[1] {
    const { host } = entry;
    const roster = this.read().view.rosterEntries.get(host) ?? ROSTER;
    const registered = rosterOnceRegistered(roster, entry, { isPutBack, countsAtOnce });
    return {
      entry,
      epoch,
      standing,
      roster,
      isMarkedNew: this.#nodes.has(newcomersPath(SERVICE, host)),
      unplaced: placeNodes(SERVICE, host, roster).filter((path) => !this.#nodes.has(path)),
      isPutBack,
      countsAtOnce,
      markers: this.markers(entry, staged, registered),
    };
  }

  /** The markers of a host that stand, and those that it should have by its entry. */
  markers(
    entry: Current,
    staged: ReleaseIdentity | null = null,
    roster: Roster | null = this.read().view.rosterEntries.get(entry.host) ?? null,
  ): MarkerChange {
    const { waves } = this.count(entry.host);
    const counted = waves.flatMap((wave) =>
      wave.tally === undefined ? [] : [{ ...wave, tally: wave.tally }]
    );
    const wanted = markersOf(entry, {
      service: SERVICE,
      roster,
      waves: counted,
      staged,
    });
    const all = [
      servingPath(SERVICE, entry.host),
      quarantinedPath(SERVICE, entry.host),
      ...areaMarkers(SERVICE, entry.host, entry),
      ...counted.flatMap(({ tally }) => [
        readyPath(SERVICE, tally, entry.host),
        donePath(SERVICE, tally, entry.host),
      ]),
    ];
    return { standing: new Set(all.filter((path) => this.#nodes.has(path))), wanted };
  }

  /** A node's entry as it stands there. */
  entry(path: string): Record<string, unknown> | null {
    const node = this.#nodes.get(path);
    return node === undefined ? null : JSON.parse(new TextDecoder().decode(node.data));
  }

  #one(operation: transactions.TreeOperation, session: string): Refusal | null {
    const { path } = operation;
    if (operation.op === "create") {
      const { data, mode = "persistent" } = operation;
      if (!this.#nodes.has(path.slice(0, path.lastIndexOf("/")))) return "NO_NODE";
      const isSequential = mode.endsWith("sequential");
      const name = isSequential ? `${path}${String(this.#sequence++).padStart(10, "0")}` : path;
      if (this.#nodes.has(name)) return "NODE_EXISTS";
      const owner = mode.startsWith("ephemeral") ? session : null;
      this.#nodes.set(name, { data, version: 0, childrenVersion: 0, session: owner });
      this.#parentOf(name).childrenVersion++;
      return null;
    }
    const found = this.#nodes.get(path);
    if (found === undefined) return "NO_NODE";
    if (operation.version !== undefined && operation.version !== found.version) {
      return "BAD_VERSION";
    }
    if (operation.op === "set") {
      this.#nodes.set(path, { ...found, data: operation.data, version: found.version + 1 });
    } else if (operation.op === "delete") {
      if (this.children(path).length > 0) return "NOT_EMPTY";
      this.#nodes.delete(path);
      this.#parentOf(path).childrenVersion++;
    }
    return null;
  }

  #parentOf(path: string): MemoryNode {
    const parent = this.#nodes.get(path.slice(0, path.lastIndexOf("/")));
    if (parent === undefined) throw new Error(`${path} has no parent`);
    return parent;
  }
}

/** What stands on the roster of each host. */
const ROSTER: Roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" };

/** A tree with the service and hosts that serve version 1, each in a session of its name. */
export function fleet(...hosts: string[]): MemoryTree {
  const tree = new MemoryTree();
  const committed = releaseOf("1");
  const entry = {
    schema: SCHEMA_VERSION,
    dependsOn: [],
    policy: DEFAULT_POLICY,
    committed,
    withdrawn: [],
  };
  const control = {
    schema: SCHEMA_VERSION,
    state: "running",
    by: "test",
    reason: null,
    sinceMs: 0,
  };
  for (const path of SKELETON) must(tree.apply([{ op: "create", path, data: EMPTY }]));
  must(tree.apply([
    { op: "create", path: "/dc/control", data: encodeEntry(control) },
    { op: "create", path: servicePath(SERVICE), data: encodeEntry(entry) },
    ...[
      stagingPath,
      slotsPath,
      currentPath,
      servingPath,
      newcomersPath,
      quarantinedPath,
      placedPath,
      readyTallies,
      doneTallies,
    ].map((path) => ({ op: "create", path: path(SERVICE), data: EMPTY }) as const),
  ]));
  tree.addPlaces(ROSTER);
  for (const host of hosts) {
    // They have served before.
    const path = servicePath(SERVICE, host);
    must(tree.apply([
      { op: "create", path, data: encodeEntry(ROSTER) },
      ...placeNodes(SERVICE, host, ROSTER)
        .map((path) => ({ op: "create", path, data: EMPTY }) as const),
    ]));
    must(tree.apply(transactions.registerHost(SERVICE, tree.registration(current(host))), host));
  }
  return tree;
}

/** Starts a rollout in one wave: to all hosts, unless some are listed. */
export function roll(
  tree: MemoryTree,
  version: string,
  policy: Partial<Policy> = {},
  hosts: readonly string[] | null = null,
  onFailure: "halt" | "rollback" = "halt",
): void {
  rollWaves(tree, version, policy, [{ hosts }], onFailure);
}

/** Starts a rollout in these waves. */
export function rollWaves(
  tree: MemoryTree,
  version: string,
  policy: Partial<Policy>,
  waves: readonly Pick<PlannedWave, "hosts" | "gate" | "after" | "maxFailures">[],
  onFailure: "halt" | "rollback" = "halt",
): void {
  const { view, service, queue } = tree.read();
  if (view.control === null || service === null) throw new Error("no tree");
  const control = { entry: view.control, znodeVersion: view.controlVersion };
  const planned = {
    version,
    dependsOn: [],
    policy: { ...DEFAULT_POLICY, quorum: 1, ...policy },
  };
  must(tree.apply(transactions.startRollout(
    { control, waves: queue.map(() => null), services: new Map([[SERVICE, service]]) },
    {
      id: `rollout-${version}`,
      by: "test",
      nowMs: 0,
      services: new Map([[SERVICE, planned]]),
      releases: new Map([[SERVICE, releaseOf(version)]]),
      waves: waves.map((wave) => ({ service: SERVICE, version, ...wave })),
      onFailure,
    },
  )));
}

/** A release without a blob. */
export function releaseOf(version: string): Release {
  return { service: SERVICE, version, infoHash: null, sizeBytes: 0, torrentUrl: null };
}

/** Expects that a transaction has happened. */
export function must(refusal: Refusal | null): void {
  if (refusal !== null) throw new Error(`expected it to happen, was refused: ${refusal}`);
}
