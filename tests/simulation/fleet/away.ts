/**
 * Who is away, by what the ensemble has decided, and whether the budget allows one more: written down here once more, from
 * what docs/architecture.md says. None of the rules under test is used.
 *
 * @module
 */

import type { Policy } from "../../../rollout/mod.ts";
import { isHeld, type ServiceEntries } from "./tree_mirror.ts";

/** The hosts that can be away: those of the roster that have served. */
export function membersOf({ roster, newcomers }: ServiceEntries): string[] {
  return [...roster].filter((host) => !newcomers.has(host));
}

/** Whether a host is to be counted on: it serves by its entry, and has before. */
export function isCountedOn({ current, newcomers }: ServiceEntries, host: string): boolean {
  const entry = current.get(host);
  return entry?.state === "serving" && entry.quarantined === undefined && !newcomers.has(host);
}

/** How many hosts of a service may be away at once. */
export function budgetOf(entries: ServiceEntries, policy: Policy): number {
  const members = membersOf(entries).length;
  const { maxUnavailable, minOnline = 0 } = policy;
  const spare = Math.max(0, members - countOf(minOnline, members, "up"));
  return Math.min(countOf(maxUnavailable, members, "down"), spare);
}

/** Why one more host may not go down; `null`: it may. `isUnread`: that a host is away nobody can know yet. */
export function budgetProblem(
  entries: ServiceEntries,
  { host, policy, isUnread }: {
    readonly host: string;
    readonly policy: Policy;
    readonly isUnread: (host: string) => boolean;
  },
): { readonly what: string; readonly hosts: readonly string[] } | null {
  const away = membersOf(entries).filter((other) =>
    other !== host &&
    (isHeld(entries.slots.get(other)) || (!isCountedOn(entries, other) && !isUnread(other)))
  );
  const budget = budgetOf(entries, policy);
  if (away.length + 1 <= budget) return null;
  return { what: `${away} are away, the budget is ${budget}`, hosts: away };
}

/** A number of hosts: as it is, or a share of them, rounded. */
export function countOf(
  count: number | `${number}%`,
  hosts: number,
  direction: "up" | "down",
): number {
  if (typeof count === "number") return count;
  const exact = (Number.parseInt(count, 10) / 100) * hosts;
  return direction === "up" ? Math.ceil(exact - 1e-9) : Math.max(1, Math.floor(exact + 1e-9));
}
