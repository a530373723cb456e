/** Which bandwidth limits hold at a time of day. Pure: the time is handed in. */

import type { Distance } from "../../../base/locality.ts";

/** Up: from this host to others; down: from others to this host. */
export type Direction = "up" | "down";

/** Limits in bytes per second. Infinity lifts a limit that would hold otherwise; what is left out is not limited. */
export type Rates = Readonly<Partial<Record<"total" | Distance, number | undefined>>>;

/** A time of day in minutes since midnight, local time. */
export type MinuteOfDay = number;

/** Limits for a part of the day. */
export interface ScheduledLimits {
  /** Inclusive. */
  readonly from: MinuteOfDay;
  /** Exclusive; at or before `from`: on the next day. */
  readonly to: MinuteOfDay;
  /** Days on which it begins, 0 for Sunday as in `Date.getDay()`. Default: every day. */
  readonly days?: readonly number[] | undefined;
  /** Limits that replace the standing ones of the same name; the others go on to hold. */
  readonly up?: Rates | undefined;
  /** The same for the other direction. */
  readonly down?: Rates | undefined;
}

/** The limits of a host. */
export interface BandwidthLimits {
  /** The standing limits, which hold while no entry of the schedule replaces them. Default: none. */
  readonly up?: Rates | undefined;
  /** The same for the other direction. */
  readonly down?: Rates | undefined;
  /** Of the entries that cover a time, the first one alone holds. */
  readonly schedule?: readonly ScheduledLimits[] | undefined;
}

const MINUTES_PER_DAY = 24 * 60;

/** The rates that hold at a time, by its local hour and weekday. */
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
  // After midnight the entry belongs to the day before.
  return minute < to && beginsOn((day + 6) % 7);
}
