/** A connected peer without a connection: for tests of what is decided about peers. */

import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import type { SwarmPeer } from "../../../../../torrent/swarm/swarm_peer.ts";
import { parseAddress, type Provenance } from "../../../../../torrent/swarm/wire/handshaker.ts";
import { bareTarget } from "../pieces/bare_target.ts";

/** A peer that tests may change, and the reasons for which it was closed. */
export type BarePeer =
  & { -readonly [Key in keyof SwarmPeer]: SwarmPeer[Key] }
  & { readonly closedFor: unknown[] };

/** A choked leecher of our rack that wants nothing, unless `changes` say otherwise. */
export function barePeer(provenance: Provenance, changes: Partial<BarePeer> = {}): BarePeer {
  const closedFor: unknown[] = [];
  return {
    provenance,
    ipAddress: parseAddress(provenance.address).hostname,
    listensOn: provenance.isOutgoing ? provenance.address : undefined,
    distance: "rack",
    locality: { host: "web-1", site: "north", rack: "a" },
    isInterested: false,
    isChoked: true,
    isThrottled: false,
    idleTicks: 0,
    isSeed: false,
    download: bareTarget({ has: new PieceSet(1), maxRequestBytes: 16 * 1024 }),
    suggestions: undefined,
    holds: () => false,
    start() {},
    setChoked() {},
    announcePiece() {},
    onReachChanged() {},
    requestMore() {},
    onTick() {},
    close(reason: unknown) {
      closedFor.push(reason);
    },
    ended: () => Promise.resolve(),
    closedFor,
    ...changes,
  };
}
