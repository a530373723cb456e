/** The engines by name, apart from the engines themselves: `--help` and a config's schema must not load them. */

/** The first one is the default. */
export const ENGINE_NAMES = ["swarm", "webtorrent"] as const;

/** One of {@link ENGINE_NAMES}. */
export type EngineName = typeof ENGINE_NAMES[number];
