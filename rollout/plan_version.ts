/**
 * The version of a plan: a fingerprint of what it would write and of the tree that it would be written to. Whoever has looked
 * at `rollout plan` starts exactly that, or is refused.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Control, OnFailure, Release, Service } from "./entries.ts";
import type { PlannedService, PlannedWave } from "./planned.ts";

/** What a plan's version is made of. Which hosts are online is not: they come and go all the time. */
export interface PlanBasis {
  readonly control: Control | null;
  /** Names of the nodes in the deploy queue. */
  readonly queue: readonly string[];
  /** Of each service of the plan, its entry and the hosts on its roster. */
  readonly services: ReadonlyMap<
    string,
    { readonly entry: Service | null; readonly roster: readonly string[] }
  >;
  readonly planned: ReadonlyMap<string, PlannedService>;
  readonly waves: readonly PlannedWave[];
  readonly releases: ReadonlyMap<string, Release>;
  /** What becomes of the rollout when it is halted. Default: `halt`. */
  readonly onFailure?: OnFailure | undefined;
  /** How many hosts may fail on all services together. Default: the plan does not say. */
  readonly maxFailures?: number | undefined;
}

/** Characters of a version: 48 bits, so that two trees by chance never have the same, and short enough to type. */
const VERSION_LENGTH = 12;

/** The version of a plan: twelve hexadecimal digits. */
export function planVersion(basis: PlanBasis): string {
  const { control, queue, services, planned, waves, releases } = basis;
  const { onFailure = "halt", maxFailures = null } = basis;
  const parts = [
    control,
    queue.toSorted(),
    byName([...planned.keys()].map((name) => {
      const known = services.get(name);
      return [name, [known?.entry ?? null, (known?.roster ?? []).toSorted()]];
    })),
    byName(planned),
    waves,
    byName([...releases].map(([name, { version, infoHash }]) => [name, [version, infoHash]])),
    [onFailure, maxFailures],
  ];
  return createHash("sha256").update(canonical(parts)).digest("hex").slice(0, VERSION_LENGTH);
}

function byName<T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] {
  return [...entries].toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

/** JSON in which the order of an object's fields does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, part: unknown) =>
      part !== null && typeof part === "object" && !Array.isArray(part)
        ? Object.fromEntries(byName(Object.entries(part)))
        : part,
  ) ?? "null";
}
