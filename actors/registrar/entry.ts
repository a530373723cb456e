/**
 * The host's entry for one service: its first state, and how patches change it. Pure functions.
 *
 * @module
 */

import { type Current, RUNS_OTHERWISE, SCHEMA_VERSION, waitingSince } from "../../rollout/mod.ts";
import type { HostIdentity, Running } from "./messages.ts";

/** The entry of an agent that has just started and knows nothing yet. */
export function firstEntry(identity: HostIdentity, nowMs: number): Current {
  const { host, agent, machine, site, rack } = identity;
  return {
    schema: SCHEMA_VERSION,
    host,
    agent,
    ...(machine === undefined ? {} : { machine }),
    site,
    rack,
    version: null,
    state: "down",
    sinceMs: nowMs,
    pinnedBytes: 0,
    preparation: null,
    received: null,
    waitingFor: "starting",
    waitingSinceMs: nowMs,
    endpoint: null,
  };
}

/** Applies a patch. An info hash and a restart belong to their version: a patch with a version and without them makes them unknown. @returns The patched entry; the same object when the patch changes nothing. */
export function patchEntry(
  entry: Current,
  { patch, nowMs }: { readonly patch: Partial<Current>; readonly nowMs: number },
): Current {
  const isOtherState = (patch.state !== undefined && patch.state !== entry.state) ||
    (patch.version !== undefined && patch.version !== entry.version);
  const { infoHash, restart } = patch.version === undefined ? entry : patch;
  const sinceMs = isOtherState ? nowMs : entry.sinceMs;
  const waitingFor = patch.waitingFor === undefined ? entry.waitingFor : patch.waitingFor;
  const waitingSinceMs = waitingSince(entry, waitingFor, nowMs);
  const next: Current = { ...entry, ...patch, infoHash, restart, sinceMs, waitingSinceMs };
  return isSameEntry(next, entry) ? entry : next;
}

/** Whether two entries say the same. */
export function isSameEntry(entry: Current, other: Current): boolean {
  for (const field in entry) if (!isEqual(entry[field], other[field])) return false;
  for (const field in other) {
    if (!(field in entry) && other[field] !== undefined) return false;
  }
  return true;
}

function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return typeof one === "object" && JSON.stringify(one) === JSON.stringify(other);
}

/** How soon a change of an entry has to be in the tree. */
export type Urgency = "state" | "phase" | "words" | "progress";

/** How soon the difference between two entries has to be in the tree. */
export function urgencyOf(before: Current, after: Current): Urgency {
  const phaseOf = ({ preparation }: Current) => `${preparation?.version} ${preparation?.phase}`;
  const isOtherState = before.state !== after.state || before.version !== after.version ||
    before.restart !== after.restart || before.endpoint !== after.endpoint;
  if (isOtherState) return "state";
  if (phaseOf(before) !== phaseOf(after)) return "phase";
  const isOtherWord = before.waitingFor !== after.waitingFor ||
    before.preparation?.pause !== after.preparation?.pause ||
    !isEqual(before.drained, after.drained);
  return isOtherWord ? "words" : "progress";
}

/** Most settings that the entry names; the host's own page names all. */
const NAMED_MAX = 5;

/**
 * The entry as others see it: with the restarts of the service; and a host that waits for nothing says what is not as its config
 * says.
 */
export function shownEntry(
  { entry, running }: { readonly entry: Current; readonly running: Running },
): Current {
  const { restarts: { crash, unwell }, quarantined, differences } = running;
  const told: Current = {
    ...entry,
    ...(crash + unwell === 0 ? {} : { restarts: { crash, unwell } }),
    ...(quarantined === null ? {} : { quarantined }),
  };
  if (entry.waitingFor !== null || differences.length === 0) return told;
  const more = differences.length - NAMED_MAX;
  const named = differences.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return {
    ...told,
    waitingFor: `${RUNS_OTHERWISE} (${named}), until it is started anew`,
  };
}
