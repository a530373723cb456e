/**
 * A freeze window: days and hours in which no host begins to switch, by the clock of a time zone. Pure.
 *
 * @module
 */

import { z } from "zod";

/** Days of the week, as plans write them. */
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Most windows of a policy, and most dates of a window: what a person can oversee. */
const WINDOWS_MAX = 20;
const DATES_MAX = 100;

/** Most characters of a window's reason: it is one line of what a host waits for. */
const REASON_MAX = 200;

/** Most characters of the name of a time zone; the longest has half as many. */
const ZONE_MAX = 64;

const beginSchema = z.string("expected a time such as 18:00").regex(
  /^([01]\d|2[0-3]):[0-5]\d$/,
  "expected a time from 00:00 to 23:59, such as 18:00 or 06:30",
);

const endSchema = z.string("expected a time such as 18:00").regex(
  /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
  "expected a time from 00:00 to 24:00, such as 18:00 or 06:30",
);

const dateSchema = z.string("expected a date such as 2026-12-24").refine(isDate, {
  error: ({ input }) => `expected a date such as 2026-12-24, was ${JSON.stringify(input)}`,
});

/** Schema of a window in the tree. A time zone that only some of the fleet's programs know is no reason not to read it. */
export const freezeWindowSchema = z.looseObject({
  /** The days on which it begins. Without these and without `dates`: every day. */
  days: z.array(z.enum(DAYS)).min(1).max(DAYS.length).optional(),
  /** Dates on which it begins, besides the days. */
  dates: z.array(dateSchema).min(1).max(DATES_MAX).optional(),
  /** When it begins, by the clock of its zone. Default: at midnight. */
  from: beginSchema.optional(),
  /** When it ends; if that is not later than `from`, on the day after. Default: at midnight. */
  to: endSchema.optional(),
  /** A time zone of the IANA's database. */
  timeZone: z.string("expected a time zone such as Europe/Berlin or UTC").max(ZONE_MAX),
  /** Why, for those who wait. */
  reason: z.string().max(REASON_MAX).optional(),
});
/** A window in which no host begins to switch. */
export type FreezeWindow = z.infer<typeof freezeWindowSchema>;

/** Schema of the windows of a policy in the tree. */
export const freezeSchema = z.array(freezeWindowSchema).max(WINDOWS_MAX);

/** Schema of the windows of a policy in a plan: unknown keys and time zones are refused. */
export const freezeInputSchema = z.array(
  z.strictObject({
    ...freezeWindowSchema.shape,
    timeZone: freezeWindowSchema.shape.timeZone.refine(isTimeZone, {
      error: ({ input }) =>
        `expected a time zone of the IANA's database such as Europe/Berlin or UTC, was ${
          JSON.stringify(input)
        }`,
    }),
  }),
).max(WINDOWS_MAX);

/** The time for which a window holds: milliseconds since the epoch, the end excluded. */
export interface FreezeSpan {
  readonly beginMs: number;
  readonly endMs: number;
}

/** What the clock of a time zone shows. */
export type ZonedTime = Temporal.ZonedDateTime;

/** @throws {RangeError} when this program does not know the time zone. */
export function zonedTime(atMs: number, timeZone: string): ZonedTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone);
}

/** Whether this program knows the time zone. */
export function isKnownZone(timeZone: string): boolean {
  try {
    zonedTime(0, timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The name of the day of the week that the clock shows: `Mon`. */
export function dayName({ dayOfWeek }: ZonedTime): string {
  const name = DAYS[dayOfWeek - 1] ?? "";
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/**
 * The spans of a window that may hold at that moment. A window may begin on the day before, and, where a clock is put forward
 * at midnight, on the day after by the date that the clock shows.
 *
 * @throws {RangeError} when this program does not know the time zone.
 */
export function spansAround(window: FreezeWindow, atMs: number): FreezeSpan[] {
  const today = zonedTime(atMs, window.timeZone).toPlainDate();
  return [-1, 0, 1].map((days) => today.add({ days }))
    .filter((date) => beginsOn(window, date))
    .map((date) => spanFrom(window, date));
}

function beginsOn({ days, dates }: FreezeWindow, date: Temporal.PlainDate): boolean {
  if (days === undefined && dates === undefined) return true;
  const isDay = days?.some((name) => DAYS.indexOf(name) === date.dayOfWeek - 1) ?? false;
  return isDay || (dates?.includes(date.toString()) ?? false);
}

/**
 * The span of a window that begins on that date. It is never shorter than what the clock shows: of a time that comes twice,
 * where the clock is put back, it begins with the first and ends with the second, and by a time that is left out, where the
 * clock is put forward, it begins an hour earlier or ends an hour later.
 */
function spanFrom(
  { from = "00:00", to = "24:00", timeZone }: FreezeWindow,
  date: Temporal.PlainDate,
): FreezeSpan {
  const isNextDay = to <= from;
  const end = isNextDay ? date.add({ days: 1 }) : date;
  return {
    beginMs: instantOf({ date, time: from, timeZone }, "earlier"),
    endMs: instantOf({ date: end, time: to, timeZone }, "later"),
  };
}

function instantOf(
  { date, time, timeZone }: {
    readonly date: Temporal.PlainDate;
    readonly time: string;
    readonly timeZone: string;
  },
  disambiguation: "earlier" | "later",
): number {
  const isMidnight = time === "24:00";
  const day = isMidnight ? date.add({ days: 1 }) : date;
  return day.toPlainDateTime(isMidnight ? "00:00" : time)
    .toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds;
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether it is the name of a time zone. An offset such as `+02:00` is none: it would be wrong for half of the year. */
function isTimeZone(text: string): boolean {
  return /^[A-Za-z]/.test(text) && isKnownZone(text);
}
