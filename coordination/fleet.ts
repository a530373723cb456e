/**
 * The state of the whole fleet for `rollcall status`: what every host runs, how ready it is, and why it waits.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  controlSchema,
  type Current,
  currentPath,
  currentSchema,
  decodeNode,
  decodeOffer,
  decodeOwned,
  decodeService,
  donePath,
  type Drained,
  EntryError,
  type FreezeWindow,
  type Gate,
  historyPath,
  isNewcomer,
  keepNames,
  keepSequential,
  type Offer,
  type Preparation,
  Problems,
  type Quarantined,
  type RawNode,
  readyPath,
  type Received,
  type Release,
  type Restarts,
  type Rollout,
  rolloutSchema,
  type Roster,
  rosterSchema,
  servicePath,
  SERVICES,
  SERVICES_MAX,
  servingPath,
  type Slot,
  slotSchema,
  slotsPath,
  stagingPath,
  tellStrangers,
  type Versioned,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren, readNodes } from "./entry_reader.ts";
import { newestRollout, nextWaves, readDeployQueue } from "./rollouts.ts";

/** One host of one service. */
export interface FleetHost {
  readonly host: string;
  /** `?` if neither its entry nor the roster can be read. */
  readonly site: string;
  /** `?` if neither its entry nor the roster can be read. */
  readonly rack: string;
  /** Whether its entry stands, so that its agent has a session. */
  readonly online: boolean;
  /** The version that it runs; `null` if none or unknown. */
  readonly version: string | null;
  /** Its info hash; left out if the host's entry does not say it. */
  readonly infoHash?: string | null | undefined;
  /** As in its entry; `down` while it is offline. */
  readonly state: "serving" | "down";
  /** When the state last changed, milliseconds since the epoch; `null` while the host is offline. */
  readonly sinceMs: number | null;
  /** What it does about a release that it does not run yet. */
  readonly preparation: Preparation | null;
  /** Bytes of releases that are locked in memory. */
  readonly pinnedBytes: number;
  /** Bytes received for one version, by where they came from. */
  readonly received: Received | null;
  /** Why it waits, in words for an operator. */
  readonly waitingFor: string | null;
  /** Since when, by the host's clock, milliseconds since the epoch; `null` if it does not wait, or does not say. */
  readonly waitingSinceMs: number | null;
  /** URL of its agent's endpoint. */
  readonly endpoint: string | null;
  /** How often its agent has started the service again since it began; `null` if it does not say, or never. */
  readonly restarts: Restarts | null;
  /** Why it is not to be counted on; `null` if it is. */
  readonly quarantined: Quarantined | null;
  /** The slot that it holds, or the record of its failure. */
  readonly slot: Slot | null;
  /** Whether it is in the staging queue. */
  readonly queued: boolean;
  /** An operator's word that it is not to be counted on; `null` if there is none. */
  readonly drained: Drained | null;
  /** What its agent has done about that, as its entry says; `null`: nothing yet. */
  readonly drainDone: NonNullable<Current["drained"]> | null;
  /** Whether it has never served: then it takes no capacity away. */
  readonly newcomer: boolean;
}

/** A release with a blob: on offer, or committed. */
export interface FleetRelease {
  readonly version: string;
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** 0 for a pure restart: nothing moves. */
  readonly sizeBytes: number;
  /** Announce URLs in order of preference; empty if the entry has none. */
  readonly trackers: readonly string[];
}

/** One service of the fleet. */
export interface FleetService {
  /** Services that must be upgraded first. */
  readonly dependsOn: readonly string[];
  /** The committed version. */
  readonly committed: string | null;
  /** The version on offer. */
  readonly offer: string | null;
  /** Size of the release on offer, or of the committed one if there is no offer. */
  readonly sizeBytes: number;
  /** Site and rack of the build machine that published it; `null` if unknown. */
  readonly origin: { readonly site: string; readonly rack: string } | null;
  /** The release on offer, then the committed one if it is another. */
  readonly releases: readonly FleetRelease[];
  /** Times in which none of its hosts begins to switch; left out: there are none. */
  readonly freeze?: readonly FreezeWindow[];
  /** Its hosts, by name: those on the roster and those that are online. */
  readonly hosts: readonly FleetHost[];
}

