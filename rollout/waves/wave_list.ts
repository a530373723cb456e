/**
 * The waves of a service as an operator lists them in a plan: so many hosts, a share of them, those of a site, a rack or a
 * label, or named ones. Which hosts that are is decided when the rollout is started (`resolve_waves.ts`).
 *
 * @module
 */

import { z } from "zod";
import { gatePlanSchema } from "./gate_plan.ts";
import { labelsSchema, nameSchema } from "../name_schemas.ts";
import { maxFailuresSchema } from "../policy.ts";

/** How many hosts are to be covered when the wave is over, those of earlier waves included: a number, a share, or all. */
export type WaveSize = number | `${number}%` | "all";

/** Most items of one service's list: a wave for each rack of a large fleet, and a gate before it. */
const ITEMS_MAX = 400;

/** Most hosts that a wave counts; no fleet has as many. */
const HOSTS_MAX = 1_000_000;

/** Schema of a {@link WaveSize}. */
const sizeSchema = z.custom<WaveSize>(
  isSize,
  "expected a number of hosts, a share such as 10%, or all",
);

function isSize(value: unknown): boolean {
  return typeof value === "string"
    ? /^(all|100%|[1-9]\d?%)$/.test(value)
    : Number.isInteger(value) && Number(value) >= 1 && Number(value) <= HOSTS_MAX;
}

/** Schema of a wave that says of which hosts it is; all that it says must be true of a host. */
const selectionSchema = z.strictObject({
  size: sizeSchema.optional(),
  site: nameSchema.optional(),
  rack: nameSchema.optional(),
  labels: labelsSchema.optional(),
  hosts: z.array(nameSchema).min(1).optional(),
  /** One wave after the other, for each site or rack of them. */
  each: z.enum(["site", "rack"]).optional(),
  /** Between each two of them. */
  gate: gatePlanSchema.optional(),
  /** How many of its hosts may fail before the rollout halts, within what the service's policy allows. Default: as many. */
  maxFailures: maxFailuresSchema.optional(),
}).refine(
  ({ maxFailures: _, ...selection }) => Object.keys(selection).length > 0,
  "expected size, site, rack, labels, hosts or each",
).refine(
  ({ each, gate }) => each !== undefined || gate === undefined,
  "expected gate only with each: a gate between two waves is an item of its own",
).refine(
  ({ each, size }) => each === undefined || size === undefined,
  "expected each without size: a wave for each is all of its hosts",
);

/** Schema of a gate before the next wave. */
const gateItemSchema = z.strictObject({ gate: gatePlanSchema });

/** Schema of one item of the list. */
const itemSchema = z.union([sizeSchema, selectionSchema, gateItemSchema], {
  error:
    "expected a number of hosts, a share such as 10%, all, or { site: … }, { gate: … } and the like",
});

/** Schema of the waves of a service in a plan. */
export const waveListSchema = z.array(itemSchema).min(1).max(ITEMS_MAX).superRefine(
  (list, context) => {
    list.forEach((item, index) => {
      const next = list[index + 1];
      if (!isGateItem(item) || (next !== undefined && !isGateItem(next))) return;
      context.addIssue({
        code: "custom",
        path: [index],
        message: "expected a wave after a gate: nothing waits at this one",
      });
    });
  },
);
/** The waves of a service in a plan. */
export type WaveList = z.infer<typeof waveListSchema>;

/** Whether an item is a gate, and no wave. */
export function isGateItem(item: unknown): item is z.infer<typeof gateItemSchema> {
  return typeof item === "object" && item !== null && "gate" in item &&
    Object.keys(item).length === 1;
}

/** An item that is a wave. */
export type WaveItem = WaveSize | WaveSelection;

/** A wave in a plan that says of which hosts it is. */
export type WaveSelection = z.infer<typeof selectionSchema>;

/** What a wave says, in words for an operator. */
export function describeItem(item: WaveItem): string {
  if (typeof item !== "object") return typeof item === "number" ? countHosts(item) : String(item);
  const { size, site, rack, labels = {}, hosts, each } = item;
  const of = [
    ...site === undefined ? [] : [`site ${site}`],
    ...rack === undefined ? [] : [`rack ${rack}`],
    ...Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
    ...hosts === undefined ? [] : [hosts.join(", ")],
  ].join(", ");
  const amount = size === undefined ? "" : describeItem(size);
  const chosen = amount !== "" && of !== "" ? `${amount} of ${of}` : amount + of;
  return each === undefined ? chosen : `each ${each}${chosen === "" ? "" : ` of ${chosen}`}`;
}

/** A number of hosts, in words. */
export function countHosts(count: number): string {
  return count === 1 ? "1 host" : `${count} hosts`;
}
