/** The tracker's frontends by name, apart from the frontends themselves: `--help` must not load them. */

/** The names; the first one is the default. */
export const TRACKER_SERVERS = ["rollcall", "bittorrent-tracker"] as const;

/** One of {@link TRACKER_SERVERS}. */
export type TrackerServerName = typeof TRACKER_SERVERS[number];