/** One wave of the deploy queue. */
export interface QueuedWave {
  readonly service: string;
  readonly version: string;
  /** The hosts of the wave; `null`: all of the service. */
  readonly hosts: readonly string[] | null;
  /** The gate before it; left out: none. */
  readonly gate?: Gate;
  /** Whether it is next for its service: under way, or waiting at its gate. */
  readonly isNext: boolean;
}

/** The state of the fleet. Its parts are read one after the other, so a change in between may show in some of them only. */
export interface Fleet {
  /** The control node; `null` if it is missing or broken. */
  readonly control: Control | null;
  /** The newest rollout, also after its end. */
  readonly rollout: (Rollout & { readonly id: string }) | null;
  /** The waves that are not finished, in order. */
  readonly queue: readonly QueuedWave[];
  /** The services by name. */
  readonly services: Readonly<Record<string, FleetService>>;
  /** Entries that could not be read, one message each. */
  readonly problems: readonly string[];
}

/**
 * Reads the fleet. What cannot be read is left out and named under `problems`; an entry counts under the name of its node.
 */
export async function readFleet(zk: ZooKeeper): Promise<Fleet> {
  const problems = new Problems();
  const reader = new TolerantReader(zk, problems);
  const serviceNames = keepNames(
    await reader.children(SERVICES, SERVICES_MAX),
    SERVICES,
    problems,
  );
  const rolloutId = await reader.orElse(() => newestRollout(zk), null);
  const queue = await reader.orElse(() => readDeployQueue(zk), { waves: [], problems: [] });
  const next = nextWaves(queue.waves);
  for (const problem of queue.problems) problems.add(problem);
  const controlNode = await reader.node(CONTROL);
  const recordPath = rolloutId === null ? null : historyPath(rolloutId);
  const recordNode = recordPath === null ? null : await reader.node(recordPath);
  const services: [string, FleetService][] = [];
  for (const name of serviceNames.toSorted()) {
    const tallies = queue.waves.flatMap(({ entry }) =>
      entry?.service === name && entry.tally !== undefined ? [entry.tally] : []
    );
    services.push([name, await readFleetService(zk, name, { reader, problems, tallies })]);
  }
  const record = recordPath === null
    ? null
    : reader.decode(() => decodeNode(rolloutSchema, recordNode, recordPath));
  return {
    control: reader.decode(() => decodeNode(controlSchema, controlNode, CONTROL)),
    rollout: record === null || rolloutId === null ? null : { ...record, id: rolloutId },
    queue: queue.waves.flatMap(({ name: { node }, entry }): QueuedWave[] => {
      if (entry === null) return [];
      const { service, version, hosts, gate } = entry;
      return [{
        service,
        version,
        hosts,
        ...(gate === undefined ? {} : { gate }),
        isNext: next.has(node),
      }];
    }),
    services: Object.fromEntries(services),
    problems: problems.messages,
  };
}

/** Reads what can be read, and tells of the rest. */
class TolerantReader {
  readonly #zk: ZooKeeper;
  readonly #problems: Problems;

  constructor(zk: ZooKeeper, problems: Problems) {
    this.#zk = zk;
    this.#problems = problems;
  }

