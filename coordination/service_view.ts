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
  HOST_LIST_MAX_BYTES,
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
  checkChildCounts,
  CHILDREN_MAX,
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
  await Promise.all([
    zk.sync(ROOT),
    // In the order of sending, so behind the sync.
    checkChildCounts(zk, [
      { path: DEPLOY, max: WAVES_MAX },
      ...Object.values(paths).map((path) => ({ path, max: CHILDREN_MAX })),
    ]),
  ]);
  const [control, serviceNode, staging, slotsNode, ...lists] = await zk.multiRead([
    op.get(CONTROL),
    op.get(paths.service),
    op.get(paths.staging),
    op.get(paths.slots),
    op.children(DEPLOY),
    op.children(paths.service),
    op.children(paths.staging),
    op.children(paths.slots),
    op.children(paths.current),
  ]);
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

  const waveNodes = await readNodes(
    zk,
    wanted.map(({ node }) => wavePath(node)),
    HOST_LIST_MAX_BYTES,
  );
  const waves = new Map(
    wanted.map((wave, index) => [wave.node, decodeWave(wave, waveNodes[index] ?? null)]),
  );
  const slotPaths = slotHosts.map((host) => slotsPath(service, host));
  const currentPaths = currentHosts.map((host) => currentPath(service, host));
  const stagedPaths = stagingNodes.map(({ node }) => stagingPath(service, node));
  const details = await readNodes(zk, [...slotPaths, ...currentPaths, ...stagedPaths]);

  [...wanted.map(({ node }) => wavePath(node)), ...slotPaths].forEach((path, index) => {
    const node = (index < wanted.length ? waveNodes[index] : details[index - wanted.length]) ??
      null;
    if (node === null || !("childCount" in node) || node.childCount === 0) return;
    problems.add(`read ${path}: expected no children, there are; they go when it goes`);
  });

  function decodeMany<T extends { readonly host: string }>(
    schema: z.ZodType<T>,
    hosts: readonly string[],
    { nodePaths, from, orElse }: {
      readonly nodePaths: readonly string[];
      /** Index of the first of them among the details. */
      readonly from: number;
      readonly orElse?: (host: string, node: RawNode) => T[];
    },
  ): T[] {
    return hosts.flatMap((host, index) => {
      const node = details[from + index] ?? null;
      try {
        const of = { path: nodePaths[index] ?? "", field: "host", name: host } as const;
        const decoded = decodeOwned(schema, node, of);
        return decoded === null ? [] : [decoded.entry];
      } catch (error) {
        if (!(error instanceof EntryError)) throw error;
        problems.add(error);
        return orElse?.(host, node) ?? [];
      }
    });
  }
  const onRoster = new Set(roster);
  const slots = decodeMany<Slot>(slotSchema, slotHosts, {
    nodePaths: slotPaths,
    from: 0,
    // A host that is on no roster cannot be down for an upgrade.
    orElse: (host, node) => onRoster.has(host) ? [unreadableSlot(host, node)] : [],
  });
  const current = decodeMany<Current>(currentSchema, currentHosts, {
    nodePaths: currentPaths,
    from: slotPaths.length,
  });
  const staged = decodeMany<Staged>(stagedSchema, stagingNodes.map(({ host }) => host), {
    nodePaths: stagedPaths,
    from: slotPaths.length + currentPaths.length,
  });

  const controlEntry = decodeNode(controlSchema, toRawNode(control), CONTROL);
  const serviceEntry = decodeService(service, toRawNode(serviceNode));
  const counter = toRawNode(slotsNode);
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
    offer: decodeOffer(toRawNode(staging), service),
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

function decodeWave(
  { node, service }: { readonly node: string; readonly service: string },
  raw: RawNode,
): FirstWave | null {
  const of = { path: wavePath(node), field: "service", name: service } as const;
  const wave = decodeOwned<"service", Wave>(waveSchema, raw, of);
  if (wave === null) return null;
  const { version, hosts } = wave.entry;
  return { node, znodeVersion: wave.znodeVersion, service, version, hosts };
}
