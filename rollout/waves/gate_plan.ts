/**
 * A gate as an operator writes it in a plan, between two waves of a service.
 *
 * @module
 */

import { z } from "zod";
import { durationSchema } from "../duration.ts";
import { nameSchema } from "../name_schemas.ts";
import { listNames } from "../name_list.ts";
import { CHECKING_HOSTS_MAX, type Gate } from "./gate_entry.ts";
import { type KnownHost, orderBySpread } from "./spread.ts";

/** The longest time of a gate, ms: a month. Who waits longer than that starts a rollout later. */
const GATE_MAX_MS = 31 * 24 * 3_600_000;

/** Shortest time between two attempts of a check, ms: it is made by a few hosts at once. */
const EVERY_MIN_MS = 100;

/** A gate's defaults: long enough to see what a wave does to a graph, and an attempt as often as such graphs change. */
const DEFAULTS = { forMs: 60_000, withinMs: 30 * 60_000, everyMs: 10_000 } as const;

const timeSchema = durationSchema.refine(
  (durationMs) => durationMs <= GATE_MAX_MS,
  "expected at most a month (744h)",
);

/** Schema of a gate in a plan. */
export const gatePlanSchema = z.union([
  z.literal("promote"),
  z.strictObject({
    /** How long the wave before has to have been over. A check begins after that. */
    after: timeSchema.optional(),
    /** A check of the hosts' configs, by its name. */
    check: nameSchema.optional(),
    /** A URL that has to answer with 2xx. */
    url: z.url({ protocol: /^https?$/, error: "expected a URL such as https://metrics/ok" })
      .optional(),
    for: timeSchema.optional(),
    within: timeSchema.optional(),
    every: timeSchema.refine((ms) => ms >= EVERY_MIN_MS, "expected at least 100ms").optional(),
  }).refine(
    ({ check, url }) => check === undefined || url === undefined,
    "expected check or url, not both",
  ).refine(
    ({ after, check, url }) => after !== undefined || check !== undefined || url !== undefined,
    "expected after, check or url",
  ).refine(
    ({ check, url, for: held, within, every }) =>
      check !== undefined || url !== undefined ||
      (held === undefined && within === undefined && every === undefined),
    "expected for, within and every only with check or url",
  ).refine(
    ({ for: held = DEFAULTS.forMs, within = DEFAULTS.withinMs }) => within > held,
    "expected within to be longer than for",
  ),
], { error: "expected promote, or { after: 10m }, { check: NAME }, { url: URL } and the like" });
/** A gate in a plan. */
export type GatePlan = z.infer<typeof gatePlanSchema>;

/**
 * The gate of a plan as it is written into the tree, with the hosts that make its check: such as have it, and serve.
 *
 * @returns What is wrong with it, or the gate.
 */
export function resolveGate(
  plan: GatePlan,
  hosts: readonly KnownHost[],
): { readonly gate: Gate } | { readonly problem: string } {
  if (plan === "promote") return { gate: {} };
  const { after, check: name, url } = plan;
  const time = after === undefined ? {} : { afterMs: after };
  if (name === undefined && url === undefined) return { gate: time };
  const able = hosts.filter(({ checks = [] }) => name === undefined || checks.includes(name));
  if (able.length === 0) {
    const known = [...new Set(hosts.flatMap(({ checks = [] }) => checks))].sort();
    return {
      problem: `gate: expected a check that a host has in its config, was "${name}" ` +
        `(there: ${listNames(known, KNOWN_MAX) || "none"})`,
    };
  }
  const check = {
    ...(url === undefined ? { name } : { url }),
    hosts: orderBySpread(able).slice(0, CHECKING_HOSTS_MAX).map(({ host }) => host).sort(),
    forMs: plan.for ?? DEFAULTS.forMs,
    withinMs: plan.within ?? DEFAULTS.withinMs,
    everyMs: plan.every ?? DEFAULTS.everyMs,
  };
  return { gate: { ...time, check } };
}

/** Most names that a message about what there is lists: two lines of a terminal. */
const KNOWN_MAX = 20;
