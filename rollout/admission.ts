/**
 * May this host go down now? The rule of the upgrade protocol, as one pure function over what was read from the tree.
 *
 * The answer is advice: what was read may be stale. What enforces it is the caller's `multi`, which checks the control
 * node and the wave and bumps the service's admission counter at the version that is in the view.
 *
 * @module
 */

import type { Control, Current, Slot, Staged } from "./entries.ts";
import { budgetHosts, type Policy, quorumHosts } from "./policy.ts";

/** The first wave of the deploy queue, with the versions that the admission is checked against. */
export interface FirstWave {
  /** Name of its node. */
  readonly node: string;
  readonly znodeVersion: number;
  readonly service: string;
  readonly version: string;
  readonly hosts: readonly string[] | null;
}

/** What a host read about its service before it decides. */
export interface ServiceView {
  readonly control: Control | null;
  /** Version of the control node; the admission fails if it has changed since. */
  readonly controlVersion: number;
  /** The head of the deploy queue, whichever service it is for; `null` when the queue is empty. */
  readonly wave: FirstWave | null;
  readonly policy: Policy;
  readonly roster: readonly string[];
  readonly current: ReadonlyMap<string, Current>;
  /** The staging queue, in order. */
  readonly staged: readonly Staged[];
  readonly slots: ReadonlyMap<string, Slot>;
  /** Version of the service's counter node. */
  readonly slotsVersion: number;
}

/** May this host take a slot: yes, or why not, in words for an operator. */
export type Admission =
  | { readonly admit: true; readonly wave: FirstWave | null }
  | { readonly admit: false; readonly waitingFor: string };

/** What the host wants: its part in the first wave, or to catch up with the fleet outside of any wave. */
export interface AdmissionRequest {
  readonly host: string;
  readonly service: string;
  /** The version to switch to. */
  readonly version: string;
  /** The host came back with an old version and no wave will take it along. */
  readonly catchUp: boolean;
  /** Now, milliseconds since the epoch: only to tell how long somebody has held a slot. */
  readonly nowMs: number;
}

/** Decides whether the host may take a slot (invariants I1, I2, I3, I6). */
export function decideAdmission(view: ServiceView, request: AdmissionRequest): Admission {
  const { control, wave } = view;
  const own = view.current.get(request.host);
  // A host without an entry counts as away although its service may well be running: it must not pass for a host that
  // is down already.
  if (own === undefined) return wait("not registered among the current hosts yet");
  const slot = view.slots.get(request.host);
  if (slot !== undefined) {
    return wait(
      isHeld(slot)
        ? `holds its slot already (${slot.step})`
        : `switch to ${slot.to} failed${slot.reason ? `: ${slot.reason}` : ""}`,
    );
  }
  if (control !== null && control.state !== "running") {
    return wait(
      `control is ${control.state} by ${control.by}${control.reason ? `: ${control.reason}` : ""}`,
    );
  }
  if (!request.catchUp) {
    if (wave === null) return wait("no wave in the deploy queue");
    if (wave.service !== request.service) {
      return wait(`wave of ${wave.service} ${wave.version} goes first`);
    }
    if (wave.version !== request.version) {
      return wait(`wave is for ${wave.version}, not ${request.version}`);
    }
    if (!covers(wave, request.host)) return wait(describeCovered(view, wave));
    const quorum = checkQuorum(view, wave);
    if (quorum !== null) return wait(quorum);
  }

  // A host that is down already makes nothing worse by starting the new version, so it goes first and past the budget.
  // Were it to wait for the head of the queue, and the head for the budget that it uses up, both would wait for ever.
  const admitted: Admission = { admit: true, wave: request.catchUp ? null : wave };
  if (own.state !== "serving") return admitted;

  if (!request.catchUp && wave !== null) {
    const head = view.staged.find((staged) =>
      staged.version === wave.version && covers(wave, staged.host) &&
      // Neither of them will ask for a slot: one that has or had its turn, one that came back on the new version.
      !view.slots.has(staged.host) && view.current.get(staged.host)?.version !== wave.version
    );
    if (head === undefined) return wait("not in the staging queue yet");
    if (head.host !== request.host) return wait(`${head.host} is next in the staging queue`);
  }
  return checkBudget(view, request) ?? admitted;
}

