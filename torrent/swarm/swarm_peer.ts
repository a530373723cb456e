/**
 * A connected peer as its swarm and the rooms below it see it: `peer/peer.ts` implements it. Choker, connection pool,
 * suggestions and completion are written against this interface, so that each can be read and tested without a socket.
 */

import type { Distance, Locality } from "../../base/locality.ts";
import type { RequestTarget } from "./pieces/request_target.ts";
import type { Provenance } from "./wire/handshaker.ts";

/** Pieces that we have suggested to a peer (BEP 6) and that it has not asked for yet. */
export interface OpenSuggestions {
  /** How many pieces were suggested since the peer connected. */
  readonly suggestedCount: number;
  /** Whether another piece may be suggested now. */
  readonly hasRoom: boolean;
  /** Suggests as many pieces as there is room for. */
  fill(): void;
}

/** One peer of one release, from its handshake to the end of its connection. */
export interface SwarmPeer {
  /** The connection, its handshake, the address at the other end, and who dialled. */
  readonly provenance: Provenance;
  /** The address at the other end, without its port. */
  readonly ipAddress: string;
  /** "address:port" on which the peer listens; undefined until it has said so (outgoing connections: known at once). */
  readonly listensOn: string | undefined;
  /** How far away the peer is; "remote" until it has said where it is. */
  readonly distance: Distance;
  /** Where the peer is; only hosts that run Rollcall say so. */
  readonly locality: Locality | undefined;
  /** Whether the peer wants a piece that we have (BEP 3: interested). */
  readonly isInterested: boolean;
  /** Whether we refuse the peer's requests (BEP 3: choked). */
  readonly isChoked: boolean;
  /** Whether blocks that the peer has requested wait for this host's own rate limits. */
  readonly isThrottled: boolean;
  /** For how many seconds no block that was asked for has passed, in either direction. */
  readonly idleTicks: number;
  /** Whether the peer has every piece. */
  readonly isSeed: boolean;
  /** The peer as the one that we fetch from. */
  readonly download: RequestTarget;
  /** What we have suggested to it; undefined if it does not speak the fast extension (BEP 6). */
  readonly suggestions: OpenSuggestions | undefined;
  /** Whether the peer has announced that piece. */
  holds(piece: number): boolean;
  /** Sends what we have and who we are, and begins to read. */
  start(): void;
  /** Grants or withdraws an upload slot. */
  setChoked(choked: boolean): void;
  /** Tells the peer about a piece that was verified just now (BEP 3: have). */
  announcePiece(index: number): void;
  /** Takes note that the swarm's reach has changed (`PeerContext.isWithinReach`), or its stripes. */
  onReachChanged(): void;
  /** Sends requests until the peer's request window is full or nothing is left to ask it for. */
  requestMore(): void;
  /** Once a second: time-outs, keep-alives, requests for late blocks. */
  onTick(seconds: number): void;
  /** Closes the connection; the reason goes to the log. */
  close(reason: unknown): void;
  /** Resolves when nothing reads from or writes to the connection any more, after {@link close}. */
  ended(): Promise<void>;
}
