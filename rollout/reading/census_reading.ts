/**
 * What a host reads while it waits or switches: itself, the waves, the few hosts that hold slots, and the numbers of all
 * others. Which nodes it needs, and what they say. Pure: whoever has the nodes hands them in.
 *
 * @module
 */

import { limitedAreas } from "../areas.ts";
import { type Census, type SlotHost, toCensus } from "../census.ts";
import { controlSchema } from "../entries.ts";
import { DEFAULT_POLICY } from "../policy.ts";
import {
  CONTROL,
  currentPath,
  DEPLOY,
  donePath,
  newcomersPath,
  quarantinedPath,
  readyPath,
  readyTallies,
  servicePath,
  servingPath,
  slotsPath,
  stagingPath,
  wavePath,
} from "../tree.ts";
import { countAreas } from "./area_reading.ts";
import { decodeDependencies } from "./dependency_reading.ts";
import { nextWaveOf, queueIn, wavesOf } from "./deploy_queue.ts";
import { keepNames, keepSequential } from "./node_names.ts";
import { childCountAt, decodeNode, isOfSession, type RawNode, type TreePart } from "./node.ts";
import { Problems } from "./problems.ts";
import { decodeCurrent, decodeRoster, decodeSlot, type Source } from "./one_host.ts";
import type { ServiceReading } from "./service_reading.ts";
import {
  decodeOffer,
  decodeService,
  decodeWave,
  openingOf,
  type SharedEntries,
  toFirstWave,
  withContent,
} from "./shared_entries.ts";
import type { FirstWave } from "../service_view.ts";
import { countWave } from "./wave_counts.ts";

/** A {@link Census} with what else the host's own decisions need. */
export interface CensusReading extends SharedEntries {
  /** The input of the rules. */
  readonly census: Census;
  /** All hosts, if they were read. */
  readonly view: ServiceReading["view"] | null;
  /** Whether an operator has ended the quarantine that the host's entry speaks of; `false` after a full reading. */
  readonly isQuarantineLifted: boolean;
  /** Nodes of the staging queue that stand, of those that were asked for. */
  readonly places: ReadonlySet<string>;
  /** All nodes of the staging queue, in order; `null` if they were not asked for. */
  readonly stagingQueue: readonly string[] | null;
  /** How large the staging queue is; `null` after a full reading, which has all its nodes. */
  readonly queueSize: QueueSize | null;
}

/** How many nodes the staging queue has, and how often one has come or gone. */
export interface QueueSize {
  readonly count: number;
  readonly changes: number;
}

/** How many nodes have left the queue from one reading to a later one: each change has added one, or taken one away. */
export function departuresBetween(before: QueueSize, after: QueueSize): number {
  return (after.changes - before.changes - (after.count - before.count)) / 2;
}

/** Whose census it is, and what it knows of the staging queue. */
export interface CensusOf {
  readonly service: string;
  readonly host: string;
  /** Nodes of the staging queue: the host's own, and the nearest ones before it. */
  readonly places: readonly string[];
  /** Whether it has just joined the queue, and needs the names of all that are before it: once. Default: false. */
  readonly isQueueNamed?: boolean;
}

/** The deploy queue as it was read, with the entries of its head and of the service's waves: good as long as it stands. */
export interface KnownQueue {
  /** Changes with every wave that comes, goes or changes. */
  readonly version: string;
  readonly queue: CensusReading["queue"];
  /** Name of the node of the wave that is next for the service; `null` if the queue is empty. */
  readonly next: string | null;
  readonly waves: readonly FirstWave[];
  readonly problems: readonly string[];
}

/**
 * The nodes of every census. The control node and the counter come first: a transaction that checks their versions is refused
 * then if anything that was read after them has changed since.
 */
export function censusPaths({ service, host, places }: CensusOf): readonly string[] {
  return [
    CONTROL,
    slotsPath(service),
    DEPLOY,
    servicePath(service),
    servicePath(service, host),
    newcomersPath(service),
    stagingPath(service),
    servingPath(service),
    quarantinedPath(service),
    quarantinedPath(service, host),
    currentPath(service),
    currentPath(service, host),
    slotsPath(service, host),
    ...places.map((node) => stagingPath(service, node)),
  ];
}

