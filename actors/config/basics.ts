/** What several keys of the config are made of. */

import { z } from "zod";
import { durationSchema } from "../../rollout/mod.ts";

/** A program and its arguments. */
export const argvSchema = z.tuple([z.string().min(1)], z.string(), {
  error: "expected a list: the program and its arguments",
});

/** A day: whatever waits longer than that waits for nothing. */
const LONGEST_MS = 24 * 3_600_000;

/** A duration between two bounds, in ms once parsed; a day at most unless stated. */
export function duration({ leastMs = 0, mostMs = LONGEST_MS } = {}) {
  return durationSchema.refine(
    (ms) => ms >= leastMs && ms <= mostMs,
    `expected a duration from ${leastMs}ms to ${mostMs / 3_600_000}h`,
  );
}
