/**
 * Decodes the entries that all hosts of a service depend on: the service itself, the release on offer, a wave. One that
 * belongs to another service than its node is an error.
 *
 * @module
 */

import {
  EntryError,
  type Offer,
  offerSchema,
  type Service,
  serviceSchema,
  type Wave,
  waveSchema,
} from "../entries.ts";
import { donePath, type SequentialName, servicePath, stagingPath, wavePath } from "../tree.ts";
import { decodeNode, decodeOwned, type RawNode, type TreePart, type Versioned } from "./node.ts";
import type { FirstWave } from "../service_view.ts";

/** What every reading has of what all hosts of a service depend on. */
export interface SharedEntries {
  /** The service's entry; `null` when there is none. */
  readonly service: Versioned<Service> | null;
  /** The release on offer; `null` when there is none. */
  readonly offer: Offer | null;
  /** Services of the deploy queue, in order. */
  readonly queue: readonly { readonly node: string; readonly service: string }[];
  /** The waves of this service, in order. */
  readonly waves: readonly FirstWave[];
  /**
   * The node below which the hosts that are done are counted for the first wave, if that is this service's and no host was
   * admitted to it yet: whoever opens it sets that node.
   */
  readonly opening: string | null;
  /** What was dropped because it cannot be read, one message each. */
  readonly problems: readonly string[];
}

/**
 * Decodes a service's entry, whose committed release must be of that service; `null` if there is no node.
 *
 * @throws {EntryError}
 */
export function decodeService(name: string, node: RawNode): Versioned<Service> | null {
  const path = servicePath(name);
  const service = decodeNode(serviceSchema, node, path);
  const committed = service?.entry.committed ?? null;
  if (committed === null || committed.service === name) return service;
  throw new EntryError(
    `read ${path}: expected a committed release of "${name}", was one of "${committed.service}"`,
  );
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
 * Decodes a wave's entry; `null` if there is no node.
 *
 * @throws {EntryError}
 */
export function decodeWave(name: SequentialName, node: RawNode): Versioned<Wave> | null {
  const of = { path: wavePath(name.node), field: "service", name: name.prefix } as const;
  return decodeOwned<"service", Wave>(waveSchema, node, of);
}

/** A wave as it is queued: which content its version has is not known yet. */
export function toFirstWave(
  { node }: Pick<SequentialName, "node">,
  { entry, znodeVersion }: Versioned<Wave>,
): FirstWave {
  const { service, version, hosts, tally, gate, maxFailures, after } = entry;
  const { ignoresFreeze, rollsBack } = entry;
  return {
    node,
    znodeVersion,
    service,
    version,
    infoHash: undefined,
    hosts,
    tally,
    gate,
    maxFailures,
    after,
    ...(ignoresFreeze === undefined ? {} : { ignoresFreeze: true }),
    ...(rollsBack === undefined ? {} : { rollsBack }),
  };
}

/**
 * A wave as the rules see it. The offer says which content its version has: both are written and removed together, which
 * moves the control node on.
 */
export function withContent(wave: FirstWave, offer: Offer | null): FirstWave {
  const isOffered = offer?.service === wave.service && offer.version === wave.version;
  return isOffered ? { ...wave, infoHash: offer.infoHash, restart: offer.restart } : wave;
}

/** See {@link SharedEntries.opening}. A wave that is not counted, or whose node somebody has removed, has none. */
export function openingOf(
  wave: FirstWave | null,
  service: string,
  tree: Pick<TreePart, "node">,
): string | null {
  if (wave === null || wave.service !== service || wave.tally === undefined) return null;
  const path = donePath(service, wave.tally);
  const node = tree.node(path);
  return node !== null && "version" in node && node.version === 0 ? path : null;
}
