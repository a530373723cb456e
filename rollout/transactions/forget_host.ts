/**
 * Taking a host off a service's roster that is dead for good.
 *
 * @module
 */

import { currentPath, servicePath, slotsPath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/** What stands in the tree of the host. */
export interface HostRemains {
  /** Whether the service has its admission counter. */
  readonly hasCounter: boolean;
  readonly isOnRoster: boolean;
  readonly hasSlot: boolean;
  /** Whether there is an entry among the current hosts that no session holds: no agent has made it. */
  readonly isForged: boolean;
}

/**
 * Removes what there is of the host. The place of its entry is claimed for a moment: a host that has registered since it was
 * looked at is not forgotten, and one that registers later finds that it is off the roster, and joins it again.
 */
export function forgetHost(
  { hasCounter, isOnRoster, hasSlot, isForged }: HostRemains,
  { service, host }: { readonly service: string; readonly host: string },
): Transaction {
  const path = currentPath(service, host);
  return [
    ...(hasCounter ? [bumpCounter(service)] : []),
    ...(isForged ? [{ op: "delete", path } as const] : []),
    { op: "create", path, data: new Uint8Array(0) },
    { op: "delete", path },
    ...(isOnRoster ? [{ op: "delete", path: servicePath(service, host) } as const] : []),
    ...(hasSlot ? [{ op: "delete", path: slotsPath(service, host) } as const] : []),
  ];
}
