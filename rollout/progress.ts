/**
 * A wave that gets no further: a quorum that can never be reached, hosts that are all offline, a budget that somebody uses up
 * for good. Nobody is in charge, so every host looks now and then how far the first wave has come, whichever service it is
 * for, and whoever has seen it stand still for as long as the policy allows halts the rollout, with a sentence that names
 * hosts. Pure; the caller reads everything once more, and halts in a `multi` that checks it.
 *
 * @module
 */

import { countWave } from "./census.ts";
import { formatDurationMs } from "./duration.ts";
import type { Current } from "./entries.ts";
import { listNames } from "./name_list.ts";
import type { Policy } from "./policy.ts";
import { countsAsServing, describeQuarantine } from "./quarantine.ts";
import { isSameRelease } from "./release_identity.ts";
import { covers, type FirstWave, type ServiceView } from "./service_view.ts";
import { isHeld, isSkipped, slotTarget } from "./slot.ts";

/** How far the first wave has come, as one host sees it. Its size does not depend on the fleet's. */
export interface WaveProgress {
  /** The service that the wave is for, and the name of its node. */
  readonly service: string;
  readonly node: string;
  /** Changes with everything after which the wait begins anew: the wave, an operator's word, who is on the roster. */
  readonly key: string;
  /** Version of the control node, which is part of it. */
  readonly controlVersion: number;
  /** Hosts that are ready, and hosts that serve its version. */
  readonly readyCount: number;
  readonly doneCount: number;
  /** Moved on by hosts that get further with their preparation. */
  readonly preparedCount: number;
  /** Whether anybody has a slot: a switch may take as long as its own deadlines say. */
  readonly isSwitching: boolean;
  /** How long the wave may wait at its gate, in ms: 0 if it waits at none. */
  readonly gateMs: number;
  /** How long the wave still waits for the end of a freeze, in ms: 0 if it waits for none. */
  readonly frozenMs: number;
  readonly policy: Policy;
}

/** The furthest that a host has seen the wave come, and since when, on its monotonic clock. */
export interface ProgressMark
  extends Pick<WaveProgress, "key" | "readyCount" | "doneCount" | "preparedCount"> {
  readonly sinceMs: number;
  /** When the host has looked last. */
  readonly seenMs: number;
}

/**
 * The mark after one more look. Only what brings the wave closer to its end counts: a service that comes and goes does not, so
 * the numbers are compared with the highest that were seen. A host that has not looked for longer than `gapMs` begins anew,
 * since it, or the whole fleet, was away meanwhile; nor does the time count in which the wave is frozen.
 */
export function noteProgress(
  mark: ProgressMark | null,
  seen: WaveProgress,
  { nowMs, gapMs }: { readonly nowMs: number; readonly gapMs: number },
): ProgressMark {
  const { key, readyCount, doneCount, preparedCount } = seen;
  const fresh: ProgressMark = {
    key,
    readyCount,
    doneCount,
    preparedCount,
    sinceMs: nowMs,
    seenMs: nowMs,
  };
  if (mark === null || mark.key !== key || nowMs - mark.seenMs > gapMs) return fresh;
  if (seen.frozenMs > 0) return fresh;
  const isFurther = readyCount > mark.readyCount || doneCount > mark.doneCount ||
    preparedCount > mark.preparedCount;
  if (!isFurther) return { ...mark, seenMs: nowMs };
  return {
    ...fresh,
    readyCount: Math.max(readyCount, mark.readyCount),
    doneCount: Math.max(doneCount, mark.doneCount),
  };
}

/** Whether the wave has stood still for longer than it may. */
export function isOverdue(mark: ProgressMark, seen: WaveProgress, nowMs: number): boolean {
  const { progressDeadlineMs, bakeMs, health } = seen.policy;
  // Nobody sees from afar how far a switch has come. What it waits for has deadlines of its own.
  const switchMs = seen.isSwitching ? bakeMs + health.deadlineMs : 0;
  return nowMs - mark.sinceMs >= progressDeadlineMs + switchMs + seen.gateMs;
}

/** Most hosts that the sentence names. */
const NAMED_MAX = 5;

/** Longest explanation of one host, in characters. */
const WHY_MAX = 160;

/** Says why a wave gets no further, for the operator who has to do something: how far it is, and what keeps up to five hosts. */
export function describeStall(view: ServiceView, wave: FirstWave): string {
  const { service, version } = wave;
  const what = `${service} ${version} has got no further for ${
    formatDurationMs(view.policy.progressDeadlineMs)
  }`;
  const { coveredCount, doneCount, readyCount } = countWave(view, wave);
  if (coveredCount === 0) return `${what}: no host of the wave is on the roster`;
  const kept = hostsKept(view, wave);
  return `${what}: ${readyCount} of ${coveredCount} hosts are ready, ${doneCount} serve it; ${
    kept.length === 0 ? "every host of it is there" : listNames(kept, NAMED_MAX)
  }`;
}

/** The hosts that keep the wave from its end, with what keeps them; first those that somebody has to look after. */
function hostsKept(view: ServiceView, wave: FirstWave): string[] {
  const { roster, current } = view;
  const isDone = (host: string) => {
    const entry = current.get(host);
    return entry !== undefined && countsAsServing(entry) && isSameRelease(entry, wave);
  };
  return roster.filter((host) => !isDone(host))
    .map((host) => describeKept(host, view, wave))
    .filter((kept) => kept !== null)
    .sort((one, other) => one.rank - other.rank || (one.host < other.host ? -1 : 1))
    .map(({ words }) => words);
}

interface Kept {
  readonly host: string;
  readonly rank: number;
  readonly words: string;
}

function describeKept(host: string, view: ServiceView, wave: FirstWave): Kept | null {
  const entry = view.current.get(host);
  const slot = view.slots.get(host);
  const kept = (rank: number, words: string): Kept => ({ host, rank, words: `${host} ${words}` });
  const held = slot !== undefined && isHeld(slot) ? ` and holds a slot (${slot.step})` : "";
  if (entry === undefined) return kept(0, `is offline${held}`);
  if (!covers(wave, host)) {
    // It keeps nobody up but by the budget.
    return entry.state === "serving" ? null : kept(3, `is down${why(entry)}`);
  }
  // Nobody waits for a host that an operator has left out.
  if (slot !== undefined && isSkipped(slot) && isSameRelease(slotTarget(slot), wave)) return null;
  if (slot?.step === "failed" && isSameRelease(slotTarget(slot), wave)) {
    return kept(1, `failed${slot.reason === null ? "" : ` (${cut(slot.reason)})`}`);
  }
  const quarantine = describeQuarantine(entry);
  if (quarantine !== null) return kept(1, `is ${cut(quarantine)}`);
  if (held !== "") return kept(2, `switches (${slot?.step})`);
  const { preparation, state } = entry;
  if (preparation !== null && (preparation.phase === "failed" || preparation.pause !== undefined)) {
    const { pause } = preparation;
    return kept(1, `cannot prepare it${pause === undefined ? why(entry) : ` (${cut(pause)})`}`);
  }
  if (state === "down") return kept(3, `is down${why(entry)}`);
  if (preparation !== null && preparation.phase !== "staged") {
    return kept(4, `is ${preparation.phase} (${Math.floor(preparation.progress * 100)} %)`);
  }
  return kept(5, `waits${why(entry)}`);
}

function why({ waitingFor }: Current): string {
  return waitingFor === null ? "" : ` (${cut(waitingFor)})`;
}

function cut(text: string): string {
  return text.length <= WHY_MAX ? text : `${text.slice(0, WHY_MAX - 1)}…`;
}
