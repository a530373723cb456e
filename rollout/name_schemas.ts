/**
 * Schemas of names, versions and labels, as they stand in entries, plans and configs.
 *
 * @module
 */

import { z } from "zod";
import { isName, isVersion, NAME_RULE, quoteForeign, VERSION_RULE } from "../base/names.ts";

/** Schema of the name of a service, host, site, rack or rollout. */
export const nameSchema: z.ZodType<string, string> = z.string().refine(isName, {
  error: ({ input }) => `expected ${NAME_RULE}, was ${quoteForeign(String(input))}`,
});

/** Schema of a version. */
export const versionSchema: z.ZodType<string, string> = z.string().refine(isVersion, {
  error: ({ input }) => `expected a version (${VERSION_RULE}), was ${quoteForeign(String(input))}`,
});

/** Most labels of a host. */
const LABELS_MAX = 32;

/** Schema of a host's labels: what it is, by name, such as `tier: edge`. */
export const labelsSchema = z.record(nameSchema, nameSchema).refine(
  (labels) => Object.keys(labels).length <= LABELS_MAX,
  `expected at most ${LABELS_MAX} labels`,
);
