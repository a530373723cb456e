/**
 * Compares what services did with what the fleet had decided and with the faults that were made. Pure.
 *
 * A service that goes down does so for one of these reasons, and for nothing else:
 *
 * - a fault killed that very process (a power cut);
 * - its host's slot stood at that moment, and the host was past its fence;
 * - the fleet has never counted that process as serving: a start outside of any switch that failed.
 *
 * @module
 */

import { countOf } from "../simulation/fleet/away.ts";
import type { Decisions, SlotLife, Violation } from "./decisions.ts";
import type { EventKind } from "./schedule.ts";
import type { Sighting } from "./witness.ts";

/** Something that was done to the fleet. Times are milliseconds since 1970. */
export interface Deed {
  readonly kind: EventKind;
  readonly host: string | null;
  readonly fromMs: number;
  /** When it was undone; `null` while it lasts. */
  untilMs: number | null;
  /** The processes that it killed. */
  readonly killed: readonly number[];
}

/** A release that was published. */
export interface PublishedRelease {
  readonly version: string;
  /** SHA-256 of its file `data`, in hexadecimal. */
  readonly data: string;
  /** When the command that publishes it was started, milliseconds since 1970. */
  readonly atMs: number;
}

/** All that is known of a run. */
export interface Evidence {
  readonly hosts: readonly string[];
  readonly sightings: readonly Sighting[];
  readonly decisions: Decisions;
  readonly deeds: readonly Deed[];
  readonly published: readonly PublishedRelease[];
}

/**
 * How long the others may take to notice that a host is down: its session has to end, which ZooKeeper does in whole ticks,
 * and on a busy machine everything takes longer. Within this time it does not count against the budget.
 */
const NOTICE_MS = 8_000;

/** Sessions do not end while no server leads, and begin anew with the next leader. */
const NEW_LEADER_MS = 15_000;

/** From a host's last reading of the tree to the answer of the service that it starts because of that. */
const START_MS = 5_000;

/** A service process that was told to end, or ended, and the slot that allowed it. */
interface Stop {
  readonly sighting: Sighting;
  readonly atMs: number;
  readonly slot: SlotLife;
}

/** All that was wrong in a run. */
export function judge(evidence: Evidence): Violation[] {
  const stops: Stop[] = [];
  const violations = [...evidence.decisions.violations];
  for (const sighting of evidence.sightings) {
    violations.push(...versionProblems(sighting, evidence));
    const { endedMs } = sighting;
    const atMs = sighting.stoppingMs ?? endedMs;
    if (atMs === null || isKilled(sighting, evidence)) continue;
    const slot = slotOf(sighting.host, { atMs, slots: evidence.decisions.slots });
    if (slot !== null) stops.push({ sighting, atMs, slot });
    else if (hasServed(sighting, { atMs, evidence })) {
      violations.push({
        check: "slot",
        what:
          `${sighting.host} went down with ${sighting.version} (pid ${sighting.pid}): expected a ` +
          "slot that stands and has passed its fence, there was none",
        hosts: [sighting.host],
        atMs,
      });
    }
  }
  for (const stop of stops) violations.push(...togetherProblems(stop, { stops, evidence }));
  return violations.sort((one, other) => one.atMs - other.atMs);
}

/** Whether a fault has killed that process. */
function isKilled({ host, pid, endedMs }: Sighting, { deeds }: Evidence): boolean {
  return deeds.some((deed) =>
    deed.host === host && deed.killed.includes(pid) && endedMs !== null &&
    deed.fromMs <= endedMs
  );
}

function slotOf(
  host: string,
  { atMs, slots }: { readonly atMs: number; readonly slots: readonly SlotLife[] },
): SlotLife | null {
  return slots.find((slot) =>
    slot.host === host && slot.fencedMs !== null && slot.fencedMs <= atMs &&
    atMs <= (slot.endedMs ?? Infinity)
  ) ?? null;
}

/** Whether the fleet has counted that process as serving. */
function hasServed(
  { host, version, sinceMs }: Sighting,
  { atMs, evidence: { decisions } }: { readonly atMs: number; readonly evidence: Evidence },
): boolean {
  return decisions.served.some((entry) =>
    entry.host === host && entry.version === version && entry.atMs >= sinceMs &&
    entry.atMs <= atMs
  );
}

/** Only what was published answers, with the bytes that were published, and nobody begins with what was withdrawn. */
function versionProblems(sighting: Sighting, evidence: Evidence): Violation[] {
  const { host, version, sinceMs, data } = sighting;
  const release = evidence.published.find((one) => one.version === version);
  const at = { hosts: [host], atMs: sinceMs };
  if (release === undefined || release.atMs > sinceMs) {
    return [{ check: "published", what: `${host} answers with ${version}, which was not`, ...at }];
  }
  if (release.data !== data) {
    const what = `${host} runs ${version} from other bytes than were published`;
    return [{ check: "content", what, ...at }];
  }
  return isNewToWithdrawn(sighting, evidence)
    ? [{ check: "withdrawn", what: `${host} begins with ${version}, which was withdrawn`, ...at }]
    : [];
}

