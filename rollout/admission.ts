/**
 * Whether a host may go down now: the main rule of the upgrade protocol, as one pure function of what was read from
 * the tree.
 *
 * The answer is only advice, since what was read may be stale. The caller's `multi` enforces it: it checks the control
 * node and the wave, and changes the service's admission counter at the version that is in the view.
 *
 * @module
 */

import type { Control, Current, Slot, Staged } from "./entries.ts";
import { listNames } from "./name_list.ts";
import { budgetHosts, type Policy, quorumHosts } from "./policy.ts";
import {
  describeOtherContent,
  isOtherContent,
  isSameRelease,
  type ReleaseIdentity,
} from "./release_identity.ts";

/** The first wave of the deploy queue, with the version that an admission depends on. */
export interface FirstWave extends ReleaseIdentity {
  /** Name of its node. */
  readonly node: string;
  /** Version of its node. */
  readonly znodeVersion: number;
  /** The service that it upgrades. */
  readonly service: string;
  /** The version that it upgrades to. */
  readonly version: string;
  /** The info hash of that version, as it is on offer. Not known for another service than the view's. */
  readonly infoHash?: string | null | undefined;
  /** Its hosts; `null`: all hosts of the service. */
  readonly hosts: readonly string[] | null;
}

/** What a host has read about its service before it decides. */
export interface ServiceView {
  /** The control node's entry; `null` when there is none. */
  readonly control: Control | null;
  /** Version of the control node; the admission fails if it has changed since. */
  readonly controlVersion: number;
  /** The head of the deploy queue, whichever service it is for; `null` when the queue is empty. */
  readonly wave: FirstWave | null;
  /** The service's policy. */
  readonly policy: Policy;
  /** The hosts that should run the service, also while they are away. */
  readonly roster: readonly string[];
  /** The entries of the hosts that are online, by host. */
  readonly current: ReadonlyMap<string, Current>;
  /** The staging queue, in order. */
  readonly staged: readonly Staged[];
  /** The slots, by host: held ones, and records of failures. */
  readonly slots: ReadonlyMap<string, Slot>;
  /** Version of the service's counter node. */
  readonly slotsVersion: number;
}

/** Whether a host may take a slot; if not, `waitingFor` says why, in words for an operator. */
export type Admission =
  | { readonly admit: true; readonly wave: FirstWave | null }
  | { readonly admit: false; readonly waitingFor: string };

/**
 * What a host asks for that has no switch under way: to switch in the first wave, or to catch up with the fleet outside of
 * any wave.
 */
export interface AdmissionRequest extends ReleaseIdentity {
  /** The host that asks. */
  readonly host: string;
  /** Its service. */
  readonly service: string;
  /** The version to switch to. */
  readonly version: string;
  /** Whether the host came back with an old version and no wave covers it. */
  readonly catchUp: boolean;
}

