/** Which bandwidth limits hold at a time of day. Pure: the time is handed in. */

import type { Distance } from "../../../base/locality.ts";

/** From this host to others, or to it. */
export type Direction = "up" | "down";

/** Bytes per second; Infinity lifts a limit that would hold otherwise, what is left out is not limited. */
export type Rates = Readonly<Partial<Record<"total" | Distance, number | undefined>>>;

/** A time of day, in minutes since midnight, local time. */
export type MinuteOfDay = number;

/** Limits for a part of the day. */
export interface ScheduledLimits {
  /** Inclusive. */
  readonly from: MinuteOfDay;
  /** Exclusive; at or before `from`: on the next day. */
  readonly to: MinuteOfDay;
  /** Days on which it begins, 0 for Sunday as in `Date.getDay()`. Default: every day. */
  readonly days?: readonly number[] | undefined;
  /** What is named here takes the place of the standing limit, the others go on to hold. */
  readonly up?: Rates | undefined;
  readonly down?: Rates | undefined;
}

/** The limits of a host. */
export interface BandwidthLimits {
  /** What holds while no entry of the schedule says otherwise. Default: nothing is limited. */
  readonly up?: Rates | undefined;
  readonly down?: Rates | undefined;
  /** The first entry that covers the time holds, alone. */
  readonly schedule?: readonly ScheduledLimits[] | undefined;
}

const MINUTES_PER_DAY = 24 * 60;

/** The rates at a time, by the date's local hour and weekday. */
export function limitsAt(limits: BandwidthLimits, now: Date): { up: Rates; down: Rates } {
  const entry = limits.schedule?.find((one) => covers(one, now));
  return {
    up: { ...limits.up, ...entry?.up },
    down: { ...limits.down, ...entry?.down },
  };
}

/** Whether any rate is limited at any time. */
export function isLimiting({ up, down, schedule }: BandwidthLimits): boolean {
  return [{ up, down }, ...schedule ?? []].some((one) =>
    [one.up, one.down].some((rates) =>
      Object.values(rates ?? {}).some((rate) => rate !== undefined && rate !== Infinity)
    )
  );
}

function covers({ from, to, days }: ScheduledLimits, now: Date): boolean {
  const minute = now.getHours() * 60 + now.getMinutes();
  const day = now.getDay();
  const beginsOn = (weekday: number) => days === undefined || days.includes(weekday);
  if (from < to) return minute >= from && minute < to && beginsOn(day);
  if (minute >= from && minute < MINUTES_PER_DAY) return beginsOn(day);
  // After midnight it is the entry that began the day before.
  return minute < to && beginsOn((day + 6) % 7);
}
