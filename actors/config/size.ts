/** How sizes are written in a config file. */

import { z } from "zod";

const UNIT_BYTES = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;

/** A size such as `512M` or `64G` (powers of 1024), in bytes once parsed. */
export const sizeSchema: z.ZodType<number, string | number> = z.union([z.string(), z.int().min(0)])
  .transform((value, context) => {
    const match = /^(\d+)([KMGT]?)(?:i?B)?$/.exec(String(value));
    const [, amount, unit] = match ?? [];
    if (amount !== undefined && unit !== undefined) {
      const sizeBytes = Number(amount) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES];
      if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
    }
    context.addIssue({
      code: "custom",
      message: `expected a size such as 512M or 64G, was "${value}"`,
    });
    return z.NEVER;
  });