/** A slot that means its host may be down; a failed one is only a record. */
export function isHeld(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.step !== "failed";
}

/** Whether it is one and the same slot at two moments, and not a later one of the same host. */
export function isSameSlot(slot: Slot, other: Slot): boolean {
  return slot.host === other.host && slot.to === other.to && slot.sinceMs === other.sinceMs;
}

/** The hosts whose switch to that version failed, and that nobody has let try again. */
export function failedHosts(view: ServiceView, version: string): string[] {
  return [...view.slots.values()]
    .filter((slot) => slot.step === "failed" && slot.to === version)
    .map((slot) => slot.host);
}

/** Whether the wave is for that host. */
export function covers(wave: Pick<FirstWave, "hosts">, host: string): boolean {
  return wave.hosts === null || wave.hosts.includes(host);
}

/** The hosts that count as away: not on duty from any cause, or holding a slot. */
export function unavailableHosts(view: ServiceView): string[] {
  return view.roster.filter((host) =>
    view.current.get(host)?.state !== "serving" || isHeld(view.slots.get(host))
  );
}

function checkQuorum(view: ServiceView, wave: FirstWave): string | null {
  const covered = view.roster.filter((host) => covers(wave, host));
  const staged = new Set(
    view.staged.filter((entry) => entry.version === wave.version).map((entry) => entry.host),
  );
  const readyCount = covered.filter((host) =>
    // A slot for this version, be it held or failed, was taken by a host that was staged: were a failed one not counted, a
    // failure that the policy allows could take the quorum away for good.
    staged.has(host) || view.slots.get(host)?.to === wave.version ||
    view.current.get(host)?.version === wave.version
  ).length;
  const neededCount = quorumHosts(view.policy, covered.length);
  return readyCount >= neededCount ? null : `quorum: ${readyCount} of ${neededCount} hosts staged`;
}

function checkBudget(view: ServiceView, request: AdmissionRequest): Admission | null {
  const others = unavailableHosts(view).filter((host) => host !== request.host);
  const holders = [...view.slots.values()].filter((slot) =>
    isHeld(slot) && slot.host !== request.host
  );
  const budget = budgetHosts(view.policy, view.roster.length);
  const isOverBudget = others.length + 1 > budget;
  if (!isOverBudget && holders.length < view.policy.maxConcurrent) return null;
  const why = others.map((host) => describeAbsence(host, view, request.nowMs));
  return isOverBudget
    ? wait(`budget: ${others.length} of ${budget} down, ${why.join(", ")}`)
    : wait(`one at a time: ${why.join(", ")}`);
}

/** A wave for some hosts goes first; should one of them be away, nobody would know what all the others wait for. */
function describeCovered(view: ServiceView, wave: FirstWave): string {
  const missing = (wave.hosts ?? []).filter((host) =>
    view.current.get(host)?.version !== wave.version
  );
  const named = missing.slice(0, NAMED_HOSTS_MAX)
    .map((host) => view.current.has(host) ? host : `${host} (offline)`);
  const rest = missing.length > named.length ? ` and ${missing.length - named.length} more` : "";
  return `wave of ${wave.version} goes to ${named.join(", ") || "other hosts"}${rest} first`;
}

/** As many names as an operator reads in a table. */
const NAMED_HOSTS_MAX = 3;

function describeAbsence(host: string, view: ServiceView, nowMs: number): string {
  const slot = view.slots.get(host);
  if (slot !== undefined && isHeld(slot)) {
    const heldSeconds = Math.max(0, Math.round((nowMs - slot.sinceMs) / 1000));
    return `${host} holds the slot for ${heldSeconds} s (${slot.step})`;
  }
  return view.current.has(host) ? `${host} is down` : `${host} is offline`;
}

function wait(waitingFor: string): Admission {
  return { admit: false, waitingFor };
}
