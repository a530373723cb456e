/**
 * Where a host stands, and how far two hosts are apart. Sites and racks are plain names: the same
 * rack name in two sites means two racks.
 */

import { z } from "zod";

/** Where a host stands. */
export interface Locality {
  /** The host's name. */
  readonly host: string;
  /** The data center. */
  readonly site: string;
  /** The rack within the site. */
  readonly rack: string;
}

/** Same rack, same site but another rack, or anything else (a peer that did not say counts here). */
export type Distance = "rack" | "site" | "remote";

/** Bytes by how far they travelled. */
export interface BytesByDistance {
  /** Between hosts of one rack. */
  rackBytes: number;
  /** Between two racks of one site. */
  siteBytes: number;
  /** Between two sites, or with a peer that does not say where it stands. */
  remoteBytes: number;
}

/** How far `there` is from `here`; a place that is not known is remote. */
export function distanceBetween(here: Locality, there: Locality | undefined): Distance {
  if (there === undefined || there.site !== here.site) return "remote";
  return there.rack === here.rack ? "rack" : "site";
}

/** Adds to the counter of that distance. */
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

const wireNameSchema = z.instanceof(Uint8Array)
  .transform((bytes) => new TextDecoder().decode(bytes))
  .pipe(z.string().min(1).max(128));

/** What a peer says of itself in the extension handshake (BEP 10), under the key "rollcall". */
export const peerLocalitySchema = z.object({
  host: wireNameSchema,
  site: wireNameSchema,
  rack: wireNameSchema,
});

/** Over all distances. */
export function totalBytes(bytes: BytesByDistance): number {
  return bytes.rackBytes + bytes.siteBytes + bytes.remoteBytes;
}

const FAR: Readonly<Record<Distance, number>> = { rack: 0, site: 1, remote: 2 };

/** Whether somebody at that distance is no farther away than the reach. */
export function isWithin(reach: Distance, distance: Distance): boolean {
  return FAR[distance] <= FAR[reach];
}
