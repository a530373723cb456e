/** What the registrar knows of one service's entry, and what of it is in the tree. */

import type { Current, Slot } from "../../rollout/mod.ts";
import { firstEntry } from "./entry.ts";
import type { HostIdentity, Running } from "./messages.ts";

/** What the registrar keeps of one service. */
export interface Registration {
  /** The entry, but for what {@linkcode shownEntry} adds. */
  entry: Current;
  running: Running;
  isRegistered: boolean;
  /** Whether the entry in the tree may differ from `entry`. */
  isDirty: boolean;
  isWriting: boolean;
  /** The state that the entry in the tree is known to have; `null` if that is not known. */
  said: Current["state"] | null;
  /** The epoch of the registration; `null` before the first one. */
  epoch: number | null;
  /** The slot that has to be shown with its present step; `null` if none has. */
  slot: Slot | null;
  /** When the last write began, on the monotonic clock. */
  writtenMs: number;
  /** When the next write is due, if its timer is active. */
  dueMs: number;
  /** Why the last attempt to register failed. Each reason is logged once. */
  problem: string | null;
}

/** The registration of a service of an agent that has just started. */
export function firstRegistration(identity: HostIdentity, nowMs: number): Registration {
  return {
    entry: firstEntry(identity, nowMs),
    running: { restarts: 0, differences: [] },
    isRegistered: false,
    isDirty: false,
    isWriting: false,
    said: null,
    epoch: null,
    slot: null,
    writtenMs: Number.NEGATIVE_INFINITY,
    dueMs: Number.NEGATIVE_INFINITY,
    problem: null,
  };
}
