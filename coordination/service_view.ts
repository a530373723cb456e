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
  type Service,
  servicePath,
  serviceSchema,
  type ServiceView,
  type Slot,
  slotSchema,
  slotsPath,
  sortSequential,
  stagedSchema,
  stagingPath,
  wavePath,
  waveSchema,
} from "../rollout/mod.ts";
import { op, type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";
import type { z } from "zod";
import { decodeNode, type RawNode, readNodes, type Versioned } from "./entry_reader.ts";

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
}

/**
 * Reads a service's state in three requests, whatever the number of hosts. A `sync` comes first, so that the view has
 * everything that was acknowledged before the call.
 *
 * A host whose own entry is broken counts as absent, which only makes others more careful. A broken entry that all hosts
 * depend on is an error.
 *
 * @throws {EntryError} when such an entry is broken.
 * @throws {ZooKeeperError} when a request fails.
 */
export async function readService(zk: ZooKeeper, service: string): Promise<ServiceReading> {
  const paths = {
    service: servicePath(service),
    staging: stagingPath(service),
    slots: slotsPath(service),
    current: currentPath(service),
  };
  await zk.sync(ROOT);
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
  const [waveNames = [], roster = [], stagingNames = [], slotHosts = [], currentHosts = []] = lists
    .map(
      (result) =>
        (result instanceof ZooKeeperError || result?.kind !== "children") ? [] : result.children,
    );
  const queue = sortSequential(waveNames).map(({ node, prefix }) => ({ node, service: prefix }));
  const stagingNodes = sortSequential(stagingNames).map(({ node, prefix }) => ({
    node,
    host: prefix,
  }));
  const firstNode = queue[0]?.node;
  const ownNodes = queue.filter((wave) => wave.service === service).map(({ node }) => node);
  const waveNodes = [...new Set(firstNode === undefined ? ownNodes : [firstNode, ...ownNodes])];

  const slotPaths = slotHosts.map((host) => slotsPath(service, host));
  const currentPaths = currentHosts.map((host) => currentPath(service, host));
  const stagedPaths = stagingNodes.map(({ node }) => stagingPath(service, node));
  const details = await readNodes(zk, [
    ...waveNodes.map(wavePath),
    ...slotPaths,
    ...currentPaths,
    ...stagedPaths,
  ]);
  const waves = new Map(waveNodes.map((node) => [node, decodeWave(node, details.shift() ?? null)]));

  function decodeMany<T>(schema: z.ZodType<T>, nodePaths: readonly string[]): T[] {
    return nodePaths.flatMap((path) => {
      const node = details.shift() ?? null;
      try {
        const decoded = decodeNode(schema, node, path);
        return decoded === null ? [] : [decoded.entry];
      } catch (error) {
        if (error instanceof EntryError) return [];
        throw error;
      }
    });
  }
  const slots = decodeMany<Slot>(slotSchema, slotPaths);
  const current = decodeMany<Current>(currentSchema, currentPaths);
  const staged = decodeMany(stagedSchema, stagedPaths);

  const controlEntry = decodeNode(controlSchema, rawNode(control), CONTROL);
  const serviceEntry = decodeNode(serviceSchema, rawNode(serviceNode), paths.service);
  const offer = decodeNode(offerSchema, rawNode(staging), paths.staging);
  return {
    view: {
      control: controlEntry?.entry ?? null,
      controlVersion: controlEntry?.znodeVersion ?? -1,
      wave: firstNode === undefined ? null : waves.get(firstNode) ?? null,
      policy: serviceEntry?.entry.policy ?? DEFAULT_POLICY,
      roster,
      current: new Map(current.map((entry) => [entry.host, entry])),
      staged,
      slots: new Map(slots.map((slot) => [slot.host, slot])),
      slotsVersion: rawNode(slotsNode)?.version ?? -1,
    },
    service: serviceEntry,
    offer: offer?.entry ?? null,
    queue,
    waves: ownNodes.flatMap((node) => waves.get(node) ?? []),
    stagingNodes,
  };
}

function decodeWave(node: string, raw: RawNode): FirstWave | null {
  const wave = decodeNode(waveSchema, raw, wavePath(node));
  if (wave === null) return null;
  const { service, version, hosts } = wave.entry;
  return { node, znodeVersion: wave.znodeVersion, service, version, hosts };
}

function rawNode(
  result: Awaited<ReturnType<ZooKeeper["multiRead"]>>[number] | undefined,
): RawNode {
  if (result === undefined) return null;
  if (result instanceof ZooKeeperError) {
    if (result.code === "NO_NODE") return null;
    throw result;
  }
  return result.kind === "get" ? { data: result.data, version: result.stat.version } : null;
}
