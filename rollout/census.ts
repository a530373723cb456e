/**
 * What a host decides on: itself, the few hosts that hold slots, and of all others only how many they are. Its size does not
 * depend on the fleet's.
 *
 * @module
 */

import { type Area, type AreaCounts, isInArea, limitedAreas } from "./areas.ts";
import type { DependencyCounts } from "./dependencies.ts";
import type { Control, Current, Roster, Slot } from "./entries.ts";
import { isCountedOn, isDrained, isNewcomer } from "./membership.ts";
import type { Policy } from "./policy.ts";
import { countsAsServing } from "./quarantine.ts";
import { describeMissing } from "./missing_host.ts";
import { isSameRelease } from "./release_identity.ts";
import { covers, type FirstWave, type ServiceView } from "./service_view.ts";
import { isHeld, isSkipped, slotTarget } from "./slot.ts";

/** The hosts of the first wave, counted. */
export interface WaveCounts {
  /** Hosts that it covers. */
  readonly coveredCount: number;
  /** Of those, hosts that have its version staged or run it, or whose switch to it failed: for the quorum. */
  readonly readyCount: number;
  /** Of those, hosts that serve its version. */
  readonly doneCount: number;
  /** Of those, hosts that are online and in no quarantine; `null`: not known, as of a wave that lists its hosts. */
  readonly onlineCount: number | null;
  /**
   * Of those, hosts in quarantine that nobody has left out: they do not get ready. 0 for a wave that lists its hosts, of which
   * nobody knows without reading them.
   */
  readonly quarantinedCount: number;
}

/** A host that holds a slot, or whose failure one records. */
export interface SlotHost {
  readonly slot: Slot;
  /** Its entry; `null` while it is offline. */
  readonly entry: Current | null;
  /** What stands of it on the roster; `null` if that cannot be read. */
  readonly roster: Roster | null;
}

/** What a host has read about its service before it decides. */
export interface Census {
  /** The control node's entry; `null` when there is none. */
  readonly control: Control | null;
  /** Version of the control node; the admission fails if it has changed since. */
  readonly controlVersion: number;
  /** The wave that is next for the service, whichever service it is for (`headOfQueue`); `null` when the queue is empty. */
  readonly wave: FirstWave | null;
  /** Its hosts; `null` if it is another service's, or if they are not counted. */
  readonly counts: WaveCounts | null;
  /** The service's policy. */
  readonly policy: Policy;
  /** How many hosts should run the service, also while they are away. */
  readonly rosterCount: number;
  /** How many of them have never served, and so are not away. */
  readonly newcomerCount: number;
  /** How many of the others serve and are not drained, holders of slots included. */
  readonly servingCount: number;
  /** How many hosts are online. */
  readonly onlineCount: number;
  /** The entry of the host that decides; `null` while it is not registered. */
  readonly own: Current | null;
  /** What stands of that host on the roster; `null` if it is not there, or cannot be read. */
  readonly roster: Roster | null;
  /** Its site and its rack, as far as the policy has a limit for them, counted; `null`: they are not counted yet. */
  readonly areas: readonly AreaCounts[] | null;
  /** The slots by host: held ones, and records of failures. */
  readonly slots: ReadonlyMap<string, SlotHost>;
  /** Version of the service's counter node. */
  readonly slotsVersion: number;
  /** The services that this one depends on, counted. */
  readonly dependencies: readonly DependencyCounts[];
  /** Hosts that are away and hold no slot, in words for an operator; `null`: not known by name. */
  readonly awayHosts: readonly string[] | null;
  /** The same of the host's rack and site, by their keys, as far as they are known by name. */
  readonly awayInAreas: ReadonlyMap<string, readonly string[]>;
  /** Hosts of the first wave that are missing from its quorum, in words for an operator; `null`: not known by name. */
  readonly missingHosts: readonly string[] | null;
}

