/** What several keys of the config are made of. */

import { z } from "zod";
import { unknownPlaceholder } from "../../host/mod.ts";
import { durationSchema } from "../../rollout/mod.ts";

/** A text in which `{blob}`, `{version}`, `{service}` and `{host}` are filled in. */
export const templateSchema = z.string().superRefine((text, context) => {
  const word = unknownPlaceholder(text);
  if (word === undefined) return;
  context.addIssue({
    code: "custom",
    message: `expected {blob}, {version}, {service} or {host}, was {${word}}; ` +
      `{{${word}}} is that word in braces`,
  });
});

/** A program and its arguments, with templates. */
export const argvSchema = z.tuple([templateSchema.min(1)], templateSchema, {
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