/** Whether a host starts for the first time what had been withdrawn long enough for it to know. */
function isNewToWithdrawn(
  { host, version, sinceMs }: Sighting,
  { decisions, sightings, deeds }: Evidence,
): boolean {
  const withdrawal = decisions.withdrawals.find((one) =>
    one.version === version && one.fromMs < sinceMs && sinceMs < (one.untilMs ?? Infinity)
  );
  if (withdrawal === undefined) return false;
  const { fromMs } = withdrawal;
  const hasRun = sightings.some((one) =>
    one.host === host && one.version === version && one.sinceMs < sinceMs
  );
  // Past its fence it finishes, however long that takes.
  const wasUnderWay = decisions.slots.some((slot) =>
    slot.host === host && slot.to === version && slot.fencedMs !== null &&
    slot.fencedMs < fromMs && sinceMs <= (slot.endedMs ?? Infinity)
  );
  // What it has read may be as old as it was stopped, or cut off.
  const blind = deeds.filter((deed) =>
    deed.host === host && deed.fromMs < sinceMs && (deed.untilMs ?? Infinity) > fromMs
  );
  const knowsMs = Math.max(fromMs, ...blind.map(({ untilMs }) => untilMs ?? Infinity)) + START_MS;
  return !hasRun && !wasUnderWay && sinceMs > knowsMs;
}

/** How many are down together when a service is stopped for its switch. */
function togetherProblems(
  stop: Stop,
  { stops, evidence }: { readonly stops: readonly Stop[]; readonly evidence: Evidence },
): Violation[] {
  const { sighting: { host }, atMs, slot } = stop;
  const others = evidence.hosts.filter((other) => other !== host);
  const switching = others.filter((other) => isDownForSwitch(other, { atMs, stops, evidence }));
  const policies = [
    slot.policy,
    ...stops.filter((one) => switching.includes(one.sighting.host) && one.atMs <= atMs)
      .map((one) => one.slot.policy),
  ];
  const violations: Violation[] = [];
  const mostAtOnce = Math.max(...policies.map(({ maxConcurrent }) => maxConcurrent));
  if (switching.length >= mostAtOnce) {
    violations.push({
      check: "concurrency",
      what: `${host} was stopped for its switch while ${switching} were down for theirs, ` +
        `at most ${mostAtOnce} may be`,
      hosts: [host, ...switching],
      atMs,
    });
  }
  // A host that is unwell makes nothing worse.
  if (hasFault(host, { kind: "unhealthy", atMs, evidence })) return violations;
  const isLeaderNew = evidence.deeds.some((deed) =>
    deed.kind === "leader_kill" && deed.fromMs <= atMs &&
    (deed.untilMs ?? Infinity) > atMs - NEW_LEADER_MS
  );
  const away = isLeaderNew
    ? []
    : others.filter((other) => !switching.includes(other) && isKnownDown(other, atMs, evidence));
  const budget = Math.max(
    ...policies.map(({ maxUnavailable }) => countOf(maxUnavailable, evidence.hosts.length, "down")),
  );
  if (switching.length + away.length >= budget) {
    violations.push({
      check: "budget",
      what: `${host} was stopped for its switch while ${[...switching, ...away]} were down, ` +
        `at most ${budget} may be`,
      hosts: [host, ...switching, ...away],
      atMs,
    });
  }
  return violations;
}

/**
 * Whether that host was stopped for its switch, holds its slot, and nothing has answered there since. Whose switch has failed,
 * and the way back too, is down for another reason.
 */
function isDownForSwitch(
  host: string,
  { atMs, stops, evidence }: {
    readonly atMs: number;
    readonly stops: readonly Stop[];
    readonly evidence: Evidence;
  },
): boolean {
  const last = stops.findLast((stop) => stop.sighting.host === host && stop.atMs <= atMs);
  if (last === undefined || (last.slot.endedMs ?? Infinity) < atMs) return false;
  return !evidence.sightings.some(({ host: other, sinceMs }) =>
    other === host && sinceMs > last.sighting.sinceMs && sinceMs <= atMs
  );
}

/** Whether that host has been down for so long that the others had to know. */
function isKnownDown(host: string, atMs: number, evidence: Evidence): boolean {
  const sinceMs = atMs - NOTICE_MS;
  const hasRun = evidence.sightings.some((sighting) =>
    sighting.host === host && sighting.sinceMs <= atMs && (sighting.endedMs ?? Infinity) >= sinceMs
  );
  return !hasRun;
}

function hasFault(
  host: string,
  { kind, atMs, evidence }: {
    readonly kind: EventKind;
    readonly atMs: number;
    readonly evidence: Evidence;
  },
): boolean {
  return evidence.deeds.some((deed) =>
    deed.kind === kind && deed.host === host && deed.fromMs <= atMs &&
    (deed.untilMs ?? Infinity) >= atMs - NOTICE_MS
  );
}
