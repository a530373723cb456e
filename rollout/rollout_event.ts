/**
 * What has happened in a rollout, one entry each, in the order of the tree: how each host's switch went, and what operators
 * have said. It is for people; no decision rests on it, and what cannot be recorded keeps nothing from going on.
 *
 * @module
 */

import { z } from "zod";
import {
  infoHashSchema,
  nameSchema,
  SCHEMA_VERSION,
  stepSchema,
  versionSchema,
} from "./entries.ts";
import { failureCauseSchema } from "./failure_cause.ts";

const schema = z.literal(SCHEMA_VERSION);

/** Most of a failed service's last lines that an event keeps. */
export const EVENT_LINES_MAX = 10;

/** Schema of the event that a host's switch is over, or that a release has failed there without one. */
export const switchEventSchema = z.looseObject({
  schema,
  kind: z.literal("switch"),
  service: nameSchema,
  host: nameSchema,
  from: versionSchema.nullable(),
  to: versionSchema,
  infoHash: infoHashSchema.optional(),
  outcome: z.enum(["switched", "failed"]),
  /** What has failed. Left out: the switch itself; what else may fail has no steps. */
  cause: failureCauseSchema.optional(),
  /** Why it failed; `null` if it did not. */
  reason: z.string().nullable(),
  /** The steps in their order, and how long each took by the host's own clock, in milliseconds. */
  steps: z.array(z.looseObject({ step: stepSchema, tookMs: z.int().min(0) })),
  /** The last lines that the service has written before the failure; left out if it did not fail. */
  lines: z.array(z.string()).max(EVENT_LINES_MAX).optional(),
});
/** How a host's switch has gone. */
export type SwitchEvent = z.infer<typeof switchEventSchema>;

/** Schema of the event that an operator has given an order, or that a host has done what concerns all: halted, opened a gate. */
export const orderEventSchema = z.looseObject({
  schema,
  kind: z.literal("order"),
  /** What was ordered, as on the command line: `pause`, `promote`; or what hosts have done: `halt`, `open gate`. */
  order: z.string(),
  /** Who: a person at a machine, or a host. */
  by: z.string(),
  reason: z.string().nullable(),
  /** What it is about, if not about the whole rollout. */
  service: nameSchema.optional(),
  host: nameSchema.optional(),
});
/** An order. */
export type OrderEvent = z.infer<typeof orderEventSchema>;

/** Schema of `/dc/history/<rollout>/event-<n>`. */
export const rolloutEventSchema = z.discriminatedUnion("kind", [
  switchEventSchema,
  orderEventSchema,
]);
/** An event of a rollout. */
export type RolloutEvent = z.infer<typeof rolloutEventSchema>;
