/**
 * A host's own entry among the current hosts. It is ephemeral, and an agent never takes the entry of another machine.
 *
 * @module
 */

import {
  areaMarkers,
  asNewcomer,
  type CountedWave,
  type Current,
  currentPath,
  currentSchema,
  decodeEntry,
  decodeNode,
  decodeRoster,
  decodeSlot,
  donePath,
  doneTallies,
  isHeldElsewhere,
  isNewcomer,
  isOfSameAgent,
  markersOf,
  newcomersPath,
  placeNodes,
  Problems,
  quarantinedPath,
  type RawNode,
  readyPath,
  readyTallies,
  type ReleaseIdentity,
  ROOT,
  type Roster,
  rosterOnceRegistered,
  servicePath,
  servingPath,
  slotsPath,
  transactions,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply, applyDecision, isRefused } from "./apply.ts";
import { readChildren, readNodes } from "./entry_reader.ts";
import { NodesRead } from "./nodes_read.ts";
import { ensureService } from "./skeleton.ts";

/** Another agent is registered under this host's name. */
export class HostNameTaken extends Error {
  /** Stable name of the error. */
  readonly code = "HOST_NAME_TAKEN";
  override readonly name = "HostNameTaken";
}

/** Most attempts to register: an attempt fails if an entry or a marker appears or vanishes in between, which is rare. */
const ATTEMPTS_MAX = 5;

/**
 * Throws if another machine is registered under this host's name.
 *
 * @throws {HostNameTaken}
 * @throws {EntryError} when the entry of another session cannot be read.
 */
