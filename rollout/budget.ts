/**
 * The budget: whether one more host of a service may be away. Crashes, reboots and switches share it.
 *
 * @module
 */

import type { Census, SlotHost } from "./census.ts";
import { listNames } from "./name_list.ts";
import { budgetHosts, isHeldByMinOnline } from "./policy.ts";
import { isHeld } from "./slot.ts";

/** Why one more host may not be away. */
export interface BudgetWait {
  /** In words for an operator. */
  readonly waitingFor: string;
  /** Whether it waits for hosts that are away and not known by name. */
  readonly isForUnnamed: boolean;
}

/** How many hosts can be away: those of the roster that have served. */
export function memberCountOf(
  { rosterCount, newcomerCount }: Pick<Census, "rosterCount" | "newcomerCount">,
): number {
  return Math.max(0, rosterCount - newcomerCount);
}

/** Whether one more host may be away; if not (not `null`), the hosts that are, as far as they are known. */
export function checkBudget(census: Census, asking: string): BudgetWait | null {
  const { policy, awayHosts } = census;
  const memberCount = memberCountOf(census);
  const awayCount = countAwayOthers(census, asking);
  const budget = budgetHosts(policy, memberCount);
  if (awayCount + 1 <= budget) return null;
  const holders = describeHolders(census, asking);
  const known = [...holders, ...awayHosts ?? []];
  const named = known.length === 0 ? "" : `, ${listNames(known)}`;
  const name = isHeldByMinOnline(policy, memberCount)
    ? `budget (minOnline ${policy.minOnline})`
    : "budget";
  return {
    waitingFor: `${name}: ${awayCount} of ${budget} down${named}`,
    isForUnnamed: awayHosts === null && holders.length < awayCount,
  };
}

/** How many other hosts count as away: not serving, for whatever cause, or holding a slot. */
function countAwayOthers(census: Census, asking: string): number {
  const { servingCount, own, slots } = census;
  // A newcomer that serves is not counted yet: neither is it a member, nor does it serve.
  const servingOthers = servingCount - (own?.state === "serving" ? 1 : 0);
  const servingHolders =
    [...slots.values()].filter(({ slot, entry }) =>
      slot.host !== asking && isHeld(slot) && entry?.state === "serving"
    ).length;
  // Nodes of strangers, and of a host that has just been taken off the roster, may count as serving.
  return Math.max(0, memberCountOf(census) - 1 - servingOthers) + servingHolders;
}

/** The other hosts that hold a slot. Without ages: they would be old when they are read. */
export function describeHolders({ slots }: Pick<Census, "slots">, asking: string): string[] {
  return [...slots.values()].filter(({ slot }) => isHeld(slot) && slot.host !== asking)
    .map(describeHolder);
}

function describeHolder({ slot }: SlotHost): string {
  return `${slot.host} holds the slot (${slot.step})`;
}
