/** Whom a transfer receives blocks from, as the tracker is told: it believes that a peer is a seed once others say so. */

/** As many as an announce has room for. */
const MAX_SOURCES = 8;

/** What is asked of a peer. */
export interface SourcePeer {
  /** "address:port" on which it listens; undefined until it has said so. */
  readonly listensOn: string | undefined;
  /** Whether it has every piece. */
  readonly isSeed: boolean;
  /** The best rate at which blocks came from it; 0 if none has come. */
  readonly bestBytesPerSecond: number;
}

/** The addresses of peers that blocks have come from, seeds first, at most eight. */
export function sourcesOf(peers: Iterable<SourcePeer>): string[] {
  const [seeds, others]: [string[], string[]] = [[], []];
  for (const { listensOn, isSeed, bestBytesPerSecond } of peers) {
    if (listensOn === undefined || bestBytesPerSecond === 0) continue;
    (isSeed ? seeds : others).push(listensOn);
  }
  return [...seeds, ...others].slice(0, MAX_SOURCES);
}
