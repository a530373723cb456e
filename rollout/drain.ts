/**
 * What an operator's word comes to that a host is drained, or put back; if it may not be, why. Pure.
 *
 * A drained host is away from the moment in which that stands in its entry on the roster, until its agent has removed it there:
 * so there is one truth, which an agent that was restarted, a machine after a power cut and an operator's program read alike. In
 * between its agent keeps it out of what sends it work, by the hook `drain`. It goes along with waves as any other host, beyond
 * the budget, since it is away whatever it does. An operator's word to put it back only asks for that: the agent runs the
 * hook `undrain`, and removes all of it then, so that nobody counts on a host that gets no work yet.
 *
 * @module
 */

import { checkBudget } from "./budget.ts";
import { toCensus } from "./census.ts";
import type { Drained } from "./entries.ts";
import { notOnRoster } from "./host_word.ts";
import { isCountedOn, isDrained } from "./membership.ts";
import type { ServiceView } from "./service_view.ts";
import { isHeld } from "./slot.ts";

/** Whether a host may be drained: `isNew`: it was not yet; or why not. */
export type DrainDecision =
  | { readonly kind: "drain"; readonly isNew: boolean }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Decides whether a host may be drained (invariant I1). One that is away anyway takes no capacity away by it.
 *
 * @param how.isForced Whether it is drained beyond the budget, and in the middle of a switch.
 */
export function decideDrain(
  view: ServiceView,
  { host, service, isForced }: {
    readonly host: string;
    readonly service: string;
    readonly isForced: boolean;
  },
): DrainDecision {
  const refused = (why: string): DrainDecision => ({ kind: "refused", why });
  if (!view.roster.includes(host)) return refused(notOnRoster(host, service));
  const roster = view.rosterEntries.get(host);
  if (roster === undefined) {
    return refused(`the entry of ${host} on the roster of ${service} cannot be read`);
  }
  const { drained } = roster;
  if (drained !== undefined && drained.ended === undefined && !hasFailed(view, host, drained)) {
    return refused(`${host} is drained for ${service} already, ${describeWord(drained)}`);
  }
  const change = { kind: "drain", isNew: !isDrained(roster) } as const;
  if (isForced) return change;
  const slot = view.slots.get(host);
  if (slot !== undefined && isHeld(slot)) {
    return refused(
      `${host} is switching ${service} to ${slot.to} (${slot.step}); wait until that is over, or say --force: it is drained then`,
    );
  }
  if (!isCountedOn(view.current.get(host), roster)) return change;
  const wait = checkBudget(toCensus(view, host), host);
  if (wait === null) return change;
  return refused(
    `one more host of ${service} away is beyond its ${wait.waitingFor}; ` +
      "wait until they are back, or say --force to drain it all the same",
  );
}

/** Whether a host may be put back, with what stands on the roster then; or why not. */
export type UndrainDecision =
  | { readonly kind: "undrain"; readonly drained: Drained }
  | { readonly kind: "refused"; readonly why: string };

/** Decides whether a host may be put back. */
export function decideUndrain(
  view: Pick<ServiceView, "roster" | "rosterEntries" | "current">,
  { host, service, word }: {
    readonly host: string;
    readonly service: string;
    readonly word: NonNullable<Drained["ended"]>;
  },
): UndrainDecision {
  const refused = (why: string): UndrainDecision => ({ kind: "refused", why });
  if (!view.roster.includes(host)) return refused(notOnRoster(host, service));
  const drained = view.rosterEntries.get(host)?.drained;
  if (drained === undefined) return refused(`${host} is not drained for ${service}`);
  if (drained.ended !== undefined && !hasFailed(view, host, drained.ended)) {
    const how = view.current.has(host)
      ? "its agent is at it"
      : "its agent does that, once it is online";
    return refused(
      `${host} is being put back for ${service} already, ${describeWord(drained.ended)}: ${how}`,
    );
  }
  return { kind: "undrain", drained: { ...drained, ended: word } };
}

/** Whether the hook has failed that was run at a word: then it may be said again, to have it tried at once. */
function hasFailed(
  { current }: Pick<ServiceView, "current">,
  host: string,
  { sinceMs }: Pick<Drained, "sinceMs">,
): boolean {
  const done = current.get(host)?.drained;
  return done?.sinceMs === sinceMs && done.problem !== undefined;
}

/** Who has said it, and why. Without its age: it would be old when it is read. */
export function describeWord({ by, reason }: Pick<Drained, "by" | "reason">): string {
  return `by ${by}${reason === null ? "" : `: ${reason}`}`;
}
