/**
 * The hosts, racks and sites of a race, with their addresses, and the lower bound of its duration. Pure.
 */

/** A host of the benchmark. */
export interface Host {
  readonly name: string;
  readonly site: string;
  readonly rack: string;
  readonly address: string;
}

/** A rack: a bridge with its hosts on it, and one link up to its site. */
export interface Rack {
  readonly name: string;
  readonly hosts: readonly Host[];
}

/** A site: a bridge with its racks on it, and one link to the router between the sites. */
export interface Site {
  readonly name: string;
  readonly routerAddress: string;
  readonly racks: readonly Rack[];
}

/** The network that is built. */
export interface Topology {
  readonly sites: readonly Site[];
  /** The build machine; it stands in the first site, in a rack of its own. */
  readonly build: Host;
  /** All hosts that fetch. */
  readonly hosts: readonly Host[];
}

/** The build machine's name. */
export const BUILD = "build";

/** Plans that many hosts, spread evenly over the racks; the last racks have one less if the number is not a multiple. */
export function planTopology(
  { siteCount, racksPerSite, hostCount }: {
    readonly siteCount: number;
    readonly racksPerSite: number;
    readonly hostCount: number;
  },
): Topology {
  const rackCount = siteCount * racksPerSite;
  const sites = Array.from({ length: siteCount }, (_, site): Site => {
    const name = `s${site}`;
    let lastOctet = 1;
    const place = (host: string, rack: string): Host => ({
      name: host,
      site: name,
      rack,
      address: `10.99.${site}.${lastOctet++}`,
    });
    const racks = Array.from({ length: racksPerSite }, (_, rack): Rack => {
      const hosts: Host[] = [];
      for (let host = site * racksPerSite + rack; host < hostCount; host += rackCount) {
        hosts.push(place(`h${host}`, `r${rack}`));
      }
      return { name: `${name}r${rack}`, hosts };
    });
    if (site === 0) racks.push({ name: `${name}${BUILD}`, hosts: [place(BUILD, BUILD)] });
    return { name, routerAddress: `10.99.${site}.254`, racks };
  });
  const build = sites[0]?.racks.at(-1)?.hosts[0];
  if (build === undefined) throw new Error("plan topology: expected a rack for the build machine");
  const hosts = sites.flatMap(({ racks }) => racks.flatMap((rack) => rack.hosts))
    .filter(({ name }) => name !== BUILD);
  return { sites, build, hosts };
}

/** The lower bound, if every host fetches at the speed of a link and passes on every piece at once: F/u · (1 + log2(N)/pieces). */
export function lowerBoundSeconds(
  { sizeBytes, bytesPerSecond, hostCount, pieceCount }: {
    readonly sizeBytes: number;
    readonly bytesPerSecond: number;
    readonly hostCount: number;
    readonly pieceCount: number;
  },
): number {
  return sizeBytes / bytesPerSecond * (1 + Math.log2(hostCount) / pieceCount);
}
