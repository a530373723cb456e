/**
 * The feed's form on the wire: JSON Feed 1.1 (jsonfeed.org), one item per release, newest first, with the .torrent as its
 * attachment. What Rollcall needs beyond that is in the object `_rollcall`, as the format reserves for extensions.
 */

import { z } from "zod";
import { releaseNameSchema } from "../release/mod.ts";

/** The MIME type of .torrent files. */
export const TORRENT_MIME_TYPE = "application/x-bittorrent";

/** Trackers of a release that the feed names; the .torrent may name more. Nobody runs so many. */
export const MAX_FEED_TRACKERS = 4;

/** What the feed says of one release. */
export const feedReleaseSchema = z.object({
  service: releaseNameSchema,
  version: releaseNameSchema,
  infoHash: z.string().regex(/^[0-9a-f]{40}$/),
  sizeBytes: z.number().int().nonnegative(),
  /** Announce URLs in order of preference. Missing in feeds that were kept before this field existed. */
  trackers: z.array(z.string()).max(MAX_FEED_TRACKERS).optional(),
});

/** What the feed says of one release. */
export type FeedRelease = z.infer<typeof feedReleaseSchema>;

/** Where the build machine stands, from which the first copy comes. */
export const originSchema = z.object({
  site: z.string(),
  rack: z.string(),
});

/** The site and rack of the build machine. */
export type Origin = z.infer<typeof originSchema>;

/** An address on which peers are reached: a name or an IP address (IPv6 in brackets), and a port. */
const peerSchema = z.string().max(300).regex(
  /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[1-9][0-9]{0,4}$/,
  'expected an address such as "build.example.com:6881"',
);

/** Addresses of seeders that the feed names: the build machine, and maybe another. */
const MAX_FEED_PEERS = 4;

/** A whole feed, as far as it is read; other fields are ignored. */
export const feedSchema = z.object({
  version: z.literal("https://jsonfeed.org/version/1.1"),
  items: z.array(z.object({
    id: z.string(),
    date_published: z.iso.datetime(),
    attachments: z.array(z.object({
      url: z.url({ protocol: /^https?$/ }),
      mime_type: z.string(),
    })),
    _rollcall: feedReleaseSchema.extend({
      origin: originSchema.optional(),
      peers: z.array(peerSchema).max(MAX_FEED_PEERS).optional(),
    }),
  })),
});

/** A release with the time of its publication. */
export interface PublishedRelease extends FeedRelease {
  /** ISO 8601. */
  readonly publishedAt: string;
  /** The size of its .torrent. */
  readonly torrentBytes: number;
}

/** The feed as a document. `baseUrl` has no slash at its end. */
export function renderFeed(
  releases: readonly PublishedRelease[],
  { baseUrl, origin, peers }: {
    readonly baseUrl: string;
    readonly origin?: Origin | undefined;
    readonly peers?: readonly string[] | undefined;
  },
): string {
  return JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    title: "Releases",
    home_page_url: baseUrl,
    feed_url: `${baseUrl}/feed.json`,
    items: releases.map((release) => ({
      id: release.infoHash,
      title: `${release.service} ${release.version}`,
      content_text: `${release.service} ${release.version}, ${release.sizeBytes} bytes`,
      date_published: release.publishedAt,
      attachments: [{
        url: `${baseUrl}/torrents/${release.infoHash}.torrent`,
        mime_type: TORRENT_MIME_TYPE,
        title: `${release.service}-${release.version}.torrent`,
        size_in_bytes: release.torrentBytes,
      }],
      _rollcall: { ...feedReleaseSchema.parse(release), origin, peers },
    })),
  });
}
