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

/** Whether a host is to be counted on: it serves by its entry, and has before, and nobody has drained it. */
export function isCountedOn(
  { current, newcomers, drained }: ServiceEntries,
  host: string,
): boolean {
  const entry = current.get(host);
  return entry?.state === "serving" && entry.quarantined === undefined && !newcomers.has(host) &&
    !drained.has(host);
}

/** Hosts among which only so many may be away at once, and how many these are. */
export interface Limit {
  readonly where: string;
  readonly hosts: readonly string[];
  readonly count: number;
}

/** The limits that hold for a host: of its service, its site and its rack. */
export function limitsFor(entries: ServiceEntries, host: string, policy: Policy): Limit[] {
  const members = membersOf(entries);
  const { maxUnavailable, minOnline = 0, maxUnavailablePerRack, maxUnavailablePerSite } = policy;
  const spare = Math.max(0, members.length - countOf(minOnline, members.length, "up"));
  const allowed = countOf(maxUnavailable, members.length, "down");
  const limits = [{ where: "the service", hosts: members, count: Math.min(allowed, spare) }];
  const own = entries.places.get(host);
  const among = (where: string, limit: typeof maxUnavailable | undefined, hosts: string[]) => {
    if (limit === undefined) return;
    limits.push({ where, hosts, count: countOf(limit, hosts.length, "down") });
  };
  const inSite = members.filter((other) => entries.places.get(other)?.site === own?.site);
  among(`site ${own?.site}`, maxUnavailablePerSite, inSite);
  const inRack = inSite.filter((other) => entries.places.get(other)?.rack === own?.rack);
  among(`rack ${own?.rack}`, maxUnavailablePerRack, inRack);
  return limits;
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
  for (const { where, hosts, count } of limitsFor(entries, host, policy)) {
    const away = hosts.filter((other) =>
      other !== host &&
      (isHeld(entries.slots.get(other)) || (!isCountedOn(entries, other) && !isUnread(other)))
    );
    if (away.length + 1 <= count) continue;
    return { what: `${away} are away, the budget of ${where} is ${count}`, hosts: away };
  }
  return null;
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
