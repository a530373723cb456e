/**
 * The end of a wave: it goes, is recorded, and after the last wave of a service its version is committed.
 *
 * @module
 */

import {
  encodeEntry,
  type Offer,
  type Release,
  releaseSchema,
  type Rollout,
  SCHEMA_VERSION,
  type Wave,
} from "../entries.ts";
import type { Versioned } from "../reading/node.ts";
import type { CensusReading } from "../reading/census_reading.ts";
import { CONTROL, historyPath, servicePath, slotsPath, wavePath } from "../tree.ts";
import type { Transaction, TreeOperation } from "./operation.ts";

/**
 * Removes the service's wave after `decideFinish` has found it over, if the admission counter and the control node stand as they
 * were read: then no host was admitted in between, and a halted rollout commits nothing.
 *
 * @param finish.wave The entry of the first wave.
 * @param finish.record The record of its rollout; `null` if there is none that can be read: nothing rests on it.
 * @returns `null` if the wave that is next is not this service's.
 */
export function finishWave(
  { census, queue, offer, service: entry }: Pick<
    CensusReading,
    "census" | "queue" | "offer" | "service"
  >,
  finish: {
    readonly service: string;
    readonly wave: Wave;
    readonly record: Versioned<Rollout> | null;
    readonly nowMs: number;
  },
): Transaction | null {
  const { service, record, nowMs } = finish;
  const { wave, controlVersion, slotsVersion } = census;
  if (wave === null || wave.service !== service) return null;
  const { version } = wave;
  const operations: TreeOperation[] = [
    // A failure moves the counter on, a halt changes the control node: neither may have happened since the reading.
    { op: "check", path: CONTROL, version: controlVersion },
    { op: "check", path: slotsPath(service), version: slotsVersion },
    { op: "delete", path: wavePath(wave.node), version: wave.znodeVersion },
  ];
  if (record !== null) {
    // Another service's last wave may have ended since the queue was read. The record is written at its version, so it knows.
    const isLast = queue.length <= 1 ||
      record.entry.waves.filter((entry) => entry.finishedMs === null).length <= 1;
    operations.push({
      op: "set",
      path: historyPath(finish.wave.rollout),
      data: encodeEntry(
        withFinishedWave(record.entry, { ...finish.wave, nowMs, isLast }),
      ),
      version: record.znodeVersion,
    });
  }
  const isLastOfService = !queue.some((other) =>
    other.service === service && other.node !== wave.node
  );
  const committed = offer !== null && offer.version === version ? toRelease(offer) : null;
  if (isLastOfService && committed !== null && entry !== null) {
    operations.push({
      op: "set",
      path: servicePath(service),
      // What an abort has left behind before is no place to stay any more: the fleet has a version again.
      data: encodeEntry({ ...entry.entry, schema: SCHEMA_VERSION, committed, abandoned: [] }),
      version: entry.znodeVersion,
    });
  }
  return operations;
}

function withFinishedWave(
  rollout: Rollout,
  wave: Pick<Wave, "service" | "version" | "gate"> & { nowMs: number; isLast: boolean },
): Rollout {
  const index = rollout.waves.findIndex((entry) =>
    entry.service === wave.service && entry.version === wave.version && entry.finishedMs === null
  );
  const waves = rollout.waves.map((entry, at) =>
    at === index ? { ...entry, finishedMs: wave.nowMs, ...withGate(wave) } : entry
  );
  return wave.isLast
    ? { ...rollout, waves, state: "finished", endedMs: wave.nowMs }
    : { ...rollout, waves };
}

/** Who has opened the gate is kept with the record. */
function withGate({ gate }: Pick<Wave, "gate">): Pick<Rollout["waves"][number], "gate"> {
  return gate === undefined ? {} : { gate };
}

function toRelease(offer: Offer): Release {
  const { schema: _schema, rollout: _rollout, replaces: _replaces, ...release } = offer;
  return releaseSchema.parse(release);
}
