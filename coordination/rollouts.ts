/**
 * What an admin box writes: starting a rollout in one transaction, pausing, resuming and aborting it. The agents carry it
 * from there.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  controlSchema,
  DEPLOY,
  encodeEntry,
  HISTORY,
  historyPath,
  type PlannedService,
  type PlannedWave,
  type Release,
  type Rollout,
  rolloutSchema,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  serviceSchema,
  sortSequential,
  stagingPath,
  wavePath,
  wavePrefix,
  waveSchema,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { decodeNode, readChildren, readNodes, type Versioned } from "./entry_reader.ts";

/** Withdrawn versions that a service remembers: some host may still run one of a few rollouts ago, none of a hundred. */
const WITHDRAWN_MAX = 100;

/** A rollout cannot be started, paused, resumed or aborted as things stand. */
export class RolloutError extends Error {
  /** Stable name of the error. */
  readonly code = "ROLLOUT";
  override readonly name = "RolloutError";
}

/** A rollout that is ready to be written. */
export interface NewRollout {
  readonly id: string;
  readonly by: string;
  readonly nowMs: number;
  readonly services: ReadonlyMap<string, PlannedService>;
  readonly releases: ReadonlyMap<string, Release>;
  readonly waves: readonly PlannedWave[];
}

/**
 * Writes the offers, the policies and the waves in one transaction: all of it or nothing. The control node is written too,
 * at the version that was read, so that of two admins who start at once one is refused.
 *
 * @throws {RolloutError} when another rollout is under way, or control is not `running`.
 */
export async function startRollout(zk: ZooKeeper, rollout: NewRollout): Promise<void> {
  const control = await readControl(zk);
  const [queue = []] = await readChildren(zk, [DEPLOY]);
  if (queue.length > 0) {
    const id = await activeRollout(zk) ?? "another one";
    throw new RolloutError(
      `start rollout: ${id} is under way with ${queue.length} waves to go; watch it (rollcall rollout watch) ` +
        `or abort it (rollcall rollout abort)`,
    );
  }
  if (control.entry.state !== "running") {
    throw new RolloutError(
      `start rollout: control is ${control.entry.state} by ${control.entry.by}` +
        `${
          control.entry.reason === null ? "" : ` (${control.entry.reason})`
        }; resume it first (rollcall rollout resume)`,
    );
  }
  const services = await readServices(zk, [...rollout.services.keys()]);
  const operations: MultiOperation[] = [
    op.set(
      CONTROL,
      encodeEntry({ ...control.entry, by: rollout.by, reason: null, sinceMs: rollout.nowMs }),
      {
        version: control.znodeVersion,
      },
    ),
  ];
  for (const [name, planned] of rollout.services) {
    const standing = services.get(name);
    const release = rollout.releases.get(name);
    if (standing === undefined || release === undefined) {
      throw new RolloutError(
        `start rollout: ${name} has no ${release === undefined ? "release" : "hosts"}`,
      );
    }
    const entry: Service = {
      ...standing.entry,
      dependsOn: [...planned.dependsOn],
      policy: planned.policy,
      withdrawn: standing.entry.withdrawn.filter((version) => version !== planned.version),
    };
    operations.push(
      op.set(servicePath(name), encodeEntry(entry), { version: standing.znodeVersion }),
      op.set(
        stagingPath(name),
        encodeEntry({ ...release, schema: SCHEMA_VERSION, rollout: rollout.id }),
      ),
    );
  }
  const record: Rollout = {
    schema: SCHEMA_VERSION,
    by: rollout.by,
    startedMs: rollout.nowMs,
    endedMs: null,
    state: "running",
    waves: rollout.waves.map((wave) => ({
      service: wave.service,
      from: services.get(wave.service)?.entry.committed?.version ?? null,
      version: wave.version,
      hosts: wave.hosts === null ? null : [...wave.hosts],
      finishedMs: null,
    })),
  };
  operations.push(op.create(historyPath(rollout.id), encodeEntry(record)));
  for (const { service, version, hosts } of rollout.waves) {
    const wave = { schema: SCHEMA_VERSION, rollout: rollout.id, service, version, hosts };
    operations.push(
      op.create(wavePrefix(service), encodeEntry(wave), { mode: "persistent_sequential" }),
    );
  }
  try {
    await zk.multi(operations);
  } catch (error) {
    if (hasCode(error, "BAD_VERSION")) {
      throw new RolloutError(
        "start rollout: somebody else changed the fleet's state meanwhile; nothing was written, try again",
        {
          cause: error,
        },
      );
    }
    // The reply may have been lost after all was written: the record, which has a name of its own, tells.
    const isLost = hasCode(error, "CONNECTION_LOSS") || hasCode(error, "OPERATION_TIMEOUT");
    if (!isLost || await zk.exists(historyPath(rollout.id)) === null) throw error;
  }
}

/**
 * Sets the control node.
 *
 * @returns What it was before.
 * @throws {RolloutError} when somebody else changes it at the same time.
 */
export async function setControl(
  zk: ZooKeeper,
  change: Pick<Control, "state" | "by" | "reason" | "sinceMs">,
): Promise<Control> {
  const standing = await readControl(zk);
  try {
    await zk.set(CONTROL, encodeEntry({ ...standing.entry, ...change }), {
      version: standing.znodeVersion,
    });
  } catch (error) {
    if (!hasCode(error, "BAD_VERSION")) throw error;
    throw new RolloutError(
      `set control to ${change.state}: somebody else changed it meanwhile; look and try again`,
      {
        cause: error,
      },
    );
  }
  return standing.entry;
}

