/**
 * The switch of one host that holds a slot. Each step is written to the journal, then to the slot, and only then executed;
 * every step can be repeated after a crash.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  decideFailure,
  type Slot,
  slotsPath,
  type Step,
} from "../../../rollout/mod.ts";
import type { HostModel } from "./host_model.ts";
import { nodeAt, type Operation } from "./tree_model.ts";

const NEXT_STEP: Partial<Record<Step, Step>> = {
  draining: "stopping",
  stopping: "pointing",
  pointing: "starting",
  starting: "checking",
  checking: "baking",
  baking: "reporting",
};

/** Takes the next small step of a switch. */
export function stepSwitch(host: HostModel): void {
  const { memory, disk, environment } = host;
  if (memory.slot === null) return;
  environment.invariants.checkSwitching(host);
  const { entry, version } = memory.slot;
  disk.journal ??= entry.step;
  if (disk.journal !== entry.step) {
    const next = { ...entry, step: disk.journal };
    const path = slotsPath(host.service, host.name);
    // The slot's own version begins at 0 with each slot, the counter's version does not: it refuses a request that arrives
    // after the next slot was taken.
    const { view: { slotsVersion } } = host.readFresh();
    const fence: Operation[] = environment.sabotage === "no_step_fence"
      ? []
      : [{ kind: "check", path: slotsPath(host.service), version: slotsVersion }];
    const outcome = host.send([...fence, { kind: "set", path, data: next, version }], {
      kind: "slot",
      service: host.service,
      host: host.name,
    });
    if (outcome.kind === "done") memory.slot = { entry: next, version: version + 1 };
    return;
  }
  if (!memory.isStepTaken) {
    memory.isStepTaken = true;
    takeStep(host, entry.step);
    return;
  }
  if (entry.step === "reporting") return report(host);
  if (entry.step === "rolling_back") return fail(host);
  const isGate = entry.step === "checking" || entry.step === "baking";
  disk.journal = isGate && host.process?.isHealthy !== true
    ? "rolling_back"
    : NEXT_STEP[entry.step] ?? null;
  memory.isStepTaken = false;
}

function takeStep(host: HostModel, step: Step): void {
  const { memory, disk, environment, service, name } = host;
  if (memory.slot === null) return;
  const { from, to } = memory.slot.entry;
  environment.note(`${service}/${name} ${step} ${from} -> ${to}`);
  switch (step) {
    case "draining":
    case "failed":
      return;
    case "stopping":
      host.process = null;
      return;
    case "pointing":
      environment.invariants.checkPointing(host, to);
      disk.pointer = to;
      return;
    // After a power cut the service does not run, whatever the step.
    case "starting":
    case "reporting":
      host.process ??= { version: to, isHealthy: false };
      return;
    case "checking":
    case "baking":
      host.process ??= { version: to, isHealthy: false };
      host.process.isHealthy = environment.isHealthy(service, name, to);
      return;
    case "rolling_back":
      disk.pointer = from ?? disk.pointer;
      host.process = from === null ? null : { version: from, isHealthy: true };
      return;
  }
}

function report(host: HostModel): void {
  const { memory, service, name } = host;
  if (memory.slot === null) return;
  const state = host.state;
  const path = slotsPath(service, name);
  const outcome = host.send([
    ...host.entryOperations(),
    ...leaveQueue(host),
    { kind: "delete", path, version: memory.slot.version },
  ], { kind: "slot", service, host: name });
  if (outcome.kind !== "done") return;
  host.disk.journal = null;
  Object.assign(memory, { slot: null, staged: null, written: state, isStepTaken: false });
  memory.hasRejoined = true;
}

/** Reports a failed switch: the entry says in the same `multi` that the host is back on the old version. The change of the counter serializes failures with admissions and with each other. */
function fail(host: HostModel): void {
  const { memory, service, name, environment } = host;
  if (memory.slot === null) return;
  const { view } = host.readFresh();
  const { entry, version } = memory.slot;
  const state = host.state;
  const sinceMs = environment.tree.zxid;
  const reason = `health gate of ${entry.to} failed`;
  const failure = decideFailure(view, { host: name, service, version: entry.to });
  // Halting changes the version of the control node itself.
  const controlVersion = view.controlVersion + (failure.halt ? 1 : 0);
  const failed: Slot = { ...entry, step: "failed", reason, sinceMs, controlVersion };
  const operations: Operation[] = [
    { kind: "set", path: slotsPath(service), data: null, version: view.slotsVersion },
    { kind: "set", path: slotsPath(service, name), data: failed, version },
    ...host.entryOperations(),
    ...leaveQueue(host),
  ];
  if (failure.halt) {
    const control = nodeAt(environment.tree.snapshot, CONTROL);
    const data: Control = {
      ...(control.data as Control),
      state: "halted",
      by: name,
      reason: failure.reason,
      sinceMs,
    };
    operations.push({ kind: "set", path: CONTROL, data, version: control.version });
  }
  const outcome = host.send(operations, { kind: "slot", service, host: name });
  if (outcome.kind !== "done") return;
  host.disk.journal = null;
  Object.assign(memory, {
    slot: { entry: failed, version: version + 1 },
    staged: null,
    written: state,
    isStepTaken: false,
  });
}

function leaveQueue(host: HostModel): Operation[] {
  const { staged } = host.memory;
  return staged === null ? [] : [{ kind: "delete", path: staged.path, version: null }];
}
