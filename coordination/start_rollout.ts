/**
 * Starting a rollout: the admin box writes the offers, the policies and the waves in one transaction, and the agents carry
 * it out from there.
 *
 * @module
 */

import {
  CONTROL,
  encodeEntry,
  historyPath,
  type Offer,
  offerSchema,
  type PlannedService,
  type PlannedWave,
  type Release,
  type Rollout,
  rolloutSchema,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  serviceSchema,
  stagingPath,
  type Wave,
  wavePrefix,
  waveSchema,
} from "../rollout/mod.ts";
import type { z } from "zod";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { readControl } from "./control.ts";
import { readDeployQueue, readServices, RolloutError } from "./rollouts.ts";

/** A rollout that was checked and is ready to be written. */
export interface NewRollout {
  /** Its id, from `createRolloutId`. */
  readonly id: string;
  /** Who starts it. */
  readonly by: string;
  /** Now, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Its services by name. */
  readonly services: ReadonlyMap<string, PlannedService>;
  /** The release of each service. */
  readonly releases: ReadonlyMap<string, Release>;
  /** Its waves, in order. */
  readonly waves: readonly PlannedWave[];
}

/**
 * Writes the offers, the policies and the waves in one transaction. It also writes the control node at the version that was
 * read, so that of two admins who start at once one is refused.
 *
 * @throws {RolloutError} when another rollout is under way, or control is not `running`.
 */
export async function startRollout(zk: ZooKeeper, rollout: NewRollout): Promise<void> {
  const control = await readControl(zk);
  const { waves } = await readDeployQueue(zk);
  if (waves.length > 0) {
    const id = waves.find(({ entry }) => entry !== null)?.entry?.rollout ?? "another one";
    throw new RolloutError(
      `start rollout: ${id} is under way with ${waves.length} waves to go; watch it (rollcall rollout watch) ` +
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
      encodeEntry({
        ...control.entry,
        by: rollout.by,
        reason: null,
        sinceMs: rollout.nowMs,
        rollout: rollout.id,
      }),
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
      op.set(servicePath(name), encodeChecked(serviceSchema, entry, servicePath(name)), {
        version: standing.znodeVersion,
      }),
      op.set(
        stagingPath(name),
        encodeChecked<Offer>(
          offerSchema,
          { ...release, schema: SCHEMA_VERSION, rollout: rollout.id },
          stagingPath(name),
        ),
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
  operations.push(op.create(
    historyPath(rollout.id),
    encodeChecked(rolloutSchema, record, historyPath(rollout.id)),
  ));
  for (const { service, version, hosts } of rollout.waves) {
    const wave: Wave = {
      schema: SCHEMA_VERSION,
      rollout: rollout.id,
      service,
      version,
      hosts: hosts === null ? null : [...hosts],
    };
    operations.push(
      op.create(wavePrefix(service), encodeChecked<Wave>(waveSchema, wave, wavePrefix(service)), {
        mode: "persistent_sequential",
      }),
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
    // The reply may have been lost after the transaction: then the record of this id exists.
    const isLost = hasCode(error, "CONNECTION_LOSS") || hasCode(error, "OPERATION_TIMEOUT");
    if (!isLost || await zk.exists(historyPath(rollout.id)) === null) throw error;
  }
}

/**
 * Encodes an entry that every agent can read: what comes from a feed or a command line is not written as it is.
 *
 * @throws {RolloutError} that says which field no agent would take.
 */
function encodeChecked<T extends Record<string, unknown>>(
  schema: z.ZodType<T>,
  entry: T,
  path: string,
): Uint8Array {
  const checked = schema.safeParse(entry);
  if (checked.success) return encodeEntry(checked.data);
  const [issue] = checked.error.issues;
  throw new RolloutError(
    `start rollout: ${path} would not be read by the agents, at "${issue?.path.join(".")}": ` +
      `${issue?.message}; nothing was written`,
  );
}