  /** The result of a reading, or `instead` when it fails because of what is in the tree. */
  async orElse<T>(read: () => Promise<T>, instead: T): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      this.#problems.add(error);
      return instead;
    }
  }

  /** The children of a node; none when they cannot be read. */
  async children(path: string, max?: number): Promise<string[]> {
    const [names = []] = await this.orElse(() => readChildren(this.#zk, [path], max), []);
    return names;
  }

  /** One node. */
  async node(path: string): Promise<RawNode> {
    const [node = null] = await readNodes(this.#zk, [path]);
    return node;
  }

  /** An entry; `null` when there is none, or none that can be read. */
  decode<T>(decode: () => Versioned<T> | null): T | null {
    try {
      return decode()?.entry ?? null;
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      this.#problems.add(error);
      return null;
    }
  }
}

async function readFleetService(
  zk: ZooKeeper,
  service: string,
  { reader, problems, tallies }: {
    readonly reader: TolerantReader;
    readonly problems: Problems;
    /** Under which names the hosts of its waves are counted. */
    readonly tallies: readonly string[];
  },
): Promise<FleetService> {
  const children = async (path: string) => keepNames(await reader.children(path), path, problems);
  const [roster, online, slots] = await Promise.all([
    children(servicePath(service)),
    children(currentPath(service)),
    children(slotsPath(service)),
  ]);
  const slotHosts = new Set(slots);
  // A host that an operator has taken off the roster still shows while it is online.
  const names = [...new Set([...roster, ...online])].sort();
  const paths = names.flatMap((host) => [
    servicePath(service, host),
    currentPath(service, host),
    slotsPath(service, host),
  ]);
  const [serviceNode = null, offerNode = null, ...nodes] = await reader.orElse(
    () => readNodes(zk, [servicePath(service), stagingPath(service), ...paths]),
    [],
  );
  // Read last: a host whose slot was read above is still seen in the queue, or has left it by finishing its switch.
  const queue = await reader.children(stagingPath(service));
  const queued = new Set(
    keepSequential(queue, stagingPath(service), problems).map(({ prefix }) => prefix),
  );
  const counting = [
    servingPath(service),
    ...tallies.flatMap((tally) => [readyPath(service, tally), donePath(service, tally)]),
  ];
  for (const path of counting) {
    tellStrangers(await reader.children(path), path, { roster: new Set(names), problems });
  }
  const entry = reader.decode(() => decodeService(service, serviceNode));
  const offer = reader.decode(() => {
    const decoded = decodeOffer(offerNode, service);
    return decoded === null ? null : { entry: decoded, znodeVersion: 0 };
  });
  return {
    dependsOn: entry?.dependsOn ?? [],
    committed: entry?.committed?.version ?? null,
    offer: offer?.version ?? null,
    sizeBytes: offer?.sizeBytes ?? entry?.committed?.sizeBytes ?? 0,
    origin: (offer ?? entry?.committed)?.origin ?? null,
    releases: fleetReleases(offer, entry?.committed ?? null),
    ...(entry?.policy.freeze === undefined ? {} : { freeze: entry.policy.freeze }),
    hosts: names.map((host, index) => {
      const [rosterNode = null, currentNode = null, slotNode = null] = nodes.slice(
        index * 3,
        index * 3 + 3,
      );
      const owner = (path: string) => ({ path, field: "host", name: host }) as const;
      const rosterPath = servicePath(service, host);
      return fleetHost(host, {
        roster: reader.decode(() => decodeNode<Roster>(rosterSchema, rosterNode, rosterPath)),
        current: reader.decode(() =>
          decodeOwned<"host", Current>(
            currentSchema,
            currentNode,
            owner(currentPath(service, host)),
          )
        ),
        slot: slotHosts.has(host)
          ? reader.decode(() =>
            decodeOwned<"host", Slot>(slotSchema, slotNode, owner(slotsPath(service, host)))
          )
          : null,
        queued: queued.has(host),
      });
    }),
  };
}

function fleetReleases(offer: Offer | null, committed: Release | null): FleetRelease[] {
  const releases: FleetRelease[] = [];
  for (const release of [offer, committed]) {
    if (release === null || release.infoHash === null) continue;
    const { version, infoHash, sizeBytes, trackers = [] } = release;
    if (releases.some((other) => other.infoHash === infoHash)) continue;
    releases.push({ version, infoHash, sizeBytes, trackers });
  }
  return releases;
}

function fleetHost(
  host: string,
  entries: {
    roster: Roster | null;
    current: Current | null;
    slot: Slot | null;
    queued: boolean;
  },
): FleetHost {
  const { roster, current, slot, queued } = entries;
  return {
    host,
    site: current?.site ?? roster?.site ?? "?",
    rack: current?.rack ?? roster?.rack ?? "?",
    online: current !== null,
    version: current?.version ?? null,
    infoHash: current?.infoHash,
    state: current?.state ?? "down",
    sinceMs: current?.sinceMs ?? null,
    preparation: current?.preparation ?? null,
    pinnedBytes: current?.pinnedBytes ?? 0,
    received: current?.received ?? null,
    waitingFor: current?.waitingFor ?? null,
    waitingSinceMs: current?.waitingSinceMs ?? null,
    endpoint: current?.endpoint ?? null,
    restarts: current?.restarts ?? null,
    quarantined: current?.quarantined ?? null,
    slot,
    queued,
    drained: roster?.drained ?? null,
    drainDone: current?.drained ?? null,
    newcomer: isNewcomer(roster),
  };
}
