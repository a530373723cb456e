/**
 * The releases of the simulated services: real .torrent files of content that is nowhere.
 *
 * @module
 */

import type { Release } from "../../../rollout/mod.ts";
import { readRelease } from "../../../torrent/release/metainfo.ts";
import { encodeMetainfo } from "../../../torrent/release/metainfo_writer.ts";

/** A release that the build machine has published. */
export interface Published {
  readonly release: Release;
  readonly infoHash: string | null;
  readonly metainfo: Uint8Array;
}

const SIZE_BYTES = 16 * 1024;

/** All releases by URL. They are the same in every run, since they follow from their names. */
const published = new Map<string, Published>();

/**
 * Publishes a release. `build` tells releases apart that have the same version and other content; `hasBlob` says whether
 * there is content at all.
 */
export function publish(
  service: string,
  version: string,
  { build = 1, hasBlob = true }: { readonly build?: number; readonly hasBlob?: boolean } = {},
): Published {
  const torrentUrl = `http://build/${service}/${version}/${build}/${hasBlob}`;
  const known = published.get(torrentUrl);
  if (known !== undefined) return known;
  const metainfo = encodeMetainfo({
    service,
    version,
    layout: "file",
    files: [{
      path: "blob",
      sizeBytes: SIZE_BYTES,
      sha256: `${build}`.padStart(64, "0"),
      executable: false,
    }],
    pieceLengthBytes: 16 * 1024,
    pieceHashes: new Uint8Array(20).fill(build),
    announce: [],
    createdBy: "the simulation",
  });
  const infoHash = hasBlob ? readRelease(metainfo).infoHash : null;
  const release = {
    infoHash,
    metainfo,
    release: {
      service,
      version,
      infoHash,
      sizeBytes: hasBlob ? SIZE_BYTES : 0,
      torrentUrl: hasBlob ? torrentUrl : null,
    },
  };
  published.set(torrentUrl, release);
  return release;
}

/** What is at a URL of the build machine; null if nothing is. */
export function publishedAt(url: string): Published | null {
  return published.get(url) ?? null;
}

const infoHashes = new Map<Uint8Array, string>();

/** The info hash of a .torrent. */
export function infoHashOf(metainfo: Uint8Array): string {
  let infoHash = infoHashes.get(metainfo);
  if (infoHash === undefined) infoHashes.set(metainfo, infoHash = readRelease(metainfo).infoHash);
  return infoHash;
}
