/**
 * What the tree knows under the version of a release. One that is to be rolled out is refused before anything is written if the
 * version is known with other content: hosts that have the one would not take the other. One that is wanted is not unpublished.
 *
 * @module
 */

import {
  type Current,
  currentPath,
  currentSchema,
  decodeOffer,
  decodeOwned,
  decodeService,
  describeOtherContent,
  EntryError,
  isOtherContent,
  isSameRelease,
  keepNames,
  listNames,
  Problems,
  type RawNode,
  type Release,
  type ReleaseIdentity,
  ROOT,
  servicePath,
  stagingPath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren, readNodes } from "./entry_reader.ts";
import { readRecord } from "./rollout_record.ts";
import { newestRollout } from "./rollouts.ts";

/**
 * Looks for other content under the versions of these releases: committed, on offer, withdrawn, or run by hosts that are
 * online. An entry that cannot be read, or does not say which content it means, does not count.
 *
 * @returns One problem for each content, with both info hashes and what to do.
 */
export async function findOtherContent(
  zk: ZooKeeper,
  releases: Iterable<Release>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const wanted of releases) {
    const places = new Map<string | null, { known: ReleaseIdentity; places: string[] }>();
    for (const { place, known } of await readKnown(zk, wanted)) {
      if (known.infoHash === undefined || !isOtherContent(known, wanted)) continue;
      const found = places.get(known.infoHash) ?? { known, places: [] };
      found.places.push(place);
      places.set(known.infoHash, found);
    }
    for (const { known, places: found } of places.values()) {
      const place = listNames(found);
      problems.push(
        `service "${wanted.service}": ${describeOtherContent({ known, place, wanted })}`,
      );
    }
  }
  return problems;
}

/**
 * Looks for who wants a release: it is committed, on offer, run by hosts that are online, or what a rollback would go back to. An
 * entry that cannot be read does not count.
 *
 * @returns Each place in words; empty if nobody wants it.
 */
export async function findWanted(
  zk: ZooKeeper,
  wanted: Pick<Release, "service" | "version" | "infoHash">,
): Promise<string[]> {
  await zk.sync(ROOT);
  const known = await readKnown(zk, wanted);
  const places = known.filter(({ place, known: one }) =>
    place !== WITHDRAWN && isSameRelease(one, wanted)
  ).map(({ place }) => place);
  const newest = await newestRollout(zk);
  const record = newest === null ? null : (await readRecord(zk, newest))?.entry ?? null;
  const before = record?.before?.[wanted.service];
  const mayGoBack = record !== null && record.rollsBack === undefined &&
    record.rolledBack === undefined;
  if (mayGoBack && before !== undefined && isSameRelease(before, wanted)) {
    places.push(`a rollback of ${newest} goes back to it`);
  }
  return places;
}

/** Where a version stands that is nobody's to start. */
const WITHDRAWN = "withdrawn";

/** Something that the tree knows under a version, and where. */
interface Known {
  readonly place: string;
  readonly known: ReleaseIdentity;
}

async function readKnown(
  zk: ZooKeeper,
  { service, version }: Pick<Release, "service" | "version">,
): Promise<Known[]> {
  const [children = []] = await readChildren(zk, [currentPath(service)]);
  const hosts = keepNames(children, currentPath(service), new Problems()).toSorted();
  const [serviceNode = null, offerNode = null, ...currentNodes] = await readNodes(zk, [
    servicePath(service),
    stagingPath(service),
    ...hosts.map((host) => currentPath(service, host)),
  ]);
  const entry = orNull(() => decodeService(service, serviceNode))?.entry ?? null;
  const withdrawn = entry?.withdrawnHashes?.[version];
  const known: [place: string, ReleaseIdentity | null][] = [
    ["committed", entry?.committed ?? null],
    ["on offer", orNull(() => decodeOffer(offerNode, service))],
    [WITHDRAWN, withdrawn === undefined ? null : { version, infoHash: withdrawn }],
    ...hosts.map((host, index): [string, ReleaseIdentity | null] => [
      `on ${host}`,
      decodeCurrent(service, host, currentNodes[index] ?? null),
    ]),
  ];
  return known.flatMap(([place, one]) => one === null ? [] : [{ place, known: one }]);
}

function decodeCurrent(service: string, host: string, node: RawNode): Current | null {
  const of = { path: currentPath(service, host), field: "host", name: host } as const;
  return orNull(() => decodeOwned<"host", Current>(currentSchema, node, of))?.entry ?? null;
}

/** What cannot be read is told elsewhere (`rollcall status`). */
function orNull<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof EntryError) return null;
    throw error;
  }
}
