/** The numbers that the choice of peers goes by, each with its reason. */

import { IMPORT_WAYS, type ImportWay } from "../../base/stripes.ts";

/** The settings; `defaultHandoutSettings` has the values and their reasons. Times in milliseconds. */
export interface HandoutSettings {
  /**
   * How what a rack or a site lacks comes in: through one gateway for each, or shared out in stripes among the hosts that
   * obey them. Others have gateways in any case.
   */
  readonly importBy: ImportWay;
  /** Gateways per site and release: they get peers in other sites while the site holds no copy. */
  readonly gatewaysPerSite: number;
  /** Gateways per rack and release: they get peers in other racks while the rack holds no copy. */
  readonly gatewaysPerRack: number;
  /** Seeds across a border for those who get any. */
  readonly outsideSeeds: number;
  /** Unconfirmed seeds across a border for those who get any, while no seed is confirmed. */
  readonly triedSeeds: number;
  /** For so long, once per site and rack, a seed that nobody has confirmed counts as a copy. */
  readonly unconfirmedGraceMs: number;
  /** Besides these seeds, hosts across the border that hold a part, where the seeds alone would be too few. */
  readonly outsideHolders: number;
  /** The least of those for the gateway of a site, even if they already help as many others as they should. */
  readonly leastOutsideHolders: number;
  /** For up to this many racks without a copy one seed is enough by itself. */
  readonly racksPerSeed: number;
  /** The same for peers that do not keep to the reach. */
  readonly racksPerSeedWithoutReach: number;
  /** A host that helps this many others across a border is handed out last. */
  readonly maxHelped: number;
  /** Peers of its own rack for each. */
  readonly insidePeers: number;
  /** A gateway without progress over this many announces is replaced. */
  readonly gatewayStallAnnounces: number;
  /** A gateway slower than this share of what others of its kind do is replaced. */
  readonly slowShare: number;
  /** Announces before a gateway's rate is judged. */
  readonly slowAnnounces: number;
  /** At most this many gateways of one group are replaced for being slow. */
  readonly slowReplacements: number;
  /** Anybody else without progress over this many announces gets peers across a border. */
  readonly starvingAnnounces: number;
  /** The same, while somebody inside the border can still be expected to help. */
  readonly patientAnnounces: number;
  /** With this many helpful peers a longer interval is enough. */
  readonly enoughPeers: number;
  /** The interval of gateways, and of leechers without enough peers, that arrived less than `beginningMs` ago. */
  readonly beginningIntervalMs: number;
  readonly beginningMs: number;
  /** The interval of a gateway that arrived less than `eagerMs` ago. */
  readonly eagerIntervalMs: number;
  readonly eagerMs: number;
  /** The interval of gateways, and of leechers without enough peers. */
  readonly hungryIntervalMs: number;
  /** The interval of leechers with enough peers. */
  readonly leecherIntervalMs: number;
  /** The interval of seeds. */
  readonly seedIntervalMs: number;
  /** In a swarm that would announce more often than that, all but gateways are told to wait longer. */
  readonly announcesPerSecond: number;
  /** After this many of its intervals without an announce a peer has timed out: it is not handed out any more. */
  readonly timeoutIntervals: number;
  /** After this many of its intervals without an announce a peer is forgotten. */
  readonly forgetIntervals: number;
}

/** The settings that hold unless a caller says otherwise, each with its reason. */
export const defaultHandoutSettings: HandoutSettings = {
  importBy: IMPORT_WAYS[0],
  // One, since every further one may bring the same piece across once more.
  gatewaysPerSite: 1,
  gatewaysPerRack: 1,
  // Two, since one may just be leaving; more would only spread what one link can carry.
  outsideSeeds: 2,
  // With eight a true one is among them within a second or two, also beside dozens of false ones.
  triedSeeds: 8,
  // Whoever fetches from it says so with its next announce, 3 s later at the latest.
  unconfirmedGraceMs: 5000,
  // In the simulation fewer leave gateways waiting for each other, more change nothing.
  outsideHolders: 16,
  // Each gives a quarter of its link at worst, so four are a link's worth.
  leastOutsideHolders: 4,
  // With two, each gets half of what its link can carry, and the second site nothing until they are done.
  racksPerSeed: 1,
  // Each helper that is no seed takes back across the border what it lacks: slower is then the lesser evil.
  racksPerSeedWithoutReach: 4,
  // Each gets a quarter of a link then; with four helpers that is as much as it can take.
  maxHelped: 4,
  // A random graph of that degree has no bottleneck; room is left for peers that dial in.
  insidePeers: 30,
  gatewayStallAnnounces: 3,
  // Links differ, and rates vary from announce to announce; half of the usual rate is neither.
  slowShare: 0.5,
  slowAnnounces: 4,
  // If three in a row are slow, the link of the group is slow and not the host.
  slowReplacements: 3,
  starvingAnnounces: 2,
  // Half a minute: a stalled gateway's successor gets a chance first, and in the first seconds of a
  // large fleet even gateways have only a few pieces.
  patientAnnounces: 10,
  enoughPeers: 2,
  // A fleet that begins together knows itself after two or three such announces; before that nobody can fetch from all whom
  // it could. Clients that do not run Rollcall hear of whole seconds only.
  beginningIntervalMs: 300,
  beginningMs: 2000,
  // A fleet that begins together is there within seconds; each peer that a gateway learns of late costs time.
  eagerIntervalMs: 1000,
  eagerMs: 10_000,
  // A tracker answers tens of thousands of announces per second; a few seconds cost a fleet little.
  hungryIntervalMs: 3000,
  leecherIntervalMs: 20_000,
  // Seeds are dialled, they need not dial; often enough that a restarted tracker knows them soon.
  seedIntervalMs: 30_000,
  // A third of what the tracker can do on one core.
  announcesPerSecond: 10_000,
  // One announce may be lost or late.
  timeoutIntervals: 2.5,
  forgetIntervals: 4,
};