/** Decides whether the host may take a slot (invariants I1, I2, I3, I6). */
export function decideAdmission(view: ServiceView, request: AdmissionRequest): Admission {
  const { control, wave } = view;
  const own = view.current.get(request.host);
  // A host without an entry counts as away although its service may be running: it must not count as a host that is down
  // already.
  if (own === undefined) return wait("not registered among the current hosts yet");
  const slot = view.slots.get(request.host);
  // A slot of a switch that was dropped stands as long as the host is down, and the next one takes its place.
  const isReplaced = slot !== undefined && isHeld(slot) && own.state !== "serving";
  if (slot !== undefined && !isReplaced) {
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
    if (!isSameRelease(wave, request)) {
      return wait(
        isOtherContent(wave, request)
          ? describeOtherContent({ known: request, place: "what is staged here", wanted: wave })
          : `wave is for ${wave.version}, not ${request.version}`,
      );
    }
    if (!covers(wave, request.host)) return wait(describeCovered(view, wave));
    const quorum = checkQuorum(view, wave);
    if (quorum !== null) return wait(quorum);
  }

  // A host that is down already makes nothing worse by starting the new version, so it goes first and beyond the budget.
  // If it waited for the head of the queue, and the head for the budget that it uses up, both would wait for ever. But it
  // waits for those that switch: if all hosts are down at once, because of what they all depend on, the new version would
  // else be on all of them before anything is known of it. Where nothing ran, there is nothing to lose.
  const admitted: Admission = { admit: true, wave: request.catchUp ? null : wave };
  if (own.state !== "serving") {
    return own.version === null ? admitted : checkConcurrency(view, request.host) ?? admitted;
  }

  if (!request.catchUp && wave !== null) {
    const head = view.staged.find((staged) =>
      isSameRelease(staged, wave) && covers(wave, staged.host) &&
      // An entry of a host that is away, or of none, is a stranger's: the queue's nodes end with their sessions.
      view.current.has(staged.host) && view.roster.includes(staged.host) &&
      // These hosts will ask for no slot: the one has or had its turn, the other came back on the new version.
      !view.slots.has(staged.host) && !runs(view, staged.host, wave)
    );
    if (head === undefined) return wait("not in the staging queue yet");
    if (head.host !== request.host) return wait(`${head.host} is next in the staging queue`);
  }
  return checkBudget(view, request.host) ?? checkConcurrency(view, request.host) ?? admitted;
}

/** May a host that holds a slot stop its service now: yes, or why its slot has to be given back. */
export type Fence =
  | { readonly stop: true }
  | { readonly stop: false; readonly reason: string };

/** A host that is about to stop its service. */
export interface FenceRequest {
  /** The slot that it took. */
  readonly slot: Slot;
  /** The nodes of all waves that are in the deploy queue. */
  readonly waveNodes: readonly string[];
  /** The committed release, `null` if there is none. */
  readonly committed: ReleaseIdentity | null;
}

/**
 * Decides whether a host that holds a slot may stop its service (invariants I1, I5, I6). Between the admission and this
 * moment the host may have been dead, paused or draining for a long time, in which operators freed its slot, paused or
 * aborted. The caller makes the step from draining to stopping in a `multi` that checks what this decision rests on.
 */
export function decideFence(view: ServiceView, request: FenceRequest): Fence {
  const { slot } = request;
  const { control } = view;
  const standing = view.slots.get(slot.host);
  if (standing === undefined || !isSameSlot(standing, slot) || !isHeld(standing)) {
    return giveBack("its slot is gone");
  }
  if (control !== null && control.state !== "running") {
    return giveBack(`control is ${control.state} by ${control.by}`);
  }
  if (slot.wave !== null && !request.waveNodes.includes(slot.wave)) {
    return giveBack(`the wave of ${slot.to} is gone`);
  }
  const isCommitted = request.committed !== null &&
    isSameRelease(request.committed, slotTarget(slot));
  if (slot.wave === null && !isCommitted) {
    return giveBack(`${slot.to} is not the committed version any more`);
  }
  const own = view.current.get(slot.host);
  if (own === undefined) return giveBack("it is not registered among the current hosts");
  const { host } = slot;
  const blocked = own.state === "serving"
    ? checkBudget(view, host) ?? checkConcurrency(view, host)
    : own.version === null
    ? null
    : checkConcurrency(view, host);
  return blocked === null || blocked.admit ? { stop: true } : giveBack(blocked.waitingFor);
}

function giveBack(reason: string): Fence {
  return { stop: false, reason };
}

/** Whether a slot means that its host may be down; a failed slot is only a record. */
export function isHeld(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.step !== "failed";
}

/** Whether both are the same slot at two moments, and not an earlier and a later slot of the host. */
export function isSameSlot(slot: Slot, other: Slot): boolean {
  return slot.host === other.host && slot.to === other.to && slot.sinceMs === other.sinceMs;
}

/** The release that a slot is for, or whose failure it records. */
export function slotTarget(slot: Slot): ReleaseIdentity {
  return { version: slot.to, infoHash: slot.infoHash };
}

