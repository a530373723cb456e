/** How what a rack or a site lacks may come in, by name, apart from the tracker itself: `--help` must not load it. */

/** The names; the first one is the default. */
export const IMPORT_WAYS = ["gateways", "stripes"] as const;

/** One of {@link IMPORT_WAYS}. */
export type ImportWay = typeof IMPORT_WAYS[number];
