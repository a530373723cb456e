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
  isOfSameAgent,
  type Roster,
  transactions,
} from "../rollout/mod.ts";
import { hasCode, type Stat, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply } from "./apply.ts";
import { ensureService } from "./skeleton.ts";

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

/**
 * Puts a host on a service's roster, and creates the service's nodes for its first host. Idempotent.
 *
 * @returns The epoch of this registration: the version of the roster entry, which each registration moves on. Every later
 * write of the host checks it, so that a late request of an agent that is dead, or of a machine whose name another one has
 * taken over, changes nothing.
 */
export async function joinRoster(
  zk: ZooKeeper,
  service: string,
  member: { readonly host: string; readonly roster: Roster },
): Promise<number> {
  await ensureService(zk, service);
  try {
    await apply(zk, transactions.joinRoster(service, member));
    return 0;
  } catch (error) {
    if (!hasCode(error, "NODE_EXISTS")) throw error;
  }
  const [renewed] = await apply(zk, transactions.renewRoster(service, member));
  return renewed?.kind === "set" ? renewed.stat.version : 0;
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
  write: transactions.HostWrite,
): Promise<void> {
  const { entry } = write;
  const { host } = entry;
  const path = currentPath(service, host);
  for (let attempt = 1;; attempt++) {
    try {
      await apply(zk, transactions.registerHost(service, write));
      return;
    } catch (error) {
      if (!hasCode(error, "NODE_EXISTS") || attempt === ATTEMPTS_MAX) throw error;
    }
    try {
      const { data, stat } = await zk.get(path);
      const { version } = stat;
      if (isOfAgent(stat)) expectOwn(decodeEntry(currentSchema, data, path), service, entry);
      if (stat.ephemeralOwner === zk.sessionId) {
        await apply(zk, transactions.registerAgain(service, { ...write, version }));
        return;
      }
      await apply(zk, transactions.removeGhost(service, { host, version }));
    } catch (error) {
      if (!hasCode(error, "NO_NODE", "BAD_VERSION")) throw error;
    }
  }
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
