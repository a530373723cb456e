/**
 * What the registrar knows of the host's entry for one service, and when it is written next.
 *
 * @module
 */

import {
  type Current,
  donePath,
  isFirstService,
  type MarkerChange,
  markersOf,
  readyPath,
  type Roster,
  servingPath,
  type Slot,
} from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { ActorContext } from "../runtime/mod.ts";
import { firstEntry, patchEntry, shownEntry, type Urgency, urgencyOf } from "./entry.ts";
import { type Furthest, NOT_PREPARED } from "./furthest.ts";
import type { Counted, HostIdentity, RegistrarMessage, Running } from "./messages.ts";

/** The registrar's context. */
export type Context = ActorContext<RegistrarMessage>;

/** A message whose answer needs a transaction. */
export type Request = Extract<RegistrarMessage, { type: "report" | "join" | "give_back" }>;

/** What the registrar keeps of one service. */
export interface Registration {
  /** The entry, but for what {@linkcode shownEntry} adds. */
  entry: Current;
  running: Running;
  isRegistered: boolean;
  /** Whether the entry or the markers in the tree may differ from what they should be. */
  isDirty: boolean;
  /** How urgent what has changed is, since the transaction began that is under way or was the last. */
  urgency: Urgency;
  /** Whether a transaction is under way. The next one depends on its outcome. */
  isWriting: boolean;
  /** Requests that wait for it, by type. */
  readonly waiting: Map<Request["type"], Request>;
  /** The markers that stand, once the host is registered. */
  markers: ReadonlySet<string>;
  /** What the host is counted by besides its entry. */
  counted: Counted;
  /** The epoch of the registration; `null` before the first one. */
  epoch: number | null;
  /** What stands on the roster, as it was found with that epoch; `null` before the first one. */
  roster: Roster | null;
  /** Whether it was put back, so that it registers as one that is drained no longer. */
  isPutBack: boolean;
  /** Whether it counts as soon as it serves for the first time, else once it was put back. */
  readonly countsAtOnce: boolean;
  /** The slot that has to be shown with its present step; `null` if none has. */
  slot: Slot | null;
  /**
   * Whether another machine held a slot in this host's name when it registered: then the host writes and removes none without
   * looking.
   */
  isSlotElsewhere: boolean;
  /** How far the preparation of a version has come, as far as the wave's tally says it. */
  prepared: Furthest;
  /** When the last write began, on the monotonic clock. */
  writtenMs: number;
  /** When the next write is due, if its timer is active. */
  dueMs: number;
  /** Why the last attempt to register failed. Each reason is logged once. */
  problem: string | null;
}

/** The registrar's state. */
export interface State {
  /** `null` while there is no connection. */
  zookeeper: ZooKeeper | null;
  sessionId: bigint | null;
  /** Since when there is no connection, by the wall clock; `null` while there is one. */
  suspendedMs: number | null;
  readonly registrations: Map<string, Registration>;
  /** Counts sessions, so that outcomes of attempts in earlier sessions are ignored. */
  attempt: number;
}

/** Least time between two writes of one entry, by what is new in it; see `urgencyOf`. */
const WRITE_GAP_MS: Readonly<Record<Urgency, number>> = {
  // What others decide by: at once.
  state: 200,
  // What others follow: some of its steps take no time.
  phase: 500,
  // Why a host waits: soon enough for who looks at it.
  words: 1_000,
  // Progress changes many times a second, on every host of a fleet at once. Live figures come from the agents themselves.
  progress: 10_000,
};

/** How long a write waits that nobody decides by, for what else is about to be said or done: in ms. */
const COALESCED_MS = 200;

