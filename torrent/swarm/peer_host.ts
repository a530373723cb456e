/** What a peer needs of the transfer that it belongs to: an interface, so that each is readable alone. */

import type { Distance, Locality } from "../locality.ts";
import type { TransferFiles } from "../transfer_files.ts";
import type { Taker } from "./fresh_deal.ts";
import type { Peer } from "./peer.ts";
import type { SendBuffers } from "./peer_socket.ts";
import type { Picker } from "./picker.ts";
import type { PieceDesk, Source } from "./piece_desk.ts";
import type { PieceProgress } from "./piece_progress.ts";
import type { RateLimits } from "./rate_limits.ts";

/** See the file's head. */
export interface PeerHost {
  readonly files: TransferFiles;
  readonly picker: Picker;
  readonly desk: PieceDesk;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  /** What to suggest to whom. */
  readonly deal: { next(taker: Taker): number | undefined };
  /** Where we stand. */
  readonly locality: Locality;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** The info dictionary, for peers that have only its hash (BEP 9). */
  readonly infoBytes: Uint8Array;
  /** Seconds of this transfer, counted and not read from a clock: a clock that jumps ends nothing. */
  readonly tick: () => number;
  /** To measure how long an answer takes; only differences mean something. */
  readonly nowMs: () => number;
  /** Resolves after that time, or as soon as the signal is aborted. */
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Whether we are to fetch from so far away at all. */
  readonly isWithinReach: (distance: Distance) => boolean;
  /** False while nothing can be written, and for peers farther away than we are to fetch from. */
  readonly mayRequest: (distance: Distance) => boolean;
  readonly readBlock: (offsetBytes: number, into: Uint8Array) => void;
  readonly onReceived: (distance: Distance, sizeBytes: number) => void;
  readonly onSent: (peer: Peer, distance: Distance, sizeBytes: number) => void;
  readonly onContested: (piece: PieceProgress<Source>, by: Source) => void;
  readonly onIdle: (idle: Source) => void;
  readonly onPiece: (piece: PieceProgress<Source>) => void;
  /** The peer has said who it is. */
  readonly onExtensions: (peer: Peer) => void;
  /** It has become interested, or is not any more. */
  readonly onInterest: (peer: Peer) => void;
  readonly onEnded: (peer: Peer, reason: unknown) => void;
}
