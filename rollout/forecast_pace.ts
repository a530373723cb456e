/**
 * How many hosts of a wave can switch at once, and how often one after the other, by the budgets of the service, its sites and its
 * racks as the fleet is now. Pure, and for people: each host decides by the counts of its own moment (`budget.ts`).
 *
 * @module
 */

import { isInArea, type LimitedArea, limitedAreas, type Place } from "./areas.ts";
import { budgetHosts, type Policy, shareOfHosts } from "./policy.ts";

/** A host as a budget counts it. */
export interface PacedHost extends Place {
  readonly host: string;
}

/** How a wave goes as far as budgets say. */
export interface Pace {
  /** How many hosts that serve can switch at once; 0: none can now. */
  readonly concurrentCount: number;
  /** How often hosts switch one after the other, at least. */
  readonly rounds: number;
  /** The budgets that are used up, in words for an operator. */
  readonly blocked: readonly string[];
}

/** Hosts with a budget of their own. */
interface Scope {
  readonly members: readonly PacedHost[];
  readonly budgetCount: number;
  /** Its area; left out: the whole service. */
  readonly area?: LimitedArea;
}

/**
 * The pace of a wave.
 *
 * @param hosts `members`: all hosts of the service that have served; `serving`: those of them that serve and hold no slot;
 * `switching`: those of the wave that will switch, among them some that do not serve.
 */
export function paceOf(
  policy: Policy,
  { members, serving, switching }: {
    readonly members: readonly PacedHost[];
    readonly serving: readonly PacedHost[];
    readonly switching: readonly PacedHost[];
  },
): Pace {
  const servingNames = new Set(serving.map(({ host }) => host));
  const going = switching.filter(({ host }) => servingNames.has(host));
  // Who does not serve takes nobody's place in a budget.
  if (going.length === 0) {
    return { concurrentCount: 0, rounds: Number(switching.length > 0), blocked: [] };
  }
  const scopes: Scope[] = [
    { members, budgetCount: budgetHosts(policy, members.length) },
    ...areasWith(going, policy).map((area) => {
      const there = members.filter((host) => isInArea(host, area));
      return { members: there, budgetCount: shareOfHosts(area.limit, there.length), area };
    }),
  ];
  const paced = scopes.map((scope) => {
    const isIn = (host: PacedHost) => scope.area === undefined || isInArea(host, scope.area);
    const away = scope.members.filter(({ host }) => !servingNames.has(host));
    const goingCount = going.filter(isIn).length;
    const atOnce = Math.min(Math.max(0, scope.budgetCount - away.length), goingCount);
    return { ...scope, away, goingCount, atOnce };
  });
  const sumOf = (kind: LimitedArea["kind"]) => {
    const areas = paced.filter(({ area }) => area?.kind === kind);
    return areas.length === 0 ? Infinity : areas.reduce((sum, { atOnce }) => sum + atOnce, 0);
  };
  const whole = paced.find(({ area }) => area === undefined)?.atOnce ?? 0;
  const concurrentCount = Math.min(policy.maxConcurrent, whole, sumOf("rack"), sumOf("site"));
  const rounds = Math.max(
    Math.ceil(going.length / Math.max(1, concurrentCount)),
    ...paced.map(({ goingCount, atOnce }) => Math.ceil(goingCount / Math.max(1, atOnce))),
  );
  const blocked = paced.filter(({ atOnce }) => atOnce === 0).map(describeBlocked);
  return { concurrentCount, rounds, blocked };
}

/** The areas with a limit in which one of the hosts stands, each once. */
function areasWith(hosts: readonly PacedHost[], policy: Policy): LimitedArea[] {
  const areas = hosts.flatMap((host) => limitedAreas(policy, host));
  return [...new Map(areas.map((area) => [`${area.kind} ${area.key}`, area])).values()];
}

function describeBlocked(
  { area, away, budgetCount }: Scope & { readonly away: readonly PacedHost[] },
): string {
  const [of, who] = area === undefined
    ? ["budget", "no host that serves"]
    : [`budget of ${area.words}`, "none of its hosts that serves"];
  const names = away.map(({ host }) => host).join(", ");
  return `${of}: ${away.length} of ${budgetCount} hosts are away already (${names}): ` +
    `${who} can switch before they are back`;
}