/** The registration of an agent for a service that has just started. */
export function firstRegistration(
  identity: HostIdentity,
  { service, nowMs }: { readonly service: string; readonly nowMs: number },
): Registration {
  return {
    entry: firstEntry(identity, nowMs),
    running: { restarts: { crash: 0, unwell: 0 }, quarantined: null, differences: [] },
    isRegistered: false,
    isDirty: false,
    urgency: "progress",
    isWriting: false,
    waiting: new Map(),
    markers: new Set(),
    counted: { waves: [], staged: null },
    epoch: null,
    roster: null,
    isPutBack: false,
    countsAtOnce: identity.putBackFirst?.includes(service) !== true,
    slot: null,
    isSlotElsewhere: false,
    prepared: NOT_PREPARED,
    writtenMs: Number.NEGATIVE_INFINITY,
    dueMs: Number.NEGATIVE_INFINITY,
    problem: null,
  };
}

/** The markers as they stand, and as they should be by what the entry says. */
export function markerChange(
  registration: Registration,
  service: string,
): MarkerChange {
  return {
    standing: registration.markers,
    wanted: markersFor(registration, service, registration.counted),
  };
}

/** The markers that the host should have, if it is counted by that besides its entry. */
export function markersFor(
  registration: Registration,
  service: string,
  counted: Counted,
): ReadonlySet<string> {
  return markersOf(shownEntry(registration), {
    service,
    roster: registration.roster,
    ...counted,
  });
}

/** Whether the host has to register once more: it serves for the first time, or was put back, and counts from then on. */
export function needsRegistering(
  { entry, roster, isPutBack, countsAtOnce }: Registration,
): boolean {
  return isPutBack || countsAtOnce && roster !== null && isFirstService(roster, entry);
}

/** Changes the entry, and has it written if that changes anything. */
export function patch(
  state: State,
  service: string,
  { change, context }: { readonly change: Partial<Current>; readonly context: Context },
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  const nowMs = context.clock.wallTimeMs();
  const next = patchEntry(registration.entry, { patch: change, nowMs });
  if (next === registration.entry) return;
  const urgency = urgencyOf(registration.entry, next);
  registration.entry = next;
  markDirty(registration, service, { urgency, context });
}

/** Notes what the host is counted by, and the slot that is to be shown; has them written if that changes anything. */
export function note(
  state: State,
  { service, slot, counted }: Extract<RegistrarMessage, { type: "update" }>,
  context: Context,
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  if (slot !== undefined) registration.slot = slot;
  if (slot !== undefined && slot !== null) {
    markDirty(registration, service, { urgency: "phase", context });
  }
  if (counted === undefined) return;
  registration.counted = counted;
  const { standing, wanted } = markerChange(registration, service);
  if (wanted.difference(standing).size > 0) {
    markDirty(registration, service, { urgency: "phase", context });
    return;
  }
  // Nobody looks at the markers of waves that are over: they go with the next write.
  const { entry: { host } } = registration;
  const counting = new Set([
    servingPath(service, host),
    ...counted.waves.flatMap(({ tally }) => [
      readyPath(service, tally, host),
      donePath(service, tally, host),
    ]),
  ]);
  if (standing.difference(wanted).intersection(counting).size > 0) {
    markDirty(registration, service, { urgency: "phase", context });
  }
}

/** Key of the timer of the next write. */
export function writeTimer(service: string): string {
  return `write ${service}`;
}

/** Has the entry written when the last write is long enough ago. */
export function markDirty(
  registration: Registration,
  service: string,
  { urgency, context }: { readonly urgency: Urgency; readonly context: Context },
): void {
  registration.isDirty = true;
  if (WRITE_GAP_MS[urgency] < WRITE_GAP_MS[registration.urgency]) registration.urgency = urgency;
  if (registration.isWriting) return;
  const key = writeTimer(service);
  const dueMs = registration.writtenMs + WRITE_GAP_MS[urgency];
  if (context.timers.isActive(key) && registration.dueMs <= dueMs) return;
  registration.dueMs = dueMs;
  const leastMs = urgency === "state" ? 0 : COALESCED_MS;
  const delayMs = Math.max(leastMs, dueMs - context.clock.nowMs());
  context.timers.after(key, delayMs, { type: "write_due", service });
}
