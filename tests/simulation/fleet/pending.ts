/**
 * What the protocol does not stand yet. Each entry names the item of the issue "The protocol that ships is the protocol
 * that is proven" that it waits for; when that is done, the entry goes. They are left out of the share of runs that is made
 * with the tests, and of `deno task simulate` unless faults are named.
 *
 * @module
 */

import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { Check } from "./invariants.ts";

/** Faults that are not made. */
export const PENDING_KINDS: Partial<Record<FaultKind, number>> = {
  clone: 4,
  republish: 7,
  file_change: 12,
  forget_returning: 8,
  bad_entry: 14,
  admin_clock_jump: 15,
};

/** What is not checked. */
export const PENDING_CHECKS: Partial<Record<Check, number>> = {
  "I1 concurrency": 3,
  "I1 budget": 5,
  "I2 finish": 2,
  "I5 slot": 1,
  "I6 fence": 1,
  "I7 roster": 8,
  "I8 popular": 6,
  "I8 withdrawn": 1,
  "I9 stays": 9,
  "I10 locked": 10,
};

/** The kinds that the protocol stands. */
export const STANDING_KINDS: readonly FaultKind[] = FAULT_KINDS.filter((kind) =>
  !(kind in PENDING_KINDS)
);

/** The names of what is not checked. */
export const PENDING_CHECK_NAMES = Object.keys(PENDING_CHECKS) as readonly Check[];
