/** The numbers that the choice of peers goes by, each with its reason. */

/** See `defaultHandoutSettings` for the values. Times in milliseconds. */
export interface HandoutSettings {
  /** Hosts per site and release that get peers in other sites, while the site holds no copy. */
  readonly gatewaysPerSite: number;
  /** Hosts per rack and release that get peers in other racks, while the rack holds no copy. */
  readonly gatewaysPerRack: number;
  /** Seeds across a border for those who get any. */
  readonly outsideSeeds: number;
  /** Besides them, hosts across it that hold a part, where the seeds alone would be too few. */
  readonly outsideHolders: number;
  /** So many of those for the gateway of a site, though they help as many as they should already. */
  readonly leastOutsideHolders: number;
  /** A seed by itself is enough for so many racks that hold no copy. */
  readonly racksPerSeed: number;
  /** The same, for those that do not keep to the reach. */
  readonly racksPerSeedAtLarge: number;
  /** Whoever helps so many across a border is given to others last. */
  readonly maxHelped: number;
  /** Peers of its own rack for each. */
  readonly insidePeers: number;
  /** A gateway without progress over so many announces is replaced. */
  readonly gatewayStallAnnounces: number;
  /** A gateway slower than that part of what others of its kind do is replaced. */
  readonly slowPart: number;
  /** Announces before a gateway's rate is judged. */
  readonly slowAnnounces: number;
  /** Gateways of one group that are replaced for being slow, at most. */
  readonly slowReplacements: number;
  /** Anybody else without progress over so many announces gets peers across a border. */
  readonly starvingAnnounces: number;
  /** The same, while somebody inside can still be expected to help. */
  readonly patientAnnounces: number;
  /** As many helpful peers make a longer interval enough. */
  readonly enoughPeers: number;
  /** Until the next announce of a gateway that came less than `eagerMs` ago. */
  readonly eagerIntervalMs: number;
  readonly eagerMs: number;
  /** Until the next announce of gateways, and of whoever has not got enough peers. */
  readonly hungryIntervalMs: number;
  /** Until the next announce of who fetches and has enough peers. */
  readonly leecherIntervalMs: number;
  /** Until the next announce of a seed. */
  readonly seedIntervalMs: number;
  /** In a swarm that would announce more often than that, all but gateways are told to wait longer. */
  readonly announcesPerSecond: number;
  /** Silent for so many of its intervals, a peer is no longer counted on or handed out. */
  readonly silentIntervals: number;
  /** Silent for so many of its intervals, a peer is forgotten. */
  readonly forgottenIntervals: number;
}

/** The defaults. */
export const defaultHandoutSettings: HandoutSettings = {
  // One, since every further one may bring the same piece across once more.
  gatewaysPerSite: 1,
  gatewaysPerRack: 1,
  // One may just be leaving; more would only spread what one link can carry.
  outsideSeeds: 2,
  // In the simulation fewer leave gateways waiting for each other, more change nothing.
  outsideHolders: 16,
  // A quarter of what four links can carry is a link's worth.
  leastOutsideHolders: 4,
  // With two, each gets half of what its link can carry, and the second site nothing until they are done.
  racksPerSeed: 1,
  // Each helper that is no seed takes back across the border what it lacks: slower is then the lesser evil.
  racksPerSeedAtLarge: 4,
  // Each gets a quarter of a link then; with four helpers that is as much as it can take.
  maxHelped: 4,
  // A random graph of that degree has no bottleneck; room is left for who dials in.
  insidePeers: 30,
  gatewayStallAnnounces: 3,
  // Links differ, and rates vary from announce to announce; half is neither.
  slowPart: 0.5,
  slowAnnounces: 4,
  // If three in a row are slow, it is the link of the group and not the host.
  slowReplacements: 3,
  starvingAnnounces: 2,
  // Half a minute: a stalled gateway's successor gets a chance first, and in the first seconds of a
  // large fleet even gateways have only a few pieces.
  patientAnnounces: 10,
  enoughPeers: 2,
  // A fleet that begins together is there within seconds; each that a gateway learns of late costs time.
  eagerIntervalMs: 1000,
  eagerMs: 10_000,
  // A tracker answers tens of thousands of announces per second; a few seconds cost a fleet little.
  hungryIntervalMs: 3000,
  leecherIntervalMs: 20_000,
  // Seeds are dialled, they need not dial; often enough that a restarted tracker knows them soon.
  seedIntervalMs: 30_000,
  // A third of what the tracker does on one core.
  announcesPerSecond: 10_000,
  // One announce may be lost or late.
  silentIntervals: 2.5,
  forgottenIntervals: 4,
};
