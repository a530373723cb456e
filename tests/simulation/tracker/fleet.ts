/** A fleet for the tracker's simulation: where each host stands, how fast it is, when it begins and when it dies. */

/** How large a fleet is. */
export interface FleetShape {
  readonly sites: number;
  readonly racksPerSite: number;
  /** The number of hosts, without the build machine. */
  readonly hosts: number;
  /** Pieces of the release; a host's link carries one per round in each direction. */
  readonly pieces: number;
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
  /** Pieces per round, in each direction; at most 1. */
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

/** Hosts are dealt to the racks in turn; all begin in round 0. */
export function layOut(shape: FleetShape): Host[] {
  const racks = shape.sites * shape.racksPerSite;
  const hosts: Host[] = [{ index: 0, site: 0, rack: racks, joins: 0, dies: undefined, rate: 1 }];
  for (let index = 1; index <= shape.hosts; index++) {
    const rack = (index - 1) % racks;
    const site = Math.floor(rack / shape.racksPerSite);
    hosts.push({ index, site, rack, joins: 0, dies: undefined, rate: 1 });
  }
  return hosts;
}

/** The rack's name: unique in its site. */
export function rackName(shape: FleetShape, rack: number): string {
  return rack === shape.sites * shape.racksPerSite ? "build" : `r${rack % shape.racksPerSite}`;
}
