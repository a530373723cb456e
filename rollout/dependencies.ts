/**
 * A service's hosts do not switch while a service that it depends on has fewer hosts serving than its own budget says: what
 * serves is needed then, and a new version would be judged by what it lacks. What such a service does to recover waits for
 * nobody, since dependencies have no circles.
 *
 * @module
 */

import { memberCountOf } from "./membership.ts";
import { budgetHosts, type Policy } from "./policy.ts";

/** A service that another one depends on, counted. */
export interface DependencyCounts {
  readonly service: string;
  readonly policy: Policy;
  /** How many hosts should run it. */
  readonly rosterCount: number;
  /** How many of them have never served. */
  readonly newcomerCount: number;
  /** How many of the others serve and are not drained. */
  readonly servingCount: number;
  /** Version of its counter node, which moves on with all of that; `null` if there is none. */
  readonly slotsVersion: number | null;
}

/** Which of the services has more hosts down than its budget, in words for an operator; `null`: none has. */
export function findDependencyBelowBudget(
  dependencies: readonly DependencyCounts[],
): string | null {
  for (const dependency of dependencies) {
    const { service, policy, servingCount } = dependency;
    const memberCount = memberCountOf(dependency);
    const downCount = Math.max(0, memberCount - servingCount);
    const budgetCount = budgetHosts(policy, memberCount);
    if (downCount <= budgetCount) continue;
    return `dependency ${service} is below its budget: ${downCount} of ${budgetCount} down`;
  }
  return null;
}

/**
 * The services on which a switch in that wave (`null`: outside of any) depends. A rollback goes in reverse order, and so before
 * what is broken below it has gone back: it waits for none of them.
 */
export function dependenciesFor(
  { dependencies }: { readonly dependencies: readonly DependencyCounts[] },
  wave: { readonly rollsBack?: true } | null,
): readonly DependencyCounts[] {
  return wave?.rollsBack === true ? [] : dependencies;
}
