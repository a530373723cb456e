/** The servers of a tracker by name, apart from the servers themselves: `--help` must not load them. */

/** The first one is the default. */
export const TRACKER_SERVERS = ["rollcall", "bittorrent-tracker"] as const;

/** One of {@link TRACKER_SERVERS}. */
export type TrackerServerName = typeof TRACKER_SERVERS[number];
