/**
 * A service with its waves and all of its hosts, as a full reading has it.
 *
 * @module
 */

import type { Control, Current, Roster, Slot, Staged } from "./entries.ts";
import type { DependencyCounts } from "./dependencies.ts";
import type { Policy } from "./policy.ts";
import type { ReleaseIdentity } from "./release_identity.ts";
import type { Gate } from "./waves/gate_entry.ts";

/** A wave of the deploy queue, with the version that an admission depends on. */
export interface FirstWave extends ReleaseIdentity {
  /** Name of its node. */
  readonly node: string;
  /** Version of its node. */
  readonly znodeVersion: number;
  /** The service that it upgrades. */
  readonly service: string;
  /** The version that it upgrades to. */
  readonly version: string;
  /** The info hash of that version, as it is on offer. Not known for another service than the view's. */
  readonly infoHash?: string | null | undefined;
  /** Its hosts; `null`: all hosts of the service. */
  readonly hosts: readonly string[] | null;
  /** Under which name its hosts are counted; left out in the waves of earlier versions. */
  readonly tally?: string | undefined;
  /** What has to be open before anybody goes down for it; left out: nothing. */
  readonly gate?: Gate | undefined;
  /** How many of its hosts may fail before the rollout halts; left out: as many as the policy allows. */
  readonly maxFailures?: number | undefined;
  /** The services whose earlier waves go before it; left out: all of them. */
  readonly after?: readonly string[] | undefined;
  /** Whether its hosts switch in freeze windows, too; left out: no. */
  readonly ignoresFreeze?: true;
  /** Whether it takes hosts back; left out: no. */
  readonly rollsBack?: true;
}

/** A service with all of its hosts. Only who starts a service on which nothing runs needs so much, and who reports a failure. */
export interface ServiceView {
  /** The control node's entry; `null` when there is none. */
  readonly control: Control | null;
  /** Version of the control node; the admission fails if it has changed since. */
  readonly controlVersion: number;
  /** The wave that is next for the service, whichever service it is for (`headOfQueue`); `null` when the queue is empty. */
  readonly wave: FirstWave | null;
  /** The service's policy. */
  readonly policy: Policy;
  /** The hosts that should run the service, also while they are away. */
  readonly roster: readonly string[];
  /** What stands there of each of them; without those that cannot be read. */
  readonly rosterEntries: ReadonlyMap<string, Roster>;
  /** The entries of the hosts that are online, by host. */
  readonly current: ReadonlyMap<string, Current>;
  /** The staging queue, in order. */
  readonly staged: readonly Staged[];
  /** The slots, by host: held ones, and records of failures. */
  readonly slots: ReadonlyMap<string, Slot>;
  /** Version of the service's counter node. */
  readonly slotsVersion: number;
  /** The services that it depends on, counted. */
  readonly dependencies: readonly DependencyCounts[];
}

/** Whether the wave covers that host. */
export function covers(wave: Pick<FirstWave, "hosts">, host: string): boolean {
  return wave.hosts === null || wave.hosts.includes(host);
}
