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
export const PENDING_KINDS: Partial<Record<FaultKind, number>> = {};

/** What is not checked. */
export const PENDING_CHECKS: Partial<Record<Check, number>> = {};

/** The kinds that the protocol stands. */
export const STANDING_KINDS: readonly FaultKind[] = FAULT_KINDS.filter((kind) =>
  !(kind in PENDING_KINDS)
);

/** The names of what is not checked. */
export const PENDING_CHECK_NAMES = Object.keys(PENDING_CHECKS) as readonly Check[];