export async function refuseNamesake(
  zk: ZooKeeper,
  service: string,
  own: Pick<Current, "host" | "agent" | "machine">,
): Promise<void> {
  const path = currentPath(service, own.host);
  try {
    const { data, stat } = await zk.get(path);
    if (isOfAgent({ session: stat.ephemeralOwner })) {
      expectOwn(decodeEntry(currentSchema, data, path), service, own);
    }
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}

/** A host that is on the roster. */
export interface Enrolled {
  /**
   * The epoch of this registration: the version of the roster entry, which each registration moves on. Every later write of
   * the host checks it, so that a late request of an agent that is dead, or of a machine whose name another one has taken
   * over, changes nothing.
   */
  readonly epoch: number;
  /** What stands there. */
  readonly roster: Roster;
}

/**
 * Puts a host on a service's roster, and creates the service's nodes for its first host. Idempotent. What others have written
 * of the host stays, and whether it is a newcomer.
 */
export async function joinRoster(
  zk: ZooKeeper,
  service: string,
  { host, roster }: { readonly host: string; readonly roster: Roster },
): Promise<Enrolled> {
  await ensureService(zk, service, roster);
  const path = servicePath(service, host);
  return await applyDecision(zk, async (isAgain) => {
    if (isAgain) await zk.sync(ROOT);
    const tree = new NodesRead(zk);
    await tree.readOnce([path]);
    const node = tree.node(path);
    if (node === null) {
      return {
        operations: transactions.joinRoster(service, { host, roster }),
        result: () => ({ epoch: 0, roster: asNewcomer(roster) }),
      };
    }
    const standing = decodeRoster(service, host, { tree, problems: new Problems() });
    const renewed: Roster = { ...standing, ...roster };
    const version = "version" in node ? node.version : -1;
    const places = await readPlaceChange(tree, service, { host, standing, renewed });
    return {
      operations: transactions.renewRoster(service, { host, roster: renewed, version, places }),
      result: ([written]) => ({
        epoch: written?.kind === "set" ? written.stat.version : version + 1,
        roster: renewed,
      }),
    };
  });
}

/** Where the host is to be counted by rack and site and is not, and where it is since it stood elsewhere. */
async function readPlaceChange(
  tree: NodesRead,
  service: string,
  { host, standing, renewed }: {
    readonly host: string;
    readonly standing: Roster | null;
    readonly renewed: Roster;
  },
): Promise<transactions.PlaceChange> {
  const wanted = isNewcomer(renewed) ? [] : placeNodes(service, host, renewed);
  const here = [...placeNodes(service, host, renewed), ...areaMarkers(service, host, renewed)];
  const before = standing === null
    ? []
    : [...placeNodes(service, host, standing), ...areaMarkers(service, host, standing)];
  const left = before.filter((path) => !here.includes(path));
  await tree.readOnce([...wanted, ...left]);
  return {
    removed: left.filter((path) => tree.node(path) !== null),
    added: wanted.filter((path) => tree.node(path) === null),
  };
}

/** A host that registers, as {@link joinRoster} has found it on the roster. */
export interface Registration extends Enrolled {
  readonly entry: Current;
  /** The waves that are known to cover the host. */
  readonly waves: readonly CountedWave[];
  /** The release that it is ready to switch to. */
  readonly staged: ReleaseIdentity | null;
  /** Whether the host was put back as an operator has said, so that it is drained no longer. Default: it was not. */
  readonly isPutBack?: boolean;
  /** Whether it counts as soon as it serves for the first time, else once it was put back. Default: it does. */
  readonly countsAtOnce?: boolean;
}

/**
 * Registers the host with ephemeral nodes of the present session. They replace those that an earlier session of this agent has
 * left. Each change depends on what was read, so that of two machines that start at once under one name one is refused.
 *
 * @returns The epoch from now on, and what stands on the roster; the markers that stand now; the tallies of those waves whose
 * hosts are not counted any more; and whether another machine holds a slot in the host's name. None takes one from now on: only
 * who is registered under a name does.
 * @throws {HostNameTaken}
 * @throws {EntryError} when the entry of another session cannot be read.
 */
export async function registerHost(
  zk: ZooKeeper,
  service: string,
  registration: Registration,
): Promise<
  Enrolled & {
    readonly markers: ReadonlySet<string>;
    readonly gone: ReadonlySet<string>;
    readonly isSlotElsewhere: boolean;
  }
> {
  const { entry, epoch, roster, waves, staged } = registration;
  const { isPutBack = false, countsAtOnce = true } = registration;
  const { host } = entry;
  const registered = rosterOnceRegistered(roster, entry, { isPutBack, countsAtOnce });
  const enrolled = { epoch: registered === roster ? epoch : epoch + 1, roster: registered };
  for (let attempt = 1;; attempt++) {
    await zk.sync(ROOT);
    const [ready = [], done = []] = await readChildren(zk, [
      readyTallies(service),
      doneTallies(service),
    ]);
    const places = placeNodes(service, host, roster);
    const paths = [
      servingPath(service, host),
      ...areaMarkers(service, host, roster),
      quarantinedPath(service, host),
      ...ready.map((tally) => readyPath(service, tally, host)),
      ...done.map((tally) => donePath(service, tally, host)),
    ];
    const [node = null, slotNode = null, newcomer = null, ...others] = await readNodes(zk, [
      currentPath(service, host),
      slotsPath(service, host),
      newcomersPath(service, host),
      ...places,
      ...paths,
    ]);
    const markers = others.slice(places.length);
    const standing = decodeStanding(node, { zk, service, entry });
    // What is counted no more has no place for a marker.
    const counted = waves.filter(({ tally }) => ready.includes(tally) && done.includes(tally));
    const wanted = markersOf(entry, {
      service,
      roster: enrolled.roster,
      waves: counted,
      staged,
    });
    const found = new Set(paths.filter((_, index) => (markers[index] ?? null) !== null));
    const write = {
      entry,
      epoch,
      standing,
      roster,
      isMarkedNew: newcomer !== null,
      isPutBack,
      countsAtOnce,
      unplaced: places.filter((_, index) => (others[index] ?? null) === null),
      markers: { standing: found, wanted },
    };
    try {
      await apply(zk, transactions.registerHost(service, write));
      const gone = waves.filter((wave) => !counted.includes(wave)).map(({ tally }) => tally);
      const slot = decodeSlot(service, host, slotNode);
      const isSlotElsewhere = slot !== null && isHeldElsewhere(slot, entry);
      return { ...enrolled, markers: wanted, gone: new Set(gone), isSlotElsewhere };
    } catch (error) {
      // A marker or an entry of an earlier session may just have gone. The epoch is not read anew.
      if (!isRefused(error) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/** The entry that was found, unless it is another agent's. */
function decodeStanding(
  node: RawNode,
  { zk, service, entry }: {
    readonly zk: ZooKeeper;
    readonly service: string;
    readonly entry: Current;
  },
): transactions.StandingEntry | null {
  if (node === null) return null;
  const path = currentPath(service, entry.host);
  if (!("data" in node) || isOfAgent(node)) {
    const found = decodeNode(currentSchema, node, path);
    if (found !== null) expectOwn(found.entry, service, entry);
  }
  const version = "version" in node ? node.version : -1;
  return { version, isOfSession: "session" in node && node.session === zk.sessionId };
}

/** Writes the host's entry, which must exist, and the slot that it holds. */
export async function writeHost(
  zk: ZooKeeper,
  service: string,
  write: Parameters<typeof transactions.writeHost>[1],
): Promise<void> {
  await apply(zk, transactions.writeHost(service, write));
}

/** Agents register with ephemeral nodes alone: a node that no session holds is somebody else's, whatever it says. */
function isOfAgent({ session }: { readonly session: bigint }): boolean {
  return session !== 0n;
}

function expectOwn(
  standing: Current,
  service: string,
  own: Pick<Current, "host" | "agent" | "machine">,
): void {
  if (isOfSameAgent(standing, own)) return;
  if (standing.agent === own.agent) {
    throw new HostNameTaken(
      `register ${own.host} for ${service}: an agent with a copy of this data folder is online under that name ` +
        `(${
          standing.endpoint ?? "no endpoint"
        }); if it is this machine before its reboot, it is gone when its session ` +
        "ends, else give one of them another host name and an empty data folder",
    );
  }
  throw new HostNameTaken(
    `register ${own.host} for ${service}: another agent is online under that name ` +
      `(${standing.site}/${standing.rack}, ${standing.endpoint ?? "no endpoint"}); ` +
      "this one changes nothing until one of them has another host name",
  );
}