/**
 * Aborts the rollout that is under way: its waves and offers are removed in one transaction, its versions withdrawn where a
 * service had not finished, and control goes back to running. Hosts that hold a slot finish or roll back; nobody else
 * goes down.
 *
 * @returns Its id.
 * @throws {RolloutError} when none is under way.
 */
export async function abortRollout(
  zk: ZooKeeper,
  abort: { readonly by: string; readonly nowMs: number },
): Promise<string> {
  const id = await activeRollout(zk);
  const [queue = []] = await readChildren(zk, [DEPLOY]);
  if (id === null || queue.length === 0) throw new RolloutError("abort rollout: none is under way");
  const control = await readControl(zk);
  const waves = await readNodes(zk, queue.map(wavePath));
  const versions = new Map<string, string>();
  const operations: MultiOperation[] = [];
  queue.forEach((node, index) => {
    const wave = decodeNode(waveSchema, waves[index] ?? null, wavePath(node));
    if (wave === null) return;
    versions.set(wave.entry.service, wave.entry.version);
    operations.push(op.delete(wavePath(node)));
  });
  for (const [name, { entry, znodeVersion }] of await readServices(zk, [...versions.keys()])) {
    const version = versions.get(name);
    if (version === undefined) continue;
    // What the fleet runs by right cannot be taken back: it would leave a host that comes back with nothing to start.
    const withdrawn = entry.committed?.version === version
      ? entry.withdrawn
      : [...new Set([...entry.withdrawn, version])].slice(-WITHDRAWN_MAX);
    operations.push(
      op.set(servicePath(name), encodeEntry({ ...entry, withdrawn }), { version: znodeVersion }),
      op.set(stagingPath(name), new Uint8Array(0)),
    );
  }
  const [raw = null] = await readNodes(zk, [historyPath(id)]);
  const record = decodeNode(rolloutSchema, raw, historyPath(id));
  if (record !== null) {
    operations.push(op.set(
      historyPath(id),
      encodeEntry({ ...record.entry, state: "aborted", endedMs: abort.nowMs }),
      { version: record.znodeVersion },
    ));
  }
  operations.push(op.set(
    CONTROL,
    encodeEntry({
      ...control.entry,
      state: "running",
      by: abort.by,
      reason: null,
      sinceMs: abort.nowMs,
    }),
    { version: control.znodeVersion },
  ));
  try {
    await zk.multi(operations);
  } catch (error) {
    // The reply may have been lost after all was written: then the rollout's record says so.
    if (hasCode(error, "CONNECTION_LOSS", "OPERATION_TIMEOUT") && await isAborted(zk, id)) {
      return id;
    }
    if (!hasCode(error, "BAD_VERSION", "NO_NODE")) throw error;
    throw new RolloutError("abort rollout: it moved on meanwhile; nothing was written, try again", {
      cause: error,
    });
  }
  return id;
}

async function isAborted(zk: ZooKeeper, id: string): Promise<boolean> {
  const [raw = null] = await readNodes(zk, [historyPath(id)]);
  return decodeNode(rolloutSchema, raw, historyPath(id))?.entry.state === "aborted";
}

/** The id of the rollout that the first wave belongs to; `null` when the queue is empty. */
export async function activeRollout(zk: ZooKeeper): Promise<string | null> {
  const [names = []] = await readChildren(zk, [DEPLOY]);
  const [first] = sortSequential(names);
  if (first === undefined) return null;
  const [raw = null] = await readNodes(zk, [wavePath(first.node)]);
  return decodeNode(waveSchema, raw, wavePath(first.node))?.entry.rollout ?? null;
}

/** The id of the newest rollout, whatever became of it; ids sort by time. */
export async function newestRollout(zk: ZooKeeper): Promise<string | null> {
  const [names = []] = await readChildren(zk, [HISTORY]);
  return names.toSorted().at(-1) ?? null;
}

/** A new rollout's id: sorts by time, to the millisecond, and two admins at the same moment do not collide. */
export function createRolloutId(nowMs: number, random: () => number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 19);
  const suffix = Math.floor(random() * 36 ** 4).toString(36).padStart(4, "0");
  return `${stamp}-${suffix}`;
}

/** The services' entries with the versions of their nodes. */
export async function readServices(
  zk: ZooKeeper,
  names: readonly string[],
): Promise<Map<string, Versioned<Service>>> {
  const nodes = await readNodes(zk, names.map((name) => servicePath(name)));
  const services = new Map<string, Versioned<Service>>();
  names.forEach((name, index) => {
    const entry = decodeNode(serviceSchema, nodes[index] ?? null, servicePath(name));
    if (entry !== null) services.set(name, entry);
  });
  return services;
}

async function readControl(zk: ZooKeeper): Promise<Versioned<Control>> {
  const [raw = null] = await readNodes(zk, [CONTROL]);
  const control = decodeNode(controlSchema, raw, CONTROL);
  if (control === null) {
    throw new RolloutError(
      "read control: the tree is empty; start an agent first, or check the chroot in --zookeeper",
    );
  }
  return control;
}
