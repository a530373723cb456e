/** The peers that a transfer receives blocks from, for its announces: the tracker believes a seed once others name it. */

/** Most addresses that an announce has room for. */
const MAX_SOURCES = 8;

/** The part of a peer that is looked at. */
export interface SourcePeer {
  /** "address:port" on which it listens; undefined until it has said so. */
  readonly listensOn: string | undefined;
  /** Whether it has every piece. */
  readonly isSeed: boolean;
  /** The best rate at which blocks came from it; 0 if none has come. */
  readonly download: { readonly bestBytesPerSecond: number };
}

/** The addresses of peers that blocks have come from, seeds first, at most eight. */
export function sourcesOf(peers: Iterable<SourcePeer>): string[] {
  const [seeds, others]: [string[], string[]] = [[], []];
  for (const { listensOn, isSeed, download } of peers) {
    if (listensOn === undefined || download.bestBytesPerSecond === 0) continue;
    (isSeed ? seeds : others).push(listensOn);
  }
  return [...seeds, ...others].slice(0, MAX_SOURCES);
}