/** Counts a full reading, as one host sees it. */
export function toCensus(view: ServiceView, host: string): Census {
  const { control, controlVersion, wave, policy, roster, current, slots, slotsVersion } = view;
  const { rosterEntries } = view;
  const isNew = (other: string) => isNewcomer(rosterEntries.get(other));
  const isServing = (other: string) => isCountedOn(current.get(other), rosterEntries.get(other));
  const own = rosterEntries.get(host);
  const limited = own === undefined ? [] : limitedAreas(policy, own);
  // One of which nobody can say where it stands may stand there.
  const membersOf = (area: Area) =>
    roster.filter((other) => {
      const place = rosterEntries.get(other);
      return !isNew(other) && (place === undefined || isInArea(place, area));
    });
  const describeAll = (hosts: readonly string[]) =>
    hosts.filter((other) =>
      other !== host && !isNew(other) && !isServing(other) && !isHeld(slots.get(other))
    ).map((other) =>
      describeAway(other, {
        entry: current.get(other) ?? null,
        isDrained: isDrained(rosterEntries.get(other)),
      })
    );
  return {
    control,
    controlVersion,
    wave,
    counts: wave === null ? null : countWave(view, wave),
    policy,
    rosterCount: roster.length,
    newcomerCount: roster.filter(isNew).length,
    servingCount: roster.filter(isServing).length,
    onlineCount: current.size,
    own: current.get(host) ?? null,
    roster: own ?? null,
    areas: limited.map((area) => {
      const members = membersOf(area);
      return { area, memberCount: members.length, servingCount: members.filter(isServing).length };
    }),
    slots: new Map(
      [...slots].map(([holder, slot]) => [holder, {
        slot,
        entry: current.get(holder) ?? null,
        roster: rosterEntries.get(holder) ?? null,
      }]),
    ),
    slotsVersion,
    dependencies: view.dependencies,
    awayHosts: describeAll(roster),
    awayInAreas: new Map(limited.map((area) => [area.key, describeAll(membersOf(area))])),
    missingHosts: wave === null ? null : hostsOfWave(view, wave).filter((other) => !other.isReady)
      .map((other) => describeMissing(other.host, current.get(other.host) ?? null)),
  };
}

/**
 * Whether more hosts are counted as serving, or as newcomers, than can be: somebody has made nodes where they are counted. Of
 * the hosts that are online, those that are known by name not to serve cannot be among them; and who serves is no newcomer.
 */
export function isMiscounted(
  { rosterCount, newcomerCount, servingCount, onlineCount, own, areas, slots }: Census,
): boolean {
  if (areas?.some((area) => area.servingCount > area.memberCount)) return true;
  if (newcomerCount + servingCount > rosterCount) return true;
  const entries = new Map([...slots].map(([host, { entry }]) => [host, entry]));
  if (own !== null) entries.set(own.host, own);
  const downCount = [...entries.values()].filter((entry) => entry?.state === "down").length;
  return servingCount + downCount > onlineCount;
}

/** Says how a host is away. */
export function describeAway(
  host: string,
  { entry, isDrained }: {
    readonly entry: Pick<Current, "quarantined"> | null;
    readonly isDrained: boolean;
  },
): string {
  if (isDrained) return entry === null ? `${host} is drained and offline` : `${host} is drained`;
  if (entry === null) return `${host} is offline`;
  return entry.quarantined === undefined ? `${host} is down` : `${host} is quarantined`;
}

/** What a host runs that is offline. */
const NOTHING = { version: null };

/** Counts the hosts of a wave. */
export function countWave(view: ServiceView, wave: FirstWave): WaveCounts {
  const covered = hostsOfWave(view, wave);
  return {
    coveredCount: covered.length,
    readyCount: covered.filter(({ isReady }) => isReady).length,
    doneCount: covered.filter(({ isDone }) => isDone).length,
    onlineCount: covered.filter(({ host }) => view.current.get(host)?.quarantined === undefined)
      .filter(({ host }) => view.current.has(host)).length,
    quarantinedCount: wave.hosts === null
      ? covered.filter(({ host, isReady }) =>
        view.current.get(host)?.quarantined !== undefined && !isReady
      ).length
      : 0,
  };
}

/** The hosts of the roster that a wave covers. */
function hostsOfWave(
  { roster, current, slots, staged }: ServiceView,
  wave: FirstWave,
): { readonly host: string; readonly isReady: boolean; readonly isDone: boolean }[] {
  const isStaged = new Set(
    staged.filter((entry) => isSameRelease(entry, wave)).map(({ host }) => host),
  );
  const runs = (host: string) => isSameRelease(current.get(host) ?? NOTHING, wave);
  const isCounted = (host: string) => current.get(host)?.quarantined === undefined;
  const hasSlot = (host: string) => {
    const slot = slots.get(host);
    return slot !== undefined && isSameRelease(slotTarget(slot), wave);
  };
  const isLeftOut = (host: string) => {
    const slot = slots.get(host);
    return slot !== undefined && isSkipped(slot) && hasSlot(host);
  };
  return roster.filter((host) => covers(wave, host)).map((host) => ({
    host,
    // A host with a slot for this version, held or failed, was staged when it took the slot. If a failed one did not
    // count, a failure that the policy allows could make the quorum unreachable. Who was left out is not waited for at all.
    isReady: isLeftOut(host) ||
      isCounted(host) && (isStaged.has(host) || hasSlot(host) || runs(host)),
    isDone: runs(host) && countsAsServing(current.get(host)),
  }));
}
