/**
 * What a host reads about its service before it decides anything: the view on which the pure rules of `rollout/` work.
 *
 * @module
 */

import {
  CONTROL,
  controlSchema,
  type Current,
  currentPath,
  currentSchema,
  DEFAULT_POLICY,
  DEPLOY,
  EntryError,
  type FirstWave,
  type Offer,
  offerSchema,
  ROOT,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  type ServiceView,
  type Slot,
  slotSchema,
  slotsPath,
  type Staged,
  stagedSchema,
  stagingPath,
  type Wave,
  wavePath,
  WAVES_MAX,
  waveSchema,
} from "../rollout/mod.ts";
import { op, type ZooKeeper } from "../zookeeper/mod.ts";
import type { z } from "zod";
import {
  checkChildCount,
  decodeNode,
  decodeOwned,
  type RawNode,
  readNodes,
  toChildren,
  toRawNode,
  type Versioned,
} from "./entry_reader.ts";
import { keepNames, keepSequential } from "./node_names.ts";
import { Problems } from "./problems.ts";
import { decodeService } from "./rollouts.ts";

/** A {@link ServiceView} with what else the host's own decisions need. */
export interface ServiceReading {
  /** The input of the rules. */
  readonly view: ServiceView;
  /** The service's entry; `null` when there is none. */
  readonly service: Versioned<Service> | null;
  /** The release on offer; `null` when there is none. */
  readonly offer: Offer | null;
  /** Services of the deploy queue, in order. */
  readonly queue: readonly { readonly node: string; readonly service: string }[];
  /** The waves of this service, in order. */
  readonly waves: readonly FirstWave[];
  /** Nodes of the staging queue, in order, with the host that each belongs to. */
  readonly stagingNodes: readonly { readonly node: string; readonly host: string }[];
  /** What was dropped because it cannot be read, one message each. */
  readonly problems: readonly string[];
}

/**
 * Reads a service's state in a few requests. A `sync` comes first, so that the view has everything that was acknowledged
 * before the call.
 *
 * An entry counts under the name of its node. What cannot be read of a single host is dropped and told: its entry and its
 * place in the staging queue do not count, and its slot counts as held. All of that only makes others more careful. A
 * broken entry that all hosts depend on is an error.
 *
 * @throws {EntryError} when such an entry is broken.
 * @throws {ZooKeeperError} when a request fails.
 */
export async function readService(zk: ZooKeeper, service: string): Promise<ServiceReading> {
  const problems = new Problems();
  const paths = {
    service: servicePath(service),
    staging: stagingPath(service),
    slots: slotsPath(service),
    current: currentPath(service),
  };
  // One after the other at the server, since requests keep their order.
  const [, [control, serviceNode, staging, slotsNode, currentNode, deployNode]] = await Promise.all(
    [
      zk.sync(ROOT),
      zk.multiRead([CONTROL, ...Object.values(paths), DEPLOY].map((path) => op.get(path))),
    ],
  );
  const parents = {
    service: toRawNode(serviceNode, paths.service),
    staging: toRawNode(staging, paths.staging),
    slots: toRawNode(slotsNode, paths.slots),
    current: toRawNode(currentNode, paths.current),
  };
  checkChildCount(DEPLOY, childCountOf(toRawNode(deployNode, DEPLOY)), WAVES_MAX);
  checkChildCount(paths.service, childCountOf(parents.service));
  checkChildCount(paths.staging, childCountOf(parents.staging));
  checkChildCount(paths.slots, childCountOf(parents.slots));
  checkChildCount(paths.current, childCountOf(parents.current));
  const lists = await zk.multiRead(
    [DEPLOY, ...Object.values(paths)].map((path) => op.children(path)),
  );
  const [waveList, rosterList, stagingList, slotList, currentList] = lists;
  const queue = keepSequential(toChildren(waveList, DEPLOY), DEPLOY, problems)
    .map(({ node, prefix }) => ({ node, service: prefix }));
  const roster = keepNames(toChildren(rosterList, paths.service), paths.service, problems);
  const stagingNodes = keepSequential(
    toChildren(stagingList, paths.staging),
    paths.staging,
    problems,
  ).map(({ node, prefix }) => ({ node, host: prefix }));
  const slotHosts = keepNames(toChildren(slotList, paths.slots), paths.slots, problems);
  const currentHosts = keepNames(toChildren(currentList, paths.current), paths.current, problems);
  const first = queue[0];
  const ownWaves = queue.filter((wave) => wave.service === service);
  const wanted = [...new Set(first === undefined ? ownWaves : [first, ...ownWaves])];

  const [waveNodes, slotNodes, currentNodes, stagedNodes] = await readGroups(zk, [
    wanted.map(({ node, service }) => ({ name: service, path: wavePath(node) })),
    slotHosts.map((host) => ({ name: host, path: slotsPath(service, host) })),
    currentHosts.map((host) => ({ name: host, path: currentPath(service, host) })),
    stagingNodes.map(({ node, host }) => ({ name: host, path: stagingPath(service, node) })),
  ]);
  for (const { path, node } of [...waveNodes, ...slotNodes]) {
    if (childCountOf(node) === 0) continue;
    problems.add(`read ${path}: expected no children, there are; they go when it goes`);
  }
  const waves = new Map(
    wanted.map(({ node }, index) => [node, decodeWave(node, waveNodes[index])]),
  );
  const onRoster = new Set(roster);
  const slots = decodeHostEntries<Slot>(slotSchema, slotNodes, {
    problems,
    // A host that is on no roster cannot be down for an upgrade.
    orElse: (host, node) => onRoster.has(host) ? [unreadableSlot(host, node)] : [],
  });
  const current = decodeHostEntries<Current>(currentSchema, currentNodes, { problems });
  const staged = decodeHostEntries<Staged>(stagedSchema, stagedNodes, { problems });

  const controlEntry = decodeNode(controlSchema, toRawNode(control, CONTROL), CONTROL);
  const serviceEntry = decodeService(service, parents.service);
  const { slots: counter } = parents;
  return {
    view: {
      control: controlEntry?.entry ?? null,
      controlVersion: controlEntry?.znodeVersion ?? -1,
      wave: first === undefined ? null : waves.get(first.node) ?? null,
      policy: serviceEntry?.entry.policy ?? DEFAULT_POLICY,
      roster,
      current: new Map(current.map((entry) => [entry.host, entry])),
      staged,
      slots: new Map(slots.map((slot) => [slot.host, slot])),
      slotsVersion: counter !== null && "version" in counter ? counter.version : -1,
    },
    service: serviceEntry,
    offer: decodeOffer(parents.staging, service),
    queue,
    waves: ownWaves.flatMap(({ node }) => waves.get(node) ?? []),
    stagingNodes,
    problems: problems.messages,
  };
}

