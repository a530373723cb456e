/**
 * The hosts of the demo's fleet, their sites and racks, and the least traffic that a release needs across these. Pure.
 *
 * @module
 */

/** A machine of the demo, and where it stands. */
export interface DemoHost {
  readonly name: string;
  readonly site: string;
  readonly rack: string;
}

/** The machine that publishes. It stands in the first site, in a rack of its own. */
export const BUILD_MACHINE: DemoHost = { name: "build-1", site: "s1", rack: "build" };

/** The two services, in the order in which they must be upgraded: B depends on A. */
export const SERVICES = ["A", "B"] as const;
/** One of the demo's services. */
export type ServiceName = (typeof SERVICES)[number];

const SITES = 2;
const RACKS_PER_SITE = 2;

/** Hosts `web-1` to `web-N`, spread evenly over two sites of two racks; hosts of one rack have consecutive numbers. */
export function layOutFleet(hostsCount: number): DemoHost[] {
  return share(hostsCount, SITES).flatMap((inSiteCount, site) =>
    share(inSiteCount, RACKS_PER_SITE).flatMap((inRackCount, rack) =>
      Array.from({ length: inRackCount }, () => ({
        site: `s${site + 1}`,
        rack: `r${site * RACKS_PER_SITE + rack + 1}`,
      }))
    )
  ).map((place, index) => ({ name: `web-${index + 1}`, ...place }));
}

/** Bytes that crossed borders between sites and between racks, or the least that must. */
export interface BorderTraffic {
  readonly crossSiteBytes: number;
  /** Between racks, whether in one site or in two. */
  readonly crossRackBytes: number;
}

/**
 * The least traffic across borders for a release of this size: one copy into each site but the build machine's, and one into
 * each rack but the build machine's.
 */
export function leastTraffic(hosts: readonly DemoHost[], releaseBytes: number): BorderTraffic {
  const sites = new Set(hosts.map(({ site }) => site));
  const racks = new Set(hosts.map(({ site, rack }) => `${site}/${rack}`));
  sites.delete(BUILD_MACHINE.site);
  racks.delete(`${BUILD_MACHINE.site}/${BUILD_MACHINE.rack}`);
  return {
    crossSiteBytes: sites.size * releaseBytes,
    crossRackBytes: racks.size * releaseBytes,
  };
}

/** Splits a count into parts that differ by one at most, the larger ones first. */
function share(count: number, partsCount: number): number[] {
  return Array.from(
    { length: partsCount },
    (_, part) => Math.floor(count / partsCount) + (part < count % partsCount ? 1 : 0),
  );
}
