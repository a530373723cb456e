/**
 * What a host reads about its service before it decides anything: which nodes it needs, and what they say. Pure: whoever
 * has the nodes, from ZooKeeper or from a tree in memory, hands them in.
 *
 * @module
 */

import type { z } from "zod";
import {
  controlSchema,
  type Current,
  currentSchema,
  EntryError,
  type Roster,
  type Slot,
  slotSchema,
  type Staged,
  stagedSchema,
} from "../entries.ts";
import { WAVES_MAX } from "../plan.ts";
import { DEFAULT_POLICY } from "../policy.ts";
import {
  CONTROL,
  currentPath,
  DEPLOY,
  donePath,
  newcomersPath,
  readyPath,
  type SequentialName,
  servicePath,
  servingPath,
  slotsPath,
  stagingPath,
  wavePath,
} from "../tree.ts";
import { decodeDependencies, dependencyPaths } from "./dependency_reading.ts";
import { nextWaveOf, wavesOf } from "./deploy_queue.ts";
import { keepNames, keepSequential, tellStrangers } from "./node_names.ts";
import { checkChildCount, decodeNode, decodeOwned, type RawNode, type TreePart } from "./node.ts";
import { decodeRoster, unreadableSlot } from "./one_host.ts";
import { Problems } from "./problems.ts";
import {
  decodeOffer,
  decodeService,
  decodeWave,
  openingOf,
  type SharedEntries,
  toFirstWave,
  withContent,
} from "./shared_entries.ts";
import type { FirstWave, ServiceView } from "../service_view.ts";

/** A {@link ServiceView} with what else the host's own decisions need. */
export interface ServiceReading extends SharedEntries {
  /** The input of the rules. */
  readonly view: ServiceView;
  /** Nodes of the staging queue, in order, with the host that each belongs to. */
  readonly stagingNodes: readonly { readonly node: string; readonly host: string }[];
}

/** The nodes whose children a reading lists: waves, roster, staging queue, slots, hosts that are online. */
export function parentPaths(service: string): readonly string[] {
  return [
    DEPLOY,
    servicePath(service),
    stagingPath(service),
    slotsPath(service),
    currentPath(service),
  ];
}

/** The nodes that a reading begins with. */
export function sharedPaths(service: string): readonly string[] {
  return [CONTROL, ...parentPaths(service)];
}

/**
 * Checks that no node has more children than may be listed.
 *
 * @throws {EntryError}
 */
export function checkParents(service: string, tree: Pick<TreePart, "node">): void {
  for (const path of parentPaths(service)) {
    const count = childCountOf(tree.node(path));
    if (path === DEPLOY) checkChildCount(path, count, WAVES_MAX);
    else checkChildCount(path, count);
  }
}

/** Where hosts are counted: those that serve, newcomers, and those of the first wave, if it is this service's. */
export function countingPaths(service: string, tree: TreePart): readonly string[] {
  const name = nextWaveOf(service, namesIn(service, tree, new Problems()).queue, tree);
  const wave = name?.prefix === service ? decodeWave(name, tree.node(wavePath(name.node))) : null;
  const tally = wave?.entry.tally;
  return [
    servingPath(service),
    newcomersPath(service),
    ...(tally === undefined ? [] : [readyPath(service, tally), donePath(service, tally)]),
  ];
}

/** The nodes that a reading ends with, once the children are known. */
export function entryPaths(service: string, tree: TreePart): readonly string[] {
  const names = namesIn(service, tree, new Problems());
  const { waves, roster, slotHosts, currentHosts, stagingNodes } = names;
  return [
    ...waves.map(({ node }) => wavePath(node)),
    ...roster.map((host) => servicePath(service, host)),
    ...dependencyPaths(service, tree),
    ...slotHosts.map((host) => slotsPath(service, host)),
    ...currentHosts.map((host) => currentPath(service, host)),
    ...stagingNodes.map(({ node }) => stagingPath(service, node)),
  ];
}

/**
 * Puts the nodes of {@link sharedPaths} and {@link entryPaths} together, and what is below those of {@link countingPaths}.
 *
 * An entry counts under the name of its node. What cannot be read of a single host is dropped and told: its entry and its
 * place in the staging queue do not count, and its slot counts as held. All of that only makes others more careful. A
 * broken entry that all hosts depend on is an error.
 *
 * @throws {EntryError} when such an entry is broken.
 */
