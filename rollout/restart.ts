/**
 * Whether a service can be restarted: the version that the fleet runs, started anew on one host after the other. It is a rollout
 * like any other, to a release with a restart of its own (`release_identity.ts`), so that each host knows whether it has
 * started it since. Pure.
 *
 * @module
 */

import type { Release } from "./entries.ts";
import { listNames } from "./name_list.ts";
import type { ServiceReading } from "./reading/service_reading.ts";
import { isSameRelease } from "./release_identity.ts";

/** What a host's entry begins to say where its service was started with other settings than its config has now. */
export const RUNS_OTHERWISE = "runs otherwise than its config says";

/** What is restarted; or why nothing is. */
export type RestartDecision =
  | {
    readonly kind: "restart";
    /** The committed release. */
    readonly release: Release;
    /** Hosts that run another one: they switch to it. */
    readonly others: readonly string[];
  }
  | { readonly kind: "refused"; readonly why: string };

/** Decides whether a service can be restarted. */
export function decideRestart(
  { view, service }: Pick<ServiceReading, "view" | "service">,
  name: string,
): RestartDecision {
  const refused = (why: string): RestartDecision => ({ kind: "refused", why });
  const { roster, current } = view;
  if (service === null || roster.length === 0) return refused(`no host has ${name} in its config`);
  const { committed } = service.entry;
  if (committed === null) {
    return refused(`no version of ${name} is committed yet; roll one out (rollcall rollout PLAN)`);
  }
  const running = [...current.values()].filter(({ host, version }) =>
    roster.includes(host) && version !== null
  );
  // They would take themselves for done.
  const earlier = running.filter(({ restart }) => restart === undefined);
  if (earlier.length > 0) {
    const hosts = listNames(earlier.map(({ host }) => host));
    return refused(`the agents of ${hosts} are of an earlier version, which knows no restarts`);
  }
  const { restart: _before, ...release } = committed;
  const others = running.filter((entry) => !isSameRelease(entry, release)).map(({ host }) => host);
  return { kind: "restart", release, others };
}
