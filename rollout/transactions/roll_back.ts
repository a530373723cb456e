/**
 * A rollback: it takes the place of the rollout that is under way, or was the last one, in one transaction. It is a rollout
 * itself, of the releases that were committed before, and is carried out like any other.
 *
 * @module
 */

import { controlAfterAbort } from "../control.ts";
import {
  encodeEntry,
  type Offer,
  offerSchema,
  type Rollout,
  rolloutSchema,
  SCHEMA_VERSION,
  type Service,
  serviceSchema,
} from "../entries.ts";
import type { Versioned } from "../reading/node.ts";
import { planRollBack, type RollBackStep } from "../roll_back.ts";
import { RolloutError } from "../rollout_error.ts";
import { historyPath, type SequentialName, servicePath, slotsPath, stagingPath } from "../tree.ts";
import { wavePath } from "../tree.ts";
import { hashesOf, withdraw, WITHDRAWN_MAX } from "./abort_rollout.ts";
import type { Transaction } from "./operation.ts";
import { recordEvent } from "./record_event.ts";
import { setControl, type StandingControl } from "./set_control.ts";
import { encodeChecked, identityOf, ignoringFreeze, waveOperations } from "./start_rollout.ts";

/** A service of the rollout, as it is when that is rolled back. */
export interface RolledBackService {
  readonly service: Versioned<Service>;
  /** The release on offer; `null` after an abort. */
  readonly offered: Offer | null;
  /** Whether hosts may run its new version. */
  readonly hasBegun: boolean;
  /** Version of its admission counter. */
  readonly slotsVersion: number;
}

/** What is read before a rollout is rolled back. */
export interface RollBackView {
  readonly control: StandingControl;
  /** The deploy queue. */
  readonly waves: readonly { readonly name: SequentialName }[];
  readonly services: ReadonlyMap<string, RolledBackService>;
  /** The record of the rollout that is rolled back. */
  readonly record: Versioned<Rollout> & { readonly id: string };
}

/** A rollback that is to be written. */
export interface RollBack {
  /** Its id, from `createRolloutId`. */
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

/**
 * Rolls a rollout back: its waves go, each service that has begun is offered what was committed before, which is committed again
 * at once, and the version that is taken back is withdrawn. A halt is lifted, a pause stays. Of two that do so at once, one is
 * refused: both write the control node at the version that they have read. A service on which nothing has begun is left as by
 * an abort, if nobody has been admitted since.
 *
 * @throws {RolloutError} when there is nothing to go back to, or nothing to take back.
 */
export function rollBack(view: RollBackView, rollback: RollBack): Transaction {
  const { control, waves, services, record } = view;
  const { id, by, reason, nowMs } = rollback;
  const steps = planRollBack(record.entry, (name) => services.get(name)?.hasBegun ?? false);
  expectBefore(record);
  if (steps.length === 0) expectRunning(record);
  const word = { by, reason: null, sinceMs: nowMs };
  const change = controlAfterAbort(control.entry, word);
  const isOver = steps.length === 0;
  const made: Rollout = {
    schema: SCHEMA_VERSION,
    by,
    startedMs: nowMs,
    endedMs: isOver ? nowMs : null,
    state: isOver ? "finished" : "running",
    waves: steps.map(({ service, version, before }) => ({
      service,
      from: version,
      version: before.version,
      hosts: null,
      finishedMs: null,
    })),
    rollsBack: record.id,
    // A freeze keeps changes away, and this takes one back: half of a fleet is not left on what has failed over a weekend.
    ...ignoringFreeze(by, reason),
  };
  const ended = record.entry.state === "running" ? { state: "aborted", endedMs: nowMs } : {};
  const path = historyPath(id);
  return [
    setControl(control, { ...change, rollout: id, onFailure: "halt", maxFailures: undefined }),
    ...waves.map(({ name }) => ({ op: "delete", path: wavePath(name.node) }) as const),
    ...[...services].flatMap(([name, found]) => {
      const step = steps.find(({ service }) => service === name);
      return step === undefined
        ? leave(record.entry, name, found)
        : goBack({ id, step }, name, found);
    }),
    {
      op: "set",
      path: historyPath(record.id),
      data: encodeEntry({ ...record.entry, ...ended, rolledBack: { by: id, reason } }),
      version: record.znodeVersion,
    },
    recordEvent(record.id, {
      schema: SCHEMA_VERSION,
      kind: "order",
      order: "rollback",
      by,
      reason,
    }),
    { op: "create", path, data: encodeChecked(rolloutSchema, made, path) },
    ...steps.flatMap(({ service, before: { version } }, index) =>
      waveOperations(made, {
        rollout: id,
        tally: `${id}-${index}`,
        wave: { service, version, hosts: null },
      })
    ),
  ];
}

/** @throws {RolloutError} when there is nothing to go back to. */
function expectBefore({ entry: { before = {}, rollsBack }, id }: RollBackView["record"]): void {
  const instead = "roll out the version that the fleet should have";
  if (rollsBack !== undefined) {
    throw new RolloutError(
      `roll back: ${id} is itself the rollback of ${rollsBack}; ${instead}`,
    );
  }
  if (Object.keys(before).length > 0) return;
  throw new RolloutError(
    `roll back: nothing was committed before ${id}, or it does not say what; ${instead}`,
  );
}

/** @throws {RolloutError} when it is over already: nothing has begun of it, so nothing is left to take back. */
function expectRunning({ entry: { state }, id }: RollBackView["record"]): void {
  if (state === "running") return;
  throw new RolloutError(
    `roll back: no host has begun with ${id}, and it is ${state}: there is nothing to take back`,
  );
}

/** A service that goes back. */
function goBack(
  { id, step }: { readonly id: string; readonly step: RollBackStep },
  name: string,
  { service: { entry, znodeVersion }, offered }: RolledBackService,
): Transaction {
  const { version, before } = step;
  const withdrawn = [
    ...new Set([...entry.withdrawn.filter((one) => one !== before.version), version]),
  ].slice(-WITHDRAWN_MAX);
  const taken = offered?.version === version
    ? offered
    : entry.committed?.version === version
    ? entry.committed
    : null;
  const change: Service = {
    ...entry,
    committed: before,
    withdrawn,
    // Nobody stays on what is taken back, who comes back later neither.
    abandoned: (entry.abandoned ?? entry.withdrawn).filter((one) =>
      one !== version && one !== before.version
    ),
    withdrawnHashes: hashesOf(withdrawn, entry.withdrawnHashes ?? {}, taken),
  };
  const offer: Offer = {
    ...before,
    schema: SCHEMA_VERSION,
    rollout: id,
    replaces: taken === null ? null : identityOf(taken),
  };
  const [path, offerPath] = [servicePath(name), stagingPath(name)];
  return [
    { op: "set", path, data: encodeChecked(serviceSchema, change, path), version: znodeVersion },
    { op: "set", path: offerPath, data: encodeChecked<Offer>(offerSchema, offer, offerPath) },
  ];
}

/** A service that stays as it is: what has not been finished of it is withdrawn, as by an abort. */
function leave(
  { waves }: Rollout,
  name: string,
  { service, offered, slotsVersion }: RolledBackService,
): Transaction {
  const versions = waves.filter((wave) => wave.service === name && wave.finishedMs === null)
    .map(({ version }) => version);
  return [
    { op: "check", path: slotsPath(name), version: slotsVersion },
    ...(versions.length === 0
      ? []
      : withdraw(name, { service, hasOffer: true, offered }, versions)),
  ];
}
