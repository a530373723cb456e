/**
 * Starting a rollout: offers, policies, waves and the record, all at once.
 *
 * @module
 */

import type { z } from "zod";
import { describeStops } from "../control.ts";
import {
  type Control,
  encodeEntry,
  type Offer,
  offerSchema,
  type OnFailure,
  type Release,
  type Rollout,
  rolloutSchema,
  SCHEMA_VERSION,
  type Service,
  serviceSchema,
  type Wave,
  waveSchema,
} from "../entries.ts";
import type { PlannedService, PlannedWave } from "../planned.ts";
import type { Versioned } from "../reading/node.ts";
import { RolloutError } from "../rollout_error.ts";
import { donePath, historyPath, readyPath, servicePath, stagingPath, wavePrefix } from "../tree.ts";
import type { Transaction } from "./operation.ts";
import { setControl } from "./set_control.ts";

/** A rollout that was checked and is ready to be written. */
export interface NewRollout {
  /** Its id, from `createRolloutId`. */
  readonly id: string;
  /** Who starts it. */
  readonly by: string;
  /** Why, for the record. Default: nothing is said. */
  readonly reason?: string | undefined;
  /** Now, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Its services by name. */
  readonly services: ReadonlyMap<string, PlannedService>;
  /** The release of each service. */
  readonly releases: ReadonlyMap<string, Release>;
  /** Its waves, in order. */
  readonly waves: readonly PlannedWave[];
  /** What becomes of it when it is halted. Default: it waits for an operator. */
  readonly onFailure?: OnFailure | undefined;
  /** How many hosts may fail on all of its services together. Default: as many as the services' policies allow. */
  readonly maxFailures?: number | undefined;
  /** Why its hosts switch in freeze windows, too. Default: they do not. */
  readonly ignoresFreeze?: string | undefined;
}

/** What an operator reads before a rollout is started. */
export interface StartView {
  readonly control: Versioned<Control>;
  /** The deploy queue; a wave that cannot be read is `null`. */
  readonly waves: readonly (Pick<Wave, "rollout"> | null)[];
  /** The services' entries by name. */
  readonly services: ReadonlyMap<string, Versioned<Service>>;
}

/**
 * Starts a rollout, if control and the services stand as they were read, so that of two admins who start at once one is
 * refused.
 *
 * @throws {RolloutError} when another rollout is under way, control is not `running`, or no agent could read an entry.
 */
export function startRollout(view: StartView, rollout: NewRollout): Transaction {
  const { control, services } = view;
  expectIdle(view);
  const before = releasesBefore(services, rollout);
  // Where nothing was committed before, there is nothing to go back to.
  const onFailure = Object.keys(before).length === 0 ? "halt" : rollout.onFailure ?? "halt";
  const word = { by: rollout.by, reason: null, sinceMs: rollout.nowMs };
  const { id, maxFailures } = rollout;
  const change = { ...word, rollout: id, onFailure, maxFailures };
  const record: Rollout = {
    schema: SCHEMA_VERSION,
    by: rollout.by,
    ...(rollout.reason === undefined ? {} : { reason: rollout.reason }),
    startedMs: rollout.nowMs,
    endedMs: null,
    state: "running",
    waves: rollout.waves.map(({ service, version, hosts, gate }) => ({
      service,
      from: services.get(service)?.entry.committed?.version ?? null,
      version,
      hosts: hosts === null ? null : [...hosts],
      finishedMs: null,
      ...(gate === undefined ? {} : { gate }),
    })),
    before,
    ...ignoringFreeze(rollout.by, rollout.ignoresFreeze),
  };
  const path = historyPath(rollout.id);
  return [
    setControl(control, change),
    ...[...rollout.services].flatMap(([name, planned]) =>
      offerOperations(view, { rollout, name, planned })
    ),
    { op: "create", path, data: encodeChecked(rolloutSchema, record, path) },
    ...rollout.waves.flatMap((wave, index) =>
      waveOperations(record, { rollout: rollout.id, tally: `${rollout.id}-${index}`, wave })
    ),
  ];
}

/** By service, what is committed and is to be replaced. */
function releasesBefore(
  services: StartView["services"],
  { releases }: Pick<NewRollout, "releases">,
): Record<string, Release> {
  const found: [string, Release][] = [];
  for (const [name, release] of releases) {
    const committed = services.get(name)?.entry.committed ?? null;
    // A restart replaces nothing: there is no other version to go back to.
    const isOther = committed?.version !== release.version ||
      committed.infoHash !== release.infoHash;
    if (committed !== null && isOther) found.push([name, committed]);
  }
  return Object.fromEntries(found);
}

