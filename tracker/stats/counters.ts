/** What the fronts have answered since the tracker began. */
export interface Counters {
  httpAnnounces: number;
  httpScrapes: number;
  udpAnnounces: number;
  udpScrapes: number;
  udpConnects: number;
  /** Announces and scrapes that were answered with a reason why not. */
  refusals: number;
  /** Datagrams that were not answered: too short, of an unknown kind, or with a connection id that is not ours. */
  udpIgnored: number;
}

/** All at zero. */
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
