/** The engines' names, apart from the engines themselves: `--help` and the config's schema must not load them. */

/** The names; the first one is the default. */
export const ENGINE_NAMES = ["swarm", "webtorrent"] as const;

/** One of {@link ENGINE_NAMES}. */
export type EngineName = typeof ENGINE_NAMES[number];
