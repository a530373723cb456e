/** The key `ulimits` of a service: what its processes may use. */

import { z } from "zod";
import { sizeSchema } from "./size.ts";

/** A limit as it is written: a size in bytes or a count, or `unlimited` (parsed: Infinity). */
const amountSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  if (value === "unlimited") return Infinity;
  const size = sizeSchema.safeParse(value);
  if (size.success) return size.data;
  context.addIssue({
    code: "custom",
    message: `expected a number, a size such as 512M, or unlimited, was "${value}"`,
  });
  return z.NEVER;
});

/** One limit: soft and hard alike, or each by itself. Parsed to both. */
const limitSchema = z.union([
  amountSchema.transform((amount) => ({ soft: amount, hard: amount })),
  z.strictObject({ soft: amountSchema, hard: amountSchema }),
]).refine(({ soft, hard }) => soft <= hard, "expected a soft limit that is not above the hard one")
  .optional();

/** The schema of `ulimits`, with the names of limits.conf(5). */
export const ulimitsSchema = z.strictObject({
  /** Open files. */
  nofile: limitSchema,
  /** Processes of its user. */
  nproc: limitSchema,
  /** Bytes that it may lock in memory. */
  memlock: limitSchema,
  /** Bytes of a core file. */
  core: limitSchema,
  /** Bytes of a file that it writes. */
  fsize: limitSchema,
  /** Bytes of its data segment. */
  data: limitSchema,
  /** Bytes of a stack. */
  stack: limitSchema,
  /** Bytes of its address space. */
  as: limitSchema,
});