export function decodeReading(service: string, tree: TreePart): ServiceReading {
  const problems = new Problems();
  const { queue, waves, roster, stagingNodes, slotHosts, currentHosts } = namesIn(
    service,
    tree,
    problems,
  );
  const at = (host: string, path: string): NamedNode => ({
    host,
    path,
    node: tree.node(path),
  });
  const slotNodes = slotHosts.map((host) => at(host, slotsPath(service, host)));
  for (const path of [...waves.map(({ node }) => wavePath(node)), ...slotNodes.map(pathOf)]) {
    if (childCountOf(tree.node(path)) === 0) continue;
    problems.add(`read ${path}: expected no children, there are; they go when it goes`);
  }
  const offer = decodeOffer(tree.node(stagingPath(service)), service);
  const waveNamed = (name: SequentialName): FirstWave | null => {
    const wave = decodeWave(name, tree.node(wavePath(name.node)));
    return wave === null ? null : withContent(toFirstWave(name, wave), offer);
  };
  const decodedWaves = new Map(waves.map((name) => [name.node, waveNamed(name)]));
  const onRoster = new Set(roster);
  for (const path of countingPaths(service, tree)) {
    tellStrangers(tree.children(path), path, { roster: onRoster, problems });
  }
  const slots = decodeHostEntries<Slot>(slotSchema, slotNodes, {
    problems,
    // A host that is on no roster cannot be down for an upgrade.
    orElse: (host, node) => onRoster.has(host) ? [unreadableSlot(host, node)] : [],
  });
  const currentNodes = currentHosts.map((host) => at(host, currentPath(service, host)));
  const current = decodeHostEntries<Current>(currentSchema, currentNodes, { problems });
  const stagedNodes = stagingNodes.map(({ node, host }) => at(host, stagingPath(service, node)));
  const staged = decodeHostEntries<Staged>(stagedSchema, stagedNodes, { problems });

  const rosterEntries = new Map(roster.flatMap((host): [string, Roster][] => {
    const entry = decodeRoster(service, host, { tree, problems });
    return entry === null ? [] : [[host, entry]];
  }));
  const control = decodeNode(controlSchema, tree.node(CONTROL), CONTROL);
  const serviceEntry = decodeService(service, tree.node(servicePath(service)));
  const counter = tree.node(slotsPath(service));
  const next = nextWaveOf(service, queue, tree);
  const wave = next === null ? null : waveNamed(next);
  return {
    view: {
      control: control?.entry ?? null,
      controlVersion: control?.znodeVersion ?? -1,
      wave,
      policy: serviceEntry?.entry.policy ?? DEFAULT_POLICY,
      roster,
      rosterEntries,
      current: new Map(current.map((entry) => [entry.host, entry])),
      staged,
      slots: new Map(slots.map((slot) => [slot.host, slot])),
      dependencies: decodeDependencies(service, tree),
      slotsVersion: counter !== null && "version" in counter ? counter.version : -1,
    },
    service: serviceEntry,
    offer,
    queue: queue.map(({ node, prefix }) => ({ node, service: prefix })),
    waves: queue.filter(({ prefix }) => prefix === service)
      .flatMap(({ node }) => decodedWaves.get(node) ?? []),
    stagingNodes,
    opening: openingOf(wave, service, tree),
    problems: problems.messages,
  };
}

/** What the children of the parents are called, as far as they can be Rollcall's. */
interface Names {
  /** The whole deploy queue, in order. */
  readonly queue: readonly SequentialName[];
  /** Of those, the waves that are read: the first one, and this service's. */
  readonly waves: readonly SequentialName[];
  readonly roster: readonly string[];
  readonly stagingNodes: readonly { readonly node: string; readonly host: string }[];
  readonly slotHosts: readonly string[];
  readonly currentHosts: readonly string[];
}

function namesIn(service: string, tree: TreePart, problems: Problems): Names {
  const namesOf = (path: string) => keepNames(tree.children(path), path, problems);
  const sequentialOf = (path: string) => keepSequential(tree.children(path), path, problems);
  const queue = sequentialOf(DEPLOY);
  return {
    queue,
    waves: wavesOf(service, queue),
    roster: namesOf(servicePath(service)),
    stagingNodes: sequentialOf(stagingPath(service))
      .map(({ node, prefix }) => ({ node, host: prefix })),
    slotHosts: namesOf(slotsPath(service)),
    currentHosts: namesOf(currentPath(service)),
  };
}

/** A node, and the host that it is named after. */
interface NamedNode {
  readonly host: string;
  readonly path: string;
  readonly node: RawNode;
}

/** Decodes the entries of single hosts; of one that cannot be read, there is what `orElse` says. */
function decodeHostEntries<T extends { readonly host: string }>(
  schema: z.ZodType<T>,
  nodes: readonly NamedNode[],
  { problems, orElse }: {
    readonly problems: Problems;
    readonly orElse?: (host: string, node: RawNode) => T[];
  },
): T[] {
  return nodes.flatMap(({ host, path, node }) => {
    try {
      return decodeOwned<"host", T>(schema, node, { path, field: "host", name: host })?.entry ?? [];
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      problems.add(error);
      return orElse?.(host, node) ?? [];
    }
  });
}

function pathOf({ path }: NamedNode): string {
  return path;
}

function childCountOf(node: RawNode): number {
  return node?.childCount ?? 0;
}
