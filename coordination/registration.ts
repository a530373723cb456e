/**
 * A host's own entry among the current hosts. It is ephemeral, and an agent never takes the entry of another machine.
 *
 * @module
 */

import {
  type Current,
  currentPath,
  currentSchema,
  decodeEntry,
  encodeEntry,
  isOfSameAgent,
  servicePath,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type Stat, type ZooKeeper } from "../zookeeper/mod.ts";
import { deleteClearing } from "./foreign_children.ts";
import { bumpCounter } from "./slots.ts";

/** Another agent is registered under this host's name. */
export class HostNameTaken extends Error {
  /** Stable name of the error. */
  readonly code = "HOST_NAME_TAKEN";
  override readonly name = "HostNameTaken";
}

/** Most attempts to register: an attempt fails if an entry appears or vanishes in between, which is rare. */
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
    if (isOfAgent(stat)) expectOwn(decodeEntry(currentSchema, data, path), service, own);
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}

/** What a host registers with, and writes from then on. */
export interface HostWrite {
  readonly entry: Current;
  /** The epoch of its registration, as {@link joinRoster} returned it. */
  readonly epoch: number;
}

/**
 * Registers the host with an ephemeral node of the present session. It replaces the node that an earlier session of this
 * agent has left. Each change depends on the version that was read, so that of two machines that start at once under one
 * name one is refused.
 *
 * @throws {HostNameTaken}
 * @throws {EntryError} when the entry of another session cannot be read.
 */
export async function registerHost(
  zk: ZooKeeper,
  service: string,
  { entry, epoch }: HostWrite,
): Promise<void> {
  const path = currentPath(service, entry.host);
  const inEpoch = checkEpoch(service, { entry, epoch });
  for (let attempt = 1;; attempt++) {
    try {
      await zk.multi([
        inEpoch,
        op.create(path, encodeEntry(entry), { mode: "ephemeral" }),
        ...bumpIfServing(service, entry),
      ]);
      return;
    } catch (error) {
      if (!hasCode(error, "NODE_EXISTS") || attempt === ATTEMPTS_MAX) throw error;
    }
    try {
      const { data, stat } = await zk.get(path);
      if (isOfAgent(stat)) expectOwn(decodeEntry(currentSchema, data, path), service, entry);
      if (stat.ephemeralOwner === zk.sessionId) {
        await zk.multi([
          inEpoch,
          op.set(path, encodeEntry(entry), { version: stat.version }),
          bumpCounter(service),
        ]);
        return;
      }
      await deleteClearing(zk, path, { version: stat.version });
    } catch (error) {
      if (!hasCode(error, "NO_NODE", "BAD_VERSION")) throw error;
    }
  }
}

/**
 * Writes the host's entry, which must exist. `said`: the state that the present entry is known to have, `null` if that is
 * not known.
 */
export async function writeHost(
  zk: ZooKeeper,
  service: string,
  write: HostWrite & { readonly said: Current["state"] | null },
): Promise<void> {
  const { entry, said } = write;
  await zk.multi([
    checkEpoch(service, write),
    op.set(currentPath(service, entry.host), encodeEntry(entry)),
    ...(said === entry.state ? [] : [bumpCounter(service)]),
  ]);
}

/** Refuses a write from before the host's present registration, or from before it was taken off the roster. */
export function checkEpoch(service: string, { entry, epoch }: HostWrite): MultiOperation {
  return op.check(servicePath(service, entry.host), epoch);
}

/**
 * Who is away is what admissions depend on. So a write with which a host begins to count as serving, or stops to, changes
 * the admission counter: a request that was decided on before is refused then (invariant I1). A host that registers while
 * it is down was away before.
 */
function bumpIfServing(service: string, { state }: Current): MultiOperation[] {
  return state === "serving" ? [bumpCounter(service)] : [];
}

/** Agents register with ephemeral nodes alone: a node that no session holds is somebody else's, whatever it says. */
function isOfAgent(stat: Stat): boolean {
  return stat.ephemeralOwner !== 0n;
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
