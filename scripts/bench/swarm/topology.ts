/**
 * Which hosts stand where, and how fast their links are. Pure.
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

/** What is built. */
export interface Topology {
  readonly sites: readonly Site[];
  /** The build machine; it stands in the first rack of the first site, beside the hosts. */
  readonly build: Host;
  /** All hosts that fetch. */
  readonly hosts: readonly Host[];
}

/** The build machine's name. */
export const BUILD = "build";

/** So many hosts, spread evenly over the racks; the last racks have one less if it does not come out even. */
export function planTopology(
  { siteCount, racksPerSite, hostCount }: {
    readonly siteCount: number;
    readonly racksPerSite: number;
    readonly hostCount: number;
  },
): Topology {
  const rackCount = siteCount * racksPerSite;
  let build: Host | undefined;
  const sites = Array.from({ length: siteCount }, (_, site): Site => {
    let lastOctet = 1;
    const racks = Array.from({ length: racksPerSite }, (_, rack): Rack => {
      const names: string[] = site === 0 && rack === 0 ? [BUILD] : [];
      for (let host = site * racksPerSite + rack; host < hostCount; host += rackCount) {
        names.push(`h${host}`);
      }
      const hosts = names.map((name): Host => ({
        name,
        site: `s${site}`,
        rack: `r${rack}`,
        address: `10.99.${site}.${lastOctet++}`,
      }));
      build ??= hosts[0];
      return { name: `s${site}r${rack}`, hosts };
    });
    return { name: `s${site}`, routerAddress: `10.99.${site}.254`, racks };
  });
  if (build === undefined) throw new Error("plan topology: expected a rack for the build machine");
  const hosts = sites.flatMap(({ racks }) => racks.flatMap((rack) => rack.hosts))
    .filter(({ name }) => name !== BUILD);
  return { sites, build, hosts };
}

/** Everybody fetches at the speed of a link and passes on what is there: F/u · (1 + log2(N)/pieces). */
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
