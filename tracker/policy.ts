/** The numbers that the choice of peers goes by, each with its reason. */

/** See `defaultPolicy` for the values. Times in milliseconds. */
export interface Policy {
  /** Hosts per site and release that get peers in other sites, while the site holds no copy. */
  readonly gatewaysPerSite: number;
  /** Hosts per rack and release that get peers in other racks, while the rack holds no copy. */
  readonly gatewaysPerRack: number;
  /** Peers across each border for those who get any. */
  readonly outsidePeers: number;
  /** A gateway without progress over so many announces is replaced. */
  readonly gatewayStallAnnounces: number;
  /** Anybody else without progress over so many announces gets peers across a border. */
  readonly starvingAnnounces: number;
  /** The same, while somebody inside can still be expected to help. */
  readonly patientAnnounces: number;
  /** As many helpful peers make a longer interval enough. */
  readonly enoughPeers: number;
  /** Until the next announce of gateways, and of whoever has not got enough peers. */
  readonly hungryIntervalMs: number;
  /** Until the next announce of who fetches and has enough peers. */
  readonly leecherIntervalMs: number;
  /** Until the next announce of a seed. */
  readonly seedIntervalMs: number;
  /** Silent for so many of its intervals, a peer is no longer counted on or handed out. */
  readonly silentIntervals: number;
  /** Silent for so many of its intervals, a peer is forgotten. */
  readonly forgottenIntervals: number;
}

/** The defaults. */
export const defaultPolicy: Policy = {
  // One, since every further one may bring the same piece across once more.
  gatewaysPerSite: 1,
  gatewaysPerRack: 1,
  // One may just be leaving; more than a few would only spread what one link can carry.
  outsidePeers: 3,
  gatewayStallAnnounces: 3,
  starvingAnnounces: 2,
  // Twice the time in which a stalled gateway is replaced: its successor gets a chance first.
  patientAnnounces: 6,
  enoughPeers: 2,
  // A tracker answers thousands of announces per second; a few seconds cost a fleet little.
  hungryIntervalMs: 3000,
  leecherIntervalMs: 20_000,
  // Seeds are dialled, they need not dial; often enough that a restarted tracker knows them soon.
  seedIntervalMs: 60_000,
  // One announce may be lost or late.
  silentIntervals: 2.5,
  forgottenIntervals: 4,
};
