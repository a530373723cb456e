/**
 * Finishing a wave: the transaction that removes it, records it, and commits the version after the last wave of a
 * service.
 *
 * @module
 */

import {
  CONTROL,
  encodeEntry,
  historyPath,
  type Release,
  releaseSchema,
  type Rollout,
  SCHEMA_VERSION,
  servicePath,
  slotsPath,
  wavePath,
  waveSchema,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { decodeNode, readNodes } from "./entry_reader.ts";
import { multiClearing } from "./foreign_children.ts";
import { readRecord } from "./rollout_record.ts";
import type { ServiceReading } from "./service_view.ts";

/**
 * Removes the first wave after `decideFinish` has found it over. The transaction checks that the admission counter and the
 * control node have the versions of the reading: then no host was admitted in between, and a halted rollout commits
 * nothing.
 *
 * @returns Whether this call finished the wave; `false`: another host was faster, or something has changed.
 */
export async function finishWave(
  zk: ZooKeeper,
  reading: ServiceReading,
  finish: { readonly service: string; readonly nowMs: number },
): Promise<boolean> {
  const { service, nowMs } = finish;
  const { wave, controlVersion, slotsVersion } = reading.view;
  if (wave === null || wave.service !== service) return false;
  const [waveNode = null] = await readNodes(zk, [wavePath(wave.node)]);
  const waveEntry = decodeNode(waveSchema, waveNode, wavePath(wave.node));
  if (waveEntry === null) return false;
  const history = await readRecord(zk, waveEntry.entry.rollout);

  const operations: MultiOperation[] = [
    // A failure changes the counter, a halt changes the control node: neither may have happened since the reading.
    op.check(CONTROL, controlVersion),
    op.check(slotsPath(service), slotsVersion),
    op.delete(wavePath(wave.node), { version: wave.znodeVersion }),
  ];
  const isLastOfQueue = reading.queue.length <= 1;
  const isLastOfService = !reading.queue.slice(1).some((other) => other.service === service);
  if (history !== null) {
    operations.push(op.set(
      historyPath(waveEntry.entry.rollout),
      encodeEntry(
        withFinishedWave(history.entry, { service, version: wave.version, nowMs, isLastOfQueue }),
      ),
      { version: history.znodeVersion },
    ));
  }
  const release = offeredRelease(reading, wave.version);
  if (isLastOfService && release !== null && reading.service !== null) {
    operations.push(op.set(
      servicePath(service),
      encodeEntry({ ...reading.service.entry, schema: SCHEMA_VERSION, committed: release }),
      { version: reading.service.znodeVersion },
    ));
  }
  try {
    await multiClearing(zk, operations);
    return true;
  } catch (error) {
    if (hasCode(error, "BAD_VERSION") || hasCode(error, "NO_NODE")) return false;
    throw error;
  }
}

function withFinishedWave(
  rollout: Rollout,
  wave: { service: string; version: string; nowMs: number; isLastOfQueue: boolean },
): Rollout {
  const index = rollout.waves.findIndex((entry) =>
    entry.service === wave.service && entry.version === wave.version && entry.finishedMs === null
  );
  const waves = rollout.waves.map((entry, at) =>
    at === index ? { ...entry, finishedMs: wave.nowMs } : entry
  );
  return wave.isLastOfQueue
    ? { ...rollout, waves, state: "finished", endedMs: wave.nowMs }
    : { ...rollout, waves };
}

function offeredRelease(reading: ServiceReading, version: string): Release | null {
  const { offer } = reading;
  if (offer === null || offer.version !== version) return null;
  const { schema: _schema, rollout: _rollout, ...release } = offer;
  return releaseSchema.parse(release);
}
