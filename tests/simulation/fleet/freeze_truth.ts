/**
 * What is true of freezes: when each service is frozen was drawn before the run began, and what a clock shows is known of each
 * machine. The windows in the plans are made from that, and the rule that reads them is not asked.
 *
 * @module
 */

import type { FreezeWindow } from "../../../rollout/mod.ts";
import type { RandomStream } from "./random.ts";

/** When a service is frozen, by whatever clock is looked at, in ms since the epoch; the end is not part of it. */
export interface FrozenTime {
  readonly beginMs: number;
  readonly endMs: number;
}

/** A clock on the wall, and when somebody has set it last, in ms of the run. */
export interface WallClock {
  readonly offsetMs: number;
  readonly setMs?: number;
}

/**
 * How long a decision may be under way that was made before a window began, in ms: a request that takes longer ends with the
 * session of its host.
 */
const UNDER_WAY_MS = 15_000;

const MINUTE_MS = 60_000;

/** Time zones whose clocks are not put forward or back around the time of the runs, and by how much they differ, in minutes. */
const ZONES = [
  ["UTC", 0],
  ["Europe/Berlin", 60],
  ["Asia/Kolkata", 330],
  ["America/New_York", -300],
  ["Pacific/Auckland", 780],
] as const;

/** Draws when a service is frozen: around the time at which rollouts begin and faults strike. `null`: never. */
export function drawFreeze(random: RandomStream, epochMs: number): FrozenTime | null {
  if (!random.chance(0.2)) return null;
  // Windows begin and end with a minute.
  const beginMs = Math.ceil(epochMs / MINUTE_MS) * MINUTE_MS + random.between(-1, 1) * MINUTE_MS;
  return { beginMs, endMs: beginMs + random.between(1, 3) * MINUTE_MS };
}

/** The same as windows of a plan: one, or two that follow each other, in some time zone. */
export function windowsOf(
  { beginMs, endMs }: FrozenTime,
  random: RandomStream,
): readonly FreezeWindow[] {
  const [timeZone, minutes] = random.pick(ZONES);
  const show = (ms: number) => new Date(ms + minutes * MINUTE_MS).toISOString();
  const window = (fromMs: number, toMs: number): FreezeWindow => ({
    dates: [show(fromMs).slice(0, 10)],
    from: show(fromMs).slice(11, 16),
    to: show(toMs).slice(11, 16),
    timeZone,
  });
  const middleMs = beginMs + MINUTE_MS;
  return middleMs < endMs && random.chance(0.5)
    ? [window(middleMs, endMs), window(beginMs, middleMs)]
    : [window(beginMs, endMs)];
}

/** Whether a service is frozen by that clock. */
export function isFrozen(frozen: FrozenTime, { offsetMs }: WallClock, nowMs: number): boolean {
  const wallMs = offsetMs + nowMs;
  return frozen.beginMs <= wallMs && wallMs < frozen.endMs;
}

/** Whether a host with that clock must have known that its service is frozen when it made a decision that has just come in. */
export function mustKnow(frozen: FrozenTime, wall: WallClock, nowMs: number): boolean {
  const isOld = nowMs - (wall.setMs ?? Number.NEGATIVE_INFINITY) > UNDER_WAY_MS;
  return isOld && isFrozen(frozen, wall, nowMs) && isFrozen(frozen, wall, nowMs - UNDER_WAY_MS);
}
