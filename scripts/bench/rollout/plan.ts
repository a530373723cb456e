/**
 * What is rolled out: one service, from one version to another, on one host after the other.
 *
 * @module
 */

import type { Plan, Release } from "../../../rollout/mod.ts";
import { publish } from "../../../tests/simulation/fleet/releases.ts";
import { RESTART } from "./pace.ts";

/** The service. */
export const SERVICE = "web";

/** What runs before. */
export const FIRST_VERSION = "v1";

/** What is rolled out. */
export const NEW_VERSION = "v2";

/** Both, and whether there is something to fetch: what runs before is there at once. */
export const VERSIONS = [
  { version: FIRST_VERSION, hasBlob: false },
  { version: NEW_VERSION, hasBlob: true },
] as const;

/** The session time-out of all clients, in ms: long enough for a process with a thousand of them. */
export const SESSION_TIMEOUT_MS = 60_000;

const health = { deadline: 60_000, interval: RESTART.healthIntervalMs, successes: 1 };

/** Puts the first version everywhere at once. */
export const INSTALLATION = planned(FIRST_VERSION, {
  quorum: "100%",
  maxUnavailable: "100%",
  maxConcurrent: 100_000,
});

/** Replaces it on one host after the other, once all have the new one. */
export const ROLLOUT = planned(NEW_VERSION, {
  quorum: "100%",
  maxUnavailable: 1,
  maxConcurrent: 1,
});

function planned(
  version: string,
  policy: { quorum: "100%"; maxUnavailable: 1 | "100%"; maxConcurrent: number },
): { plan: Plan; releases: Release[] } {
  return {
    plan: {
      services: {
        [SERVICE]: {
          version,
          dependsOn: [],
          policy: { ...policy, maxFailures: 0, bakeTime: 0, health },
        },
      },
    },
    releases: [publish(SERVICE, version, { hasBlob: version === NEW_VERSION }).release],
  };
}
