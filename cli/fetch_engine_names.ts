/**
 * The engines by name, apart from the engines themselves: `--help` must not load them.
 *
 * @module
 */

/** The first one is the default. */
export const ENGINES = ["swarm", "webtorrent"] as const;

/** One of {@link ENGINES}. */
export type EngineName = typeof ENGINES[number];