/**
 * The nodes whose children a census lists.
 *
 * @param isQueueNew Whether the deploy queue may not be as it is known: then its tallies are listed as well, so that the wave
 * and its counts can be read together.
 */
export function censusParents(
  { service, isQueueNamed = false }: CensusOf,
  isQueueNew: boolean,
): readonly string[] {
  return [
    DEPLOY,
    slotsPath(service),
    ...(isQueueNamed ? [stagingPath(service)] : []),
    ...(isQueueNew ? [readyTallies(service)] : []),
  ];
}

/** Most tallies that are read at a guess: a service has as many waves in a rollout, and most have one or two. */
const GUESSED_MAX = 4;

/** The nodes below which the hosts of the next waves are counted, by the names that were listed: the newest ones. */
export function guessedTallyPaths(
  service: string,
  tree: Pick<TreePart, "children">,
): readonly string[] {
  const names = tree.children(readyTallies(service)).toSorted().slice(-GUESSED_MAX);
  return names.flatMap((tally) => [readyPath(service, tally), donePath(service, tally)]);
}

/** The nodes below which the hosts of the first wave are counted, if it is this service's. */
export function tallyPaths(service: string, known: KnownQueue): readonly string[] {
  const tally = firstWaveOf(known)?.service === service ? firstWaveOf(known)?.tally : undefined;
  return tally === undefined ? [] : [readyPath(service, tally), donePath(service, tally)];
}

/**
 * The nodes of the hosts that hold slots, and that below which the hosts are counted that serve; none if no other host holds
 * one. They have to be read at one moment: a holder that goes down moves no counter on, and would else be taken for one of
 * those that serve when these are counted, and for one that is down when it is looked at, and be missed.
 */
export function slotPaths(
  { service, host }: Pick<CensusOf, "service" | "host">,
  tree: Pick<TreePart, "children">,
): readonly string[] {
  const hosts = slotHosts(service, tree, new Problems());
  // Of the host itself every census has all of that.
  if (hosts.every((holder) => holder === host)) return [];
  return [
    servingPath(service),
    ...hosts.flatMap((holder) => [
      slotsPath(service, holder),
      currentPath(service, holder),
      servicePath(service, holder),
    ]),
  ];
}

/** The version of the deploy queue; see {@link KnownQueue}. */
export function queueVersion(tree: Pick<TreePart, "node">): string {
  const node = tree.node(DEPLOY);
  return node !== null && "data" in node ? `${node.version} ${node.childrenVersion}` : "none";
}

/**
 * Puts the deploy queue together, from its names and the nodes of {@link wavePaths}.
 *
 * @throws {EntryError} when a wave cannot be read.
 */
export function decodeQueue(service: string, tree: TreePart): KnownQueue {
  const problems = new Problems();
  const queue = queueIn(tree, problems);
  const next = nextWaveOf(service, queue, tree);
  const own = wavesOf(service, queue);
  const waves = next === null || own.includes(next) ? own : [...own, next];
  return {
    version: queueVersion(tree),
    queue: queue.map(({ node, prefix }) => ({ node, service: prefix })),
    next: next?.node ?? null,
    waves: waves.flatMap((name) => {
      const path = wavePath(name.node);
      const node = tree.node(path);
      tellChildren(path, { tree, problems });
      const wave = decodeWave(name, node);
      return wave === null ? [] : [toFirstWave(name, wave)];
    }),
    problems: problems.messages,
  };
}

/**
 * Puts a census together, from its nodes, those of {@link tallyPaths} and those of {@link slotPaths}.
 *
 * @throws {EntryError} when an entry is broken that all hosts depend on.
 */
