/** The key `limits` of the agent's config: how much of the network releases may use, and when. */

import { z } from "zod";
import { sizeSchema } from "./size.ts";

/** Least rate: a block of BEP 3 a second. With less a release would take weeks; leave the key out instead. */
const LEAST_BYTES_PER_SECOND = 16 * 1024;

/** Most entries of a schedule. More than anybody needs; it bounds the search for the entry that holds. */
const SCHEDULE_MAX = 64;

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const MINUTES_PER_HOUR = 60;

/** Bytes per second, or `unlimited`, which lifts a limit for the time of a schedule's entry (parsed: Infinity). */
const rateSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  if (value === "unlimited") return Infinity;
  const size = sizeSchema.safeParse(value);
  if (size.success && size.data >= LEAST_BYTES_PER_SECOND) return size.data;
  context.addIssue({
    code: "custom",
    message: `expected bytes per second such as 50M, at least 16K, or unlimited, was "${value}"`,
  });
  return z.NEVER;
});

const ratesSchema = z.strictObject({
  /** All peers together. */
  total: rateSchema.optional(),
  /** Peers of the same rack. */
  rack: rateSchema.optional(),
  /** Peers of other racks of the site. */
  site: rateSchema.optional(),
  /** Peers of other sites, and those that do not say where they stand. */
  remote: rateSchema.optional(),
});

/** A local time such as `22:00`, in minutes since midnight once parsed; `24:00` is the day's end. */
const timeSchema = z.string().transform((text, context) => {
  const match = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  const minute = Number(match?.[1]) * MINUTES_PER_HOUR + Number(match?.[2]);
  if (match !== null && minute <= 24 * MINUTES_PER_HOUR) return minute;
  context.addIssue({
    code: "custom",
    message: `expected a time of day such as "06:30", 00:00 to 24:00, was "${text}"`,
  });
  return z.NEVER;
});

const scheduledSchema = z.strictObject({
  from: timeSchema,
  to: timeSchema,
  /** Days on which it begins. Default: every day. */
  days: z.array(z.enum(DAYS).transform((day) => DAYS.indexOf(day))).min(1).optional(),
  up: ratesSchema.optional(),
  down: ratesSchema.optional(),
}).refine(({ from, to }) => from !== to, "expected two different times");

/** The schema of `limits`. */
export const limitsSchema = z.strictObject({
  /** What this host sends. */
  up: ratesSchema.optional(),
  /** What it receives. */
  down: ratesSchema.optional(),
  /** Other limits for parts of the day; the first entry that covers the time holds. */
  schedule: z.array(scheduledSchema).max(SCHEDULE_MAX).default([]),
});
