/**
 * The services and waves of a plan that was checked, with all defaults filled in.
 *
 * @module
 */

import type { Policy } from "./policy.ts";
import type { Gate } from "./waves/gate_entry.ts";

/** One wave of a checked plan. */
export interface PlannedWave {
  readonly service: string;
  readonly version: string;
  readonly hosts: readonly string[] | null;
  /** What has to be open before anybody goes down for it; left out: nothing. */
  readonly gate?: Gate;
  /** How many of its hosts may fail before the rollout halts; left out: as many as the policy allows. */
  readonly maxFailures?: number;
  /** The services whose earlier waves go before it; left out: all of them. */
  readonly after?: readonly string[];
}

/** One service of a checked plan, with its defaults filled in. */
export interface PlannedService {
  readonly version: string;
  readonly dependsOn: readonly string[];
  /** Those of `dependsOn` that have to have baked. Left out: none. */
  readonly bakedAfter?: readonly string[];
  readonly policy: Policy;
}