export function decodeCensus(
  { service, host, places, isQueueNamed = false }: CensusOf,
  known: KnownQueue,
  tree: TreePart,
): CensusReading {
  const problems = new Problems();
  for (const problem of known.problems) problems.add(problem);
  const source = { tree, problems };
  const control = decodeNode(controlSchema, tree.node(CONTROL), CONTROL);
  const entry = decodeService(service, tree.node(servicePath(service)));
  const counter = tree.node(slotsPath(service));
  const slots = new Map<string, SlotHost>();
  for (const holder of slotHosts(service, tree, problems)) {
    const path = slotsPath(service, holder);
    tellChildren(path, source);
    // A host that is on no roster cannot be down for an upgrade.
    const isMember = holder === host || tree.node(servicePath(service, holder)) !== null;
    const node = tree.node(path);
    const slot = decodeSlot(service, holder, node, { problems, isMember });
    if (slot === null) continue;
    slots.set(holder, {
      slot,
      entry: decodeCurrent(service, holder, source),
      roster: decodeRoster(service, holder, source),
    });
  }
  const offer = decodeOffer(tree.node(stagingPath(service)), service);
  const first = firstWaveOf(known);
  const wave = first === null ? null : withContent(first, offer);
  const own = decodeCurrent(service, host, source);
  const policy = entry?.entry.policy ?? DEFAULT_POLICY;
  const roster = decodeRoster(service, host, source);
  return {
    census: {
      control: control?.entry ?? null,
      controlVersion: control?.znodeVersion ?? -1,
      wave,
      counts: countWave(wave, { service, tree, slots }),
      policy,
      rosterCount: childCountAt(tree, servicePath(service)),
      newcomerCount: childCountAt(tree, newcomersPath(service)),
      servingCount: childCountAt(tree, servingPath(service)),
      onlineCount: childCountAt(tree, currentPath(service)),
      own,
      roster,
      areas: roster === null ? null : countAreas(service, limitedAreas(policy, roster), tree),
      slots,
      slotsVersion: counter !== null && "version" in counter ? counter.version : -1,
      dependencies: decodeDependencies(service, tree),
      awayHosts: null,
      awayInAreas: new Map(),
      missingHosts: null,
    },
    view: null,
    service: entry,
    offer,
    queue: known.queue,
    waves: known.waves.filter((one) => one.service === service)
      .map((one) => withContent(one, offer)),
    isQuarantineLifted: own?.quarantined !== undefined &&
      tree.node(quarantinedPath(service, host)) === null,
    // What no session holds is in nobody's way.
    places: new Set(
      places.filter((node) =>
        isOfSession(tree.node(stagingPath(service, node)), { ifUnknown: false })
      ),
    ),
    opening: openingOf(wave, service, tree),
    stagingQueue: isQueueNamed ? stagingNames(service, tree, problems) : null,
    queueSize: queueSizeOf(tree.node(stagingPath(service))),
    problems: problems.messages,
  };
}

/** A full reading as a census, which knows all hosts. */
export function fromFullReading(
  { view, service, offer, queue, waves, stagingNodes, opening, problems }: ServiceReading,
  host: string,
): CensusReading {
  const places = new Set(
    stagingNodes.filter((place) => view.current.has(place.host) && view.roster.includes(place.host))
      .map(({ node }) => node),
  );
  const shared = { service, offer, queue, waves, opening, problems };
  return {
    ...shared,
    census: toCensus(view, host),
    view,
    isQuarantineLifted: false,
    places,
    stagingQueue: [...places],
    queueSize: null,
  };
}

function queueSizeOf(node: RawNode): QueueSize | null {
  if (node === null || !("childrenVersion" in node)) return null;
  return { count: node.childCount, changes: node.childrenVersion };
}

function stagingNames(service: string, tree: TreePart, problems: Problems): string[] {
  const path = stagingPath(service);
  return keepSequential(tree.children(path), path, problems).map(({ node }) => node);
}

function firstWaveOf({ waves, next }: KnownQueue): FirstWave | null {
  return waves.find(({ node }) => node === next) ?? null;
}

function slotHosts(
  service: string,
  tree: Pick<TreePart, "children">,
  problems: Problems,
): string[] {
  return keepNames(tree.children(slotsPath(service)), slotsPath(service), problems);
}

function tellChildren(path: string, { tree, problems }: Source): void {
  if (childCountAt(tree, path) === 0) return;
  problems.add(`read ${path}: expected no children, there are; they go when it goes`);
}
