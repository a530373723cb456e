/** Counts what the frontends have answered since the tracker began. */

/** The counters of a tracker, which its frontends count up. */
export interface Counters {
  httpAnnounces: number;
  httpScrapes: number;
  udpAnnounces: number;
  udpScrapes: number;
  udpConnects: number;
  /** Announces and scrapes that were refused with a reason. */
  refusals: number;
  /** Datagrams that were not answered: too short, of an unknown kind, or with a connection id that is not ours. */
  udpIgnored: number;
}

/** Counters that are all zero. */
export function newCounters(): Counters {
  return {
    httpAnnounces: 0,
    httpScrapes: 0,
    udpAnnounces: 0,
    udpScrapes: 0,
    udpConnects: 0,
    refusals: 0,
    udpIgnored: 0,
  };
}
