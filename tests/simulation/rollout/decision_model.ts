/**
 * What a host does about a reading: finish the wave, join the staging queue, ask for a slot. The decisions are those of
 * `rollout/`; here are the writes that go with them.
 *
 * @module
 */

import {
  CONTROL,
  decideAdmission,
  decideFinish,
  decideGoal,
  type Offer,
  SCHEMA_VERSION,
  servicePath,
  type Slot,
  slotsPath,
  type Staged,
  stagingPrefix,
  wavePath,
} from "../../../rollout/mod.ts";
import type { HostModel } from "./host_model.ts";
import type { Reading } from "./reading.ts";
import type { Operation } from "./tree_model.ts";

/** Acts on a reading, which may be stale. */
export function act(host: HostModel, reading: Reading): void {
  const { memory, name } = host;
  const { view } = reading;
  // If the reading differs from what the host knows of itself, the reading is stale or a late request of the agent before a
  // restart has arrived. A decision on it would be wrong, so the host reads the present state first.
  const own = view.current.get(name);
  const isMistaken = view.slots.has(name) !== (memory.slot !== null) ||
    view.staged.some(({ host }) => host === name) !== (memory.staged !== null) ||
    own?.state !== memory.written?.state || own?.version !== memory.written?.version;
  if (isMistaken) {
    memory.mustLook = true;
    return;
  }
  if (view.wave?.service === host.service && decideFinish(view).finished) {
    return finish(host, reading);
  }
  const { goal, hasRejoined } = decideGoal({
    host: name,
    service: reading.entry,
    offer: offerOf(host.service, reading),
    view,
    waves: reading.waves.filter((wave) => wave.service === host.service),
    running: host.process?.version ?? null,
    hasRejoined: memory.hasRejoined,
    unprepared: null,
  });
  memory.hasRejoined = hasRejoined;
  switch (goal.kind) {
    case "return_slot":
      return returnSlot(host);
    case "start":
      return host.start(goal.version, reading);
    case "stay":
      memory.waitingFor = goal.waitingFor ?? "nothing";
      return leaveQueue(host);
    case "catch_up":
    case "roll": {
      memory.waitingFor = "fetch";
      const { version } = goal;
      if (memory.staged !== null && memory.staged.version !== version) return leaveQueue(host);
      if (host.fetch(version)) return;
      const isCatchUp = goal.kind === "catch_up";
      if (!isCatchUp && memory.staged === null) return stage(host, version);
      return requestSlot(host, { reading, version, isCatchUp });
    }
  }
}

/** The offer while a wave of the service is in the queue. */
function offerOf(service: string, { waves }: Reading): Offer | null {
  const wave = waves.find((wave) => wave.service === service);
  if (wave === undefined) return null;
  const { version } = wave;
  return {
    schema: SCHEMA_VERSION,
    rollout: "r",
    service,
    version,
    infoHash: null,
    sizeBytes: 0,
    torrentUrl: null,
  };
}

/** Removes the record of a failure; a held slot belongs to a switch under way and stays. */
function returnSlot(host: HostModel): void {
  const { slot } = host.memory;
  if (slot === null) return;
  const path = slotsPath(host.service, host.name);
  const purpose = { kind: "slot", service: host.service, host: host.name } as const;
  const outcome = host.send([
    { kind: "set", path: slotsPath(host.service), data: null, version: null },
    { kind: "delete", path, version: slot.version },
  ], purpose);
  if (outcome.kind === "done") host.memory.slot = null;
}

function leaveQueue(host: HostModel): void {
  const { staged } = host.memory;
  if (staged === null) return;
  const outcome = host.send([{ kind: "delete", path: staged.path, version: null }]);
  if (outcome.kind === "done") host.memory.staged = null;
}

function stage(host: HostModel, version: string): void {
  const data: Staged = { schema: SCHEMA_VERSION, host: host.name, version };
  const path = stagingPrefix(host.service, host.name);
  const outcome = host.send([
    { kind: "create", path, data, lifetime: "ephemeral", isSequential: true },
  ]);
  const [created] = outcome.kind === "done" ? outcome.created : [];
  if (created !== undefined) host.memory.staged = { path: created, version };
}

function requestSlot(
  host: HostModel,
  { reading, version, isCatchUp }: { reading: Reading; version: string; isCatchUp: boolean },
): void {
  const { service, name, memory, environment: { tree, sabotage } } = host;
  const { view } = reading;
  const answer = decideAdmission(view, {
    host: name,
    service,
    version: version,
    catchUp: isCatchUp,
    nowMs: tree.zxid,
  });
  memory.waitingFor = answer.admit ? "admitted" : answer.waitingFor;
  if (!answer.admit) return;
  const data: Slot = {
    schema: SCHEMA_VERSION,
    host: name,
    from: host.process?.version ?? null,
    to: version,
    step: "draining",
    sinceMs: tree.zxid,
    wave: answer.wave?.node ?? null,
    reason: null,
  };
  const operations: Operation[] = [];
  if (sabotage !== "no_control_check") {
    operations.push({ kind: "check", path: CONTROL, version: view.controlVersion });
  }
  if (answer.wave !== null) {
    const { node, znodeVersion } = answer.wave;
    operations.push({ kind: "check", path: wavePath(node), version: znodeVersion });
  }
  const counter = sabotage === "no_counter" ? null : view.slotsVersion;
  operations.push({ kind: "set", path: slotsPath(service), data: null, version: counter });
  const lifetime = sabotage === "ephemeral_slot" ? "ephemeral" : "persistent";
  operations.push({ kind: "create", path: slotsPath(service, name), data, lifetime });
  const outcome = host.send(operations, {
    kind: "admission",
    service,
    host: name,
    reading,
    version,
    isCatchUp,
  });
  if (outcome.kind !== "done") return;
  memory.slot = { entry: data, version: 0 };
  memory.isStepTaken = false;
  host.disk.journal = "draining";
}

function finish(host: HostModel, reading: Reading): void {
  const { service, name } = host;
  const { view, entry, entryVersion, waves } = reading;
  if (view.wave === null) return;
  const { node, znodeVersion, version } = view.wave;
  const operations: Operation[] = [
    { kind: "check", path: CONTROL, version: view.controlVersion },
    { kind: "check", path: slotsPath(service), version: view.slotsVersion },
    { kind: "delete", path: wavePath(node), version: znodeVersion },
  ];
  if (waves.filter((wave) => wave.service === service).length === 1 && entry.committed !== null) {
    const data = { ...entry, committed: { ...entry.committed, version } };
    operations.push({ kind: "set", path: servicePath(service), data, version: entryVersion });
  }
  host.send(operations, { kind: "finish", service, host: name, reading });
}