function expectIdle(view: StartView): void {
  const why = describeBusy(view);
  if (why !== null) throw new RolloutError(`start rollout: ${why}`);
}

/** Why no rollout can be started as the fleet is, and what to do; `null`: one can. */
export function describeBusy(
  { control, waves }: Pick<StartView, "control" | "waves">,
): string | null {
  if (waves.length > 0) {
    const id = waves.find((wave) => wave !== null)?.rollout ?? "another one";
    return `${id} is under way with ${
      waves.length === 1 ? "one wave" : `${waves.length} waves`
    } to go; watch it (rollcall rollout watch) or abort it (rollcall rollout abort)`;
  }
  if (control.entry.state === "running") return null;
  return `control is ${describeStops(control.entry)}; resume it first (rollcall rollout resume)`;
}

function offerOperations(
  { services }: StartView,
  { rollout, name, planned }: {
    readonly rollout: NewRollout;
    readonly name: string;
    readonly planned: PlannedService;
  },
): Transaction {
  const standing = services.get(name);
  const release = rollout.releases.get(name);
  if (standing === undefined || release === undefined) {
    throw new RolloutError(
      `start rollout: ${name} has no ${release === undefined ? "release" : "hosts"}`,
    );
  }
  const { [planned.version]: _again, ...withdrawnHashes } = standing.entry.withdrawnHashes ?? {};
  const entry: Service = {
    ...standing.entry,
    dependsOn: [...planned.dependsOn],
    bakedAfter: [...planned.bakedAfter ?? []],
    policy: planned.policy,
    withdrawn: standing.entry.withdrawn.filter((version) => version !== planned.version),
    abandoned: (standing.entry.abandoned ?? standing.entry.withdrawn)
      .filter((version) => version !== planned.version),
    withdrawnHashes,
  };
  const replaces = identityOf(standing.entry.committed);
  const offer: Offer = { ...release, schema: SCHEMA_VERSION, rollout: rollout.id, replaces };
  const path = servicePath(name);
  return [
    {
      op: "set",
      path,
      data: encodeChecked(serviceSchema, entry, path),
      version: standing.znodeVersion,
    },
    {
      op: "set",
      path: stagingPath(name),
      data: encodeChecked<Offer>(offerSchema, offer, stagingPath(name)),
    },
  ];
}

/** What an offer says of the release that it replaces. */
export function identityOf(release: Release | null): NonNullable<Offer["replaces"]> | null {
  if (release === null) return null;
  const { version, infoHash, restart = null } = release;
  return { version, infoHash, restart };
}

/** An operator's word that hosts switch in freeze windows, too, as entries have it; nothing without a reason. */
export function ignoringFreeze(
  by: string,
  reason: string | undefined,
): Pick<Rollout, "ignoresFreeze"> {
  return reason === undefined ? {} : { ignoresFreeze: { by, reason } };
}

/** A wave of a rollout, and the nodes below which its hosts are counted. */
export function waveOperations(
  { ignoresFreeze, rollsBack }: Pick<Rollout, "ignoresFreeze" | "rollsBack">,
  { rollout, tally, wave: { service, version, hosts, gate, maxFailures, after } }: {
    /** Its id. */
    readonly rollout: string;
    readonly tally: string;
    readonly wave: PlannedWave;
  },
): Transaction {
  const wave: Wave = {
    schema: SCHEMA_VERSION,
    rollout,
    service,
    version,
    hosts: hosts === null ? null : [...hosts],
    tally,
    ...(gate === undefined ? {} : { gate }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
    ...(after === undefined ? {} : { after: [...after] }),
    ...(ignoresFreeze === undefined ? {} : { ignoresFreeze }),
    ...(rollsBack === undefined ? {} : { rollsBack: true }),
  };
  const path = wavePrefix(service);
  const data = encodeChecked<Wave>(waveSchema, wave, path);
  const empty = new Uint8Array(0);
  return [
    { op: "create", path: readyPath(service, tally), data: empty },
    { op: "create", path: donePath(service, tally), data: empty },
    { op: "create", path, data, mode: "persistent_sequential" },
  ];
}

/**
 * Encodes an entry that every agent can read: what comes from a feed or a command line is not written as it is.
 *
 * @throws {RolloutError} that says which field no agent would take.
 */
export function encodeChecked<T extends Record<string, unknown>>(
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
