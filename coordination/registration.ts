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
  own: Pick<Current, "host" | "agent">,
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
  entry: Current,
): Promise<void> {
  const path = currentPath(service, entry.host);
  for (let attempt = 1;; attempt++) {
    try {
      await zk.multi([
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
          op.set(path, encodeEntry(entry), { version: stat.version }),
          ...bumpIfServing(service, entry),
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
 * Writes the host's entry, which must exist. `saidServing`: whether the present entry says that the host serves.
 */
export async function writeHost(
  zk: ZooKeeper,
  service: string,
  write: { readonly entry: Current; readonly saidServing: boolean },
): Promise<void> {
  const { entry, saidServing } = write;
  const path = currentPath(service, entry.host);
  const counting = saidServing ? [] : bumpIfServing(service, entry);
  if (counting.length === 0) await zk.set(path, encodeEntry(entry));
  else await zk.multi([op.set(path, encodeEntry(entry)), ...counting]);
}

/**
 * A host that is down may take a slot beyond the budget. Such a request, of this agent or of the agent before a restart, may
 * still be on its way when the host serves again; it must be refused then, or one host more goes down than the service can
 * spare (invariant I1). So a write with which a host begins to count as serving changes the admission counter.
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
  own: Pick<Current, "host" | "agent">,
): void {
  if (standing.agent === own.agent) return;
  throw new HostNameTaken(
    `register ${own.host} for ${service}: another agent is online under that name ` +
      `(${standing.site}/${standing.rack}, ${standing.endpoint ?? "no endpoint"}); ` +
      "this one changes nothing until one of them has another host name",
  );
}
