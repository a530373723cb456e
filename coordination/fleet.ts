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
  DEPLOY,
  EntryError,
  historyPath,
  type Offer,
  offerSchema,
  type Preparation,
  type Received,
  type Release,
  type Rollout,
  rolloutSchema,
  type Roster,
  rosterSchema,
  type Service,
  servicePath,
  SERVICES,
  serviceSchema,
  type Slot,
  slotSchema,
  slotsPath,
  sortSequential,
  stagingPath,
  wavePath,
  waveSchema,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import type { z } from "zod";
import { decodeNode, type RawNode, readChildren, readNodes } from "./entry_reader.ts";
import { newestRollout } from "./rollouts.ts";

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
  /** URL of its agent's endpoint. */
  readonly endpoint: string | null;
  /** The slot that it holds, or the record of its failure. */
  readonly slot: Slot | null;
  /** Whether it is in the staging queue. */
  readonly queued: boolean;
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
  /** Its hosts, by name: those on the roster and those that are online. */
  readonly hosts: readonly FleetHost[];
}

/** One wave of the deploy queue. */
export interface QueuedWave {
  readonly service: string;
  readonly version: string;
  /** The hosts of the wave; `null`: all of the service. */
  readonly hosts: readonly string[] | null;
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

/** Reads the fleet. An entry that is broken is left out and named under `problems`. */
export async function readFleet(zk: ZooKeeper): Promise<Fleet> {
  const problems: string[] = [];
  function decode<T>(schema: z.ZodType<T>, node: RawNode | undefined, path: string): T | null {
    try {
      return decodeNode(schema, node ?? null, path)?.entry ?? null;
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      problems.push(error.message);
      return null;
    }
  }

  const [serviceNames = [], waveNames = []] = await readChildren(zk, [SERVICES, DEPLOY]);
  const rolloutId = await newestRollout(zk);
  const queue = sortSequential(waveNames);
  const [controlNode, rolloutNode, ...waveNodes] = await readNodes(zk, [
    CONTROL,
    rolloutId === null ? CONTROL : historyPath(rolloutId),
    ...queue.map(({ node }) => wavePath(node)),
  ]);
  const services: Record<string, FleetService> = {};
  for (const name of serviceNames.toSorted()) {
    services[name] = await readFleetService(zk, name, decode);
  }
  const rollout = rolloutId === null
    ? null
    : decode(rolloutSchema, rolloutNode, historyPath(rolloutId));
  return {
    control: decode(controlSchema, controlNode, CONTROL),
    rollout: rollout === null || rolloutId === null ? null : { ...rollout, id: rolloutId },
    queue: queue.flatMap(({ node }, index) => {
      const wave = decode(waveSchema, waveNodes[index], wavePath(node));
      return wave === null
        ? []
        : [{ service: wave.service, version: wave.version, hosts: wave.hosts }];
    }),
    services,
    problems,
  };
}

type Decode = <T>(schema: z.ZodType<T>, node: RawNode | undefined, path: string) => T | null;

async function readFleetService(
  zk: ZooKeeper,
  service: string,
  decode: Decode,
): Promise<FleetService> {
  const [roster = [], online = [], slotHosts = []] = await readChildren(zk, [
    servicePath(service),
    currentPath(service),
    slotsPath(service),
  ]);
  // A host that an operator has taken off the roster still shows while it is online.
  const names = [...new Set([...roster, ...online])].sort();
  const paths = names.flatMap((host) => [
    servicePath(service, host),
    currentPath(service, host),
    slotsPath(service, host),
  ]);
  const [serviceNode, offerNode, ...nodes] = await readNodes(zk, [
    servicePath(service),
    stagingPath(service),
    ...paths,
  ]);
  // Read last: a host whose slot was read above is still seen in the queue, or has left it by finishing its switch.
  const [queue = []] = await readChildren(zk, [stagingPath(service)]);
  const queued = new Set(sortSequential(queue).map(({ prefix }) => prefix));
  const entry = decode<Service>(serviceSchema, serviceNode, servicePath(service));
  const offer = decode<Offer>(offerSchema, offerNode, stagingPath(service));
  return {
    dependsOn: entry?.dependsOn ?? [],
    committed: entry?.committed?.version ?? null,
    offer: offer?.version ?? null,
    sizeBytes: offer?.sizeBytes ?? entry?.committed?.sizeBytes ?? 0,
    origin: (offer ?? entry?.committed)?.origin ?? null,
    releases: fleetReleases(offer, entry?.committed ?? null),
    hosts: names.map((host, index) => {
      const [rosterNode, currentNode, slotNode] = nodes.slice(index * 3, index * 3 + 3);
      return fleetHost(host, {
        roster: decode<Roster>(rosterSchema, rosterNode, servicePath(service, host)),
        current: decode<Current>(currentSchema, currentNode, currentPath(service, host)),
        slot: slotHosts.includes(host)
          ? decode<Slot>(slotSchema, slotNode, slotsPath(service, host))
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
    state: current?.state ?? "down",
    sinceMs: current?.sinceMs ?? null,
    preparation: current?.preparation ?? null,
    pinnedBytes: current?.pinnedBytes ?? 0,
    received: current?.received ?? null,
    waitingFor: current?.waitingFor ?? null,
    endpoint: current?.endpoint ?? null,
    slot,
    queued,
  };
}
