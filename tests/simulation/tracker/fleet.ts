/** A fleet for the tracker's simulation: where each host stands, how fast it is, when it begins and when it dies. */

/** How large a fleet is. */
export interface FleetShape {
  readonly sites: number;
  readonly racksPerSite: number;
  /** The number of hosts, without the build machine. */
  readonly hosts: number;
  readonly pieces: number;
  /** Pieces that a host's link carries per round in each direction. Default: 1. */
  readonly perRound?: number;
  /** The milliseconds that a round stands for. Default: 1000, a piece of a large release over a fast link. */
  readonly roundMs?: number;
  /** The number of hosts of each rack. Default: they are dealt evenly. */
  readonly rackSizes?: readonly number[];
  /** Pieces per round between two racks and between two sites, as a share of what all hosts behind the link could receive. */
  readonly rackLink: number;
  readonly siteLink: number;
}

/** One host of the fleet. The build machine is number 0, in a rack of its own. */
export interface Host {
  readonly index: number;
  readonly site: number;
  /** Counted over all sites. */
  readonly rack: number;
  /** The round in which it begins to fetch. */
  joins: number;
  /** The round in which it dies without announcing it; undefined if never. */
  dies: number | undefined;
  /** Pieces per round, in each direction; at most the shape's `perRound`. */
  rate: number;
}

/** The full fleet: 10,000 hosts in 3 sites of 40 racks; links between racks 4:1, between sites 8:1. */
export const fullShape: FleetShape = {
  sites: 3,
  racksPerSite: 40,
  hosts: 10_000,
  pieces: 256,
  rackLink: 1 / 4,
  siteLink: 1 / 8,
};

/** Small enough for a test. */
export const smallShape: FleetShape = {
  sites: 3,
  racksPerSite: 4,
  hosts: 240,
  pieces: 96,
  rackLink: 1 / 4,
  siteLink: 1 / 8,
};

/** Two hosts per rack and as many pieces as a small release has, so that each host's upload matters. */
export const pairsShape: FleetShape = {
  sites: 2,
  racksPerSite: 4,
  hosts: 16,
  pieces: 384,
  rackLink: 1,
  siteLink: 1 / 4,
};

/** As in the network namespaces: two or four hosts to a rack, borders that carry two hosts' links, pieces of 64 KiB. */
export const netnsPairsShape: FleetShape = {
  sites: 2,
  racksPerSite: 4,
  hosts: 16,
  pieces: 768,
  rackLink: 1,
  siteLink: 1 / 4,
  perRound: 8,
  roundMs: 276,
};

/** Twice the hosts at half the speed. */
export const netnsQuadsShape: FleetShape = {
  ...netnsPairsShape,
  hosts: 32,
  pieces: 384,
  rackLink: 1 / 2,
  siteLink: 1 / 8,
  perRound: 4,
  roundMs: 279,
};

/** The same in racks of eight. */
export const netnsEightsShape: FleetShape = {
  ...netnsQuadsShape,
  racksPerSite: 2,
  rackLink: 1 / 4,
};

/** Several racks of several hosts, several pieces a round. */
export const mediumShape: FleetShape = {
  ...smallShape,
  pieces: 512,
  perRound: 4,
};

const UNEQUAL_SIZES = Array.from(
  { length: 30 },
  (_, rack) => [1, 40, 2, 34, 3, 21, 5, 13, 8, 30][rack % 10]!,
);

/** Racks of one to forty hosts. */
export const unequalShape: FleetShape = {
  sites: 3,
  racksPerSite: 10,
  hosts: UNEQUAL_SIZES.reduce((sum, size) => sum + size, 0),
  rackSizes: UNEQUAL_SIZES,
  pieces: 1024,
  rackLink: 1 / 4,
  siteLink: 1 / 8,
  perRound: 4,
};

/** Hosts are dealt to the racks in turn, as long as these have room; all begin in round 0. */
export function layOut(shape: FleetShape): Host[] {
  const racks = shape.sites * shape.racksPerSite;
  const rate = shape.perRound ?? 1;
  const room = Array.from({ length: racks }, (_, rack) => shape.rackSizes?.[rack] ?? Infinity);
  const hosts: Host[] = [{ index: 0, site: 0, rack: racks, joins: 0, dies: undefined, rate }];
  for (let turn = 0; hosts.length <= shape.hosts && room.some((left) => left > 0); turn++) {
    const rack = turn % racks;
    if (room[rack]! <= 0) continue;
    room[rack]!--;
    const site = Math.floor(rack / shape.racksPerSite);
    hosts.push({ index: hosts.length, site, rack, joins: 0, dies: undefined, rate });
  }
  return hosts;
}

/** The rack's name: unique in its site. */
export function rackName(shape: FleetShape, rack: number): string {
  return rack === shape.sites * shape.racksPerSite ? "build" : `r${rack % shape.racksPerSite}`;
}