/**
 * Decodes the release on offer; `null` if there is none, which is a node without data.
 *
 * @throws {EntryError}
 */
export function decodeOffer(node: RawNode, service: string): Offer | null {
  if (node !== null && "data" in node && node.data.length === 0) return null;
  const of = { path: stagingPath(service), field: "service", name: service } as const;
  return decodeOwned<"service", Offer>(offerSchema, node, of)?.entry ?? null;
}

/**
 * Whoever holds a slot may be down, and a slot that cannot be read may be held. So it counts as held by the host that its
 * node names; that host gives it back as soon as it has no switch under way.
 */
function unreadableSlot(host: string, node: RawNode): Slot {
  return {
    schema: SCHEMA_VERSION,
    host,
    from: null,
    to: "unreadable",
    step: "draining",
    sinceMs: node !== null && "mtimeMs" in node ? node.mtimeMs : 0,
    wave: null,
    reason: null,
  };
}

function decodeWave(node: string, found: NamedNode | undefined): FirstWave | null {
  if (found === undefined) return null;
  const { path, name } = found;
  const wave = decodeOwned<"service", Wave>(waveSchema, found.node, {
    path,
    field: "service",
    name,
  });
  if (wave === null) return null;
  const { service, version, hosts } = wave.entry;
  return { node, znodeVersion: wave.znodeVersion, service, version, hosts };
}

/** A node that was read, and whose it is by its name. */
interface NamedNode {
  readonly name: string;
  readonly path: string;
  readonly node: RawNode;
}

type Groups = readonly (readonly Omit<NamedNode, "node">[])[];

/** Reads groups of nodes in as few requests as one group of them all. */
async function readGroups<T extends Groups>(
  zk: ZooKeeper,
  groups: readonly [...T],
): Promise<{ [Index in keyof T]: NamedNode[] }> {
  const nodes = await readNodes(zk, groups.flatMap((group) => group.map(({ path }) => path)));
  let at = 0;
  return groups.map((group) => group.map((of) => ({ ...of, node: nodes[at++] ?? null }))) as {
    [Index in keyof T]: NamedNode[];
  };
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
  return nodes.flatMap(({ name, path, node }) => {
    try {
      return decodeOwned<"host", T>(schema, node, { path, field: "host", name })?.entry ?? [];
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      problems.add(error);
      return orElse?.(name, node) ?? [];
    }
  });
}

function childCountOf(node: RawNode): number {
  return node?.childCount ?? 0;
}
