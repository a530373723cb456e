/**
 * What stands before a wave, as the wave's entry has it: nobody goes down for the wave before it is open.
 *
 * @module
 */

import { z } from "zod";
import { nameSchema } from "../name_schemas.ts";

/** Longest URL of a check, in characters: what servers and proxies take. */
const URL_LENGTH_MAX = 2_048;

/** Most hosts that make one check: if that many are away at once, an operator has to look anyhow. */
export const CHECKING_HOSTS_MAX = 3;

/** Schema of a check of the operator's that opens a gate. */
export const gateCheckSchema = z.looseObject({
  /** It holds when this URL answers with 2xx. A command is never in the tree: it is in the configs, under `name`. */
  url: z.string().max(URL_LENGTH_MAX).optional(),
  /** The check of that name in the hosts' configs. */
  name: nameSchema.optional(),
  /** The hosts that make it, each for itself. */
  hosts: z.array(nameSchema).max(CHECKING_HOSTS_MAX),
  /** How long it has to hold, ms. */
  forMs: z.int().min(0),
  /** Within which time, ms; then the rollout is halted. */
  withinMs: z.int().min(1),
  /** Time between two attempts, ms. */
  everyMs: z.int().min(1),
});
/** A check of the operator's that opens a gate. */
export type GateCheck = z.infer<typeof gateCheckSchema>;

/** Schema of a gate. Without `afterMs` and `check` only a person opens it; a person can open any. */
export const gateSchema = z.looseObject({
  /** How long the wave has to have been next, ms. A check begins after that. */
  afterMs: z.int().min(0).optional(),
  check: gateCheckSchema.optional(),
  /** The services for whose bake time it stands, for words. */
  baking: z.array(nameSchema).optional(),
  /** Who has opened it, when by that one's clock, and how; left out while it is closed. */
  opened: z.looseObject({ by: z.string(), atMs: z.int(), how: z.string() }).optional(),
});
/** A gate. */
export type Gate = z.infer<typeof gateSchema>;

/** Whether only a person opens the gate. */
export function isOpenedByPerson({ afterMs, check }: Gate): boolean {
  return afterMs === undefined && check === undefined;
}
