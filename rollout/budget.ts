/**
 * The budget: whether one more host may be away, among all hosts of the service, in its site and in its rack. Crashes, reboots,
 * drained hosts and switches share it.
 *
 * @module
 */

import { type Area, hasAreaLimits, isInArea, type LimitedArea } from "./areas.ts";
import type { Census, SlotHost } from "./census.ts";
import { isCountedOn, isNewcomer, memberCountOf } from "./membership.ts";
import { listNames } from "./name_list.ts";
import { budgetHosts, isHeldByMinOnline, shareOfHosts } from "./policy.ts";
import { isHeld } from "./slot.ts";

/** Why one more host may not be away. */
export interface BudgetWait {
  /** In words for an operator. */
  readonly waitingFor: string;
  /** Whether it waits for hosts that are away and not known by name. */
  readonly isForUnnamed: boolean;
  /** The rack or the site whose budget it is; left out if it is that of the service. */
  readonly area?: Area;
}

/** Hosts among which only so many may be away. */
interface Scope {
  readonly memberCount: number;
  readonly servingCount: number;
  readonly budgetCount: number;
  readonly name: string;
  readonly area?: LimitedArea;
  /** Those of them that are away, as far as they are known by name; `null`: they are not. */
  readonly awayHosts: readonly string[] | null;
}

/** Whether one more host may be away, in the service, its site and its rack; if not (not `null`), the hosts that are, as far as they are known. */
export function checkBudget(census: Census, asking: string): BudgetWait | null {
  const { policy, roster, areas } = census;
  if (hasAreaLimits(policy) && (roster === null || areas === null)) {
    const waitingFor = roster === null
      ? "budget: its entry on the roster cannot be read, so its rack is not known"
      : "budget: the hosts of its rack and site are not counted yet";
    return { waitingFor, isForUnnamed: false };
  }
  const memberCount = memberCountOf(census);
  const scopes: Scope[] = [
    {
      memberCount,
      servingCount: census.servingCount,
      budgetCount: budgetHosts(policy, memberCount),
      name: isHeldByMinOnline(policy, memberCount)
        ? `budget (minOnline ${policy.minOnline})`
        : "budget",
      awayHosts: census.awayHosts,
    },
    ...(areas ?? []).map(({ area, ...counts }) => ({
      ...counts,
      budgetCount: shareOfHosts(area.limit, counts.memberCount),
      name: `budget of ${area.words}`,
      area,
      awayHosts: census.awayInAreas.get(area.key) ?? null,
    })),
  ];
  for (const scope of scopes) {
    const wait = checkScope(census, scope, asking);
    if (wait !== null) return wait;
  }
  return null;
}

function checkScope(census: Census, scope: Scope, asking: string): BudgetWait | null {
  const { memberCount, servingCount, budgetCount, name, area, awayHosts } = scope;
  const holders = [...census.slots.values()].filter((holder) =>
    holder.slot.host !== asking && isHeld(holder.slot) && isIn(holder, area)
  );
  const otherCount = memberCount - (isNewcomer(census.roster) ? 0 : 1);
  const servingOthers = servingCount - (isCountedOn(census.own, census.roster) ? 1 : 0);
  // A host with a slot counts as serving until it goes down, and is away already, unless it is anyway. Nodes of strangers, and of
  // a host that has just been taken off the roster, may count as serving.
  const awayCount = Math.max(0, otherCount - servingOthers) +
    holders.filter(({ entry, roster }) => isCountedOn(entry, roster)).length;
  if (awayCount + 1 <= budgetCount) return null;
  const known = [...holders.map(describeHolder), ...awayHosts ?? []];
  const named = known.length === 0 ? "" : `, ${listNames(known)}`;
  return {
    waitingFor: `${name}: ${awayCount} of ${budgetCount} down${named}`,
    isForUnnamed: awayHosts === null && holders.length < awayCount,
    ...(area === undefined ? {} : { area }),
  };
}

/** Whether a holder stands in that area. One of which nobody can say where it stands may. */
function isIn({ roster }: SlotHost, area: LimitedArea | undefined): boolean {
  return area === undefined || roster === null || isInArea(roster, area);
}

/** The other hosts that hold a slot. Without ages: they would be old when they are read. */
export function describeHolders({ slots }: Pick<Census, "slots">, asking: string): string[] {
  return [...slots.values()].filter(({ slot }) => isHeld(slot) && slot.host !== asking)
    .map(describeHolder);
}

function describeHolder({ slot }: SlotHost): string {
  return `${slot.host} holds the slot (${slot.step})`;
}
