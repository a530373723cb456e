/**
 * Where a host stands, and how far two hosts are apart. Sites and racks are plain names; the same rack
 * name in two sites means two racks.
 *
 * @module
 */

/** A rack, and the site that it stands in. */
export interface RackLocation {
  /** The data center. */
  readonly site: string;
  /** The rack within the site. */
  readonly rack: string;
}

/** Where a host stands. */
export interface Locality extends RackLocation {
  /** The host's name. */
  readonly host: string;
}

/** How far two hosts are apart: in the same rack; in the same site but another rack; or in another site, which is also assumed of a peer whose place is not known. */
export type Distance = "rack" | "site" | "remote";

/**
 * How far a host fetches: from its own rack alone, from its site, or from everywhere. The tracker tells each host its
 * own: a gateway of a rack reaches its site, a gateway of a site everything.
 */
export type Reach = "rack" | "site" | "everywhere";

/** Bytes by how far they travelled. */
export interface BytesByDistance {
  /** Between hosts of one rack. */
  rackBytes: number;
  /** Between two racks of one site. */
  siteBytes: number;
  /** Between two sites, or with a peer that does not say where it stands. */
  remoteBytes: number;
}

/** How far `there` is from `here`; an unknown locality is remote. */
export function distanceBetween(here: Locality, there: Locality | undefined): Distance {
  if (there === undefined || there.site !== here.site) return "remote";
  return there.rack === here.rack ? "rack" : "site";
}

/** Adds bytes to the counter of that distance. */
export function countBytes(bytes: BytesByDistance, distance: Distance, sizeBytes: number): void {
  switch (distance) {
    case "rack":
      bytes.rackBytes += sizeBytes;
      return;
    case "site":
      bytes.siteBytes += sizeBytes;
      return;
    case "remote":
      bytes.remoteBytes += sizeBytes;
      return;
  }
}

/** The sum over all distances. */
export function totalBytes(bytes: BytesByDistance): number {
  return bytes.rackBytes + bytes.siteBytes + bytes.remoteBytes;
}

const FAR: Readonly<Record<Distance | Reach, number>> = {
  rack: 0,
  site: 1,
  remote: 2,
  everywhere: 2,
};

/** Whether a peer at that distance is no farther away than a reach, or than a peer at another distance. */
export function isWithin(limit: Reach | Distance, distance: Distance): boolean {
  return FAR[distance] <= FAR[limit];
}

/** Whether a word is one of the reaches: for what comes over the network. */
export function isReach(word: string): word is Reach {
  return word === "rack" || word === "site" || word === "everywhere";
}
