/**
 * The striped import: the pieces of a release are dealt into stripes, and for each of them a rack has one host that brings
 * it in, a site one rack whose host brings it over the site's border. The tracker deals them (`tracker/handout/stripes.ts`),
 * the engine obeys (`torrent/swarm/pieces/striped_import.ts`); this file says what a host is told, and how it is written in
 * an announce's answer.
 */

/** How what a rack or a site lacks may come in, by name; the first one is the default. */
export const IMPORT_WAYS = ["gateways", "stripes"] as const;

/** One of {@link IMPORT_WAYS}. */
export type ImportWay = typeof IMPORT_WAYS[number];

/** The stripe of a piece is its number modulo this. Racks of up to so many hosts share their import evenly. */
export const STRIPE_COUNT = 16;

/** What a host is to bring in. */
export interface StripeDuty {
  /** The stripes that it brings into its rack, ascending. */
  readonly rack: readonly number[];
  /** Those of them that it brings into its site as well. */
  readonly site: readonly number[];
  /** Whether seeds outside of its rack are spared for those who bring in a stripe of their site. */
  readonly sparesSeeds: boolean;
}

/** A duty as a few characters: "0,5,9:5:1". */
export function formatDuty({ rack, site, sparesSeeds }: StripeDuty): string {
  return `${rack.join()}:${site.join()}:${Number(sparesSeeds)}`;
}

/** Reads what {@link formatDuty} has written; undefined for anything else. */
export function parseDuty(text: string): StripeDuty | undefined {
  const [rackText, siteText, spares, ...rest] = text.split(":");
  if (rackText === undefined || siteText === undefined || rest.length > 0) return undefined;
  if (spares !== "0" && spares !== "1") return undefined;
  const rack = parseStripes(rackText);
  const site = parseStripes(siteText);
  if (rack === undefined || site === undefined) return undefined;
  return { rack, site, sparesSeeds: spares === "1" };
}

/** Reads a list of stripes, "0,5,9" or nothing; undefined for anything else. */
export function parseStripes(text: string): readonly number[] | undefined {
  if (text === "") return [];
  // No list is longer than that of all stripes.
  const words = text.split(",", STRIPE_COUNT + 1);
  const stripes = words.map((word) => /^\d{1,2}$/.test(word) ? Number(word) : Infinity);
  const isList = stripes.length <= STRIPE_COUNT && stripes.every((stripe) => stripe < STRIPE_COUNT);
  return isList && new Set(stripes).size === stripes.length ? stripes : undefined;
}
