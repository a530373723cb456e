/**
 * What a host's entry says of the restarts of its service.
 *
 * @module
 */

import { z } from "zod";

/** Schema of how often a host has started its service again since its agent began, by cause. */
export const restartsSchema = z.looseObject({
  /** The service had ended by itself. */
  crash: z.int().min(0),
  /** It hung: it was unwell for too long. */
  unwell: z.int().min(0),
});
/** How often a host has started its service again since its agent began, by cause. */
export type Restarts = z.infer<typeof restartsSchema>;

/** Schema of why a host is not to be counted on, see `quarantine.ts`. */
export const quarantinedSchema = z.looseObject({
  reason: z.string(),
  /** Since when, by the host's clock, milliseconds since the epoch: to be shown, and for nothing else. */
  sinceMs: z.int(),
});
/** Why a host is not to be counted on. */
export type Quarantined = z.infer<typeof quarantinedSchema>;