/** The hosts whose switch to that release failed, and whose record of it still stands. */
export function failedHosts(view: ServiceView, release: ReleaseIdentity): string[] {
  return [...view.slots.values()]
    .filter((slot) => slot.step === "failed" && isSameRelease(slotTarget(slot), release))
    .map((slot) => slot.host);
}

/** Whether the wave covers that host. */
export function covers(wave: Pick<FirstWave, "hosts">, host: string): boolean {
  return wave.hosts === null || wave.hosts.includes(host);
}

/** The hosts that count as away: not serving, for whatever cause, or holding a slot. */
export function unavailableHosts(view: ServiceView): string[] {
  return view.roster.filter((host) =>
    view.current.get(host)?.state !== "serving" || isHeld(view.slots.get(host))
  );
}

/** Whether enough hosts of the wave have its version staged, or run it already. */
export function isQuorumMet(view: ServiceView, wave: FirstWave): boolean {
  return checkQuorum(view, wave) === null;
}

function checkQuorum(view: ServiceView, wave: FirstWave): string | null {
  const covered = view.roster.filter((host) => covers(wave, host));
  const staged = new Set(
    view.staged.filter((entry) => isSameRelease(entry, wave)).map((entry) => entry.host),
  );
  const readyCount = covered.filter((host) => {
    const slot = view.slots.get(host);
    // A host with a slot for this version, held or failed, was staged when it took the slot. If a failed one did not count,
    // a failure that the policy allows could make the quorum unreachable.
    return staged.has(host) || (slot !== undefined && isSameRelease(slotTarget(slot), wave)) ||
      runs(view, host, wave);
  }).length;
  const neededCount = quorumHosts(view.policy, covered.length);
  return readyCount >= neededCount ? null : `quorum: ${readyCount} of ${neededCount} hosts staged`;
}

function runs(view: ServiceView, host: string, release: ReleaseIdentity): boolean {
  const entry = view.current.get(host);
  return entry !== undefined && isSameRelease(entry, release);
}

/** Whether one more host may be away; if not, the hosts that are. */
function checkBudget(view: ServiceView, asking: string): Admission | null {
  const others = unavailableHosts(view).filter((host) => host !== asking);
  const budget = budgetHosts(view.policy, view.roster.length);
  if (others.length + 1 <= budget) return null;
  const why = describeAbsences(others, view);
  return wait(`budget: ${others.length} of ${budget} down, ${why}`);
}

/** Whether one more host may switch; if not, the hosts that do. */
function checkConcurrency(view: ServiceView, asking: string): Admission | null {
  const holders = [...view.slots.values()]
    .filter((slot) => isHeld(slot) && slot.host !== asking).map(({ host }) => host);
  const { maxConcurrent } = view.policy;
  if (holders.length < maxConcurrent) return null;
  const why = describeAbsences(holders, view);
  return wait(`${maxConcurrent === 1 ? "one" : maxConcurrent} at a time: ${why}`);
}

/** Names the hosts of the wave that are missing: if one of them is away, an operator must see that all others wait for it. */
function describeCovered(view: ServiceView, wave: FirstWave): string {
  const missing = (wave.hosts ?? []).filter((host) => !runs(view, host, wave));
  const named = listNames(
    missing.map((host) => view.current.has(host) ? host : `${host} (offline)`),
  );
  return `wave of ${wave.version} goes to ${named || "other hosts"} first`;
}

function describeAbsences(hosts: readonly string[], view: ServiceView): string {
  return listNames(hosts.map((host) => describeAbsence(host, view)));
}

/** Without ages: they would be old when they are read. The slot says since when it is held. */
function describeAbsence(host: string, view: ServiceView): string {
  const slot = view.slots.get(host);
  if (slot !== undefined && isHeld(slot)) return `${host} holds the slot (${slot.step})`;
  return view.current.has(host) ? `${host} is down` : `${host} is offline`;
}

function wait(waitingFor: string): Admission {
  return { admit: false, waitingFor };
}
