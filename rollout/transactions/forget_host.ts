/**
 * Taking a host off a service's roster that is dead for good.
 *
 * @module
 */

import { encodeEntry, type Wave } from "../entries.ts";
import type { Versioned } from "../reading/node.ts";
import { currentPath, DEPLOY, newcomersPath, servicePath, slotsPath, wavePath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction, TreeOperation } from "./operation.ts";

/** What stands in the tree of the host. */
export interface HostRemains {
  /** Whether the service has its admission counter. */
  readonly hasCounter: boolean;
  readonly isOnRoster: boolean;
  /** Whether it is among those that are counted as newcomers. */
  readonly isMarkedNew: boolean;
  /** The nodes by which it is counted in its rack and site. */
  readonly places: readonly string[];
  readonly hasSlot: boolean;
  /** The waves in the queue that name it. */
  readonly waves: readonly { readonly node: string; readonly wave: Versioned<Wave> }[];
  /** Whether there is an entry among the current hosts that no session holds: no agent has made it. */
  readonly isForged: boolean;
}

/**
 * Removes what there is of the host. The place of its entry is claimed for a moment: a host that has registered since it was
 * looked at is not forgotten, and one that registers later finds that it is off the roster, and joins it again. A wave that
 * lists its hosts lists only hosts of the roster, so that their number says how many it waits for.
 */
export function forgetHost(
  { hasCounter, isOnRoster, isMarkedNew, places, hasSlot, isForged, waves }: HostRemains,
  { service, host }: { readonly service: string; readonly host: string },
): Transaction {
  const path = currentPath(service, host);
  return [
    ...(hasCounter ? [bumpCounter(service)] : []),
    ...(isForged ? [{ op: "delete", path } as const] : []),
    { op: "create", path, data: new Uint8Array(0) },
    { op: "delete", path },
    ...(isOnRoster ? [{ op: "delete", path: servicePath(service, host) } as const] : []),
    ...(isMarkedNew ? [{ op: "delete", path: newcomersPath(service, host) } as const] : []),
    ...places.map((path) => ({ op: "delete", path }) as const),
    ...waves.map(({ node, wave }) => withoutHost(node, wave, host)),
    // Who keeps the entries of waves looks again.
    ...(waves.length > 0 ? [{ op: "set", path: DEPLOY, data: new Uint8Array(0) } as const] : []),
    ...(hasSlot ? [{ op: "delete", path: slotsPath(service, host) } as const] : []),
  ];
}

function withoutHost(
  node: string,
  { entry, znodeVersion }: Versioned<Wave>,
  host: string,
): TreeOperation {
  const hosts = entry.hosts?.filter((other) => other !== host) ?? null;
  const path = wavePath(node);
  return { op: "set", path, data: encodeEntry({ ...entry, hosts }), version: znodeVersion };
}
