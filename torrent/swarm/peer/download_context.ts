/** What taking from a peer needs of the transfer, and of the peer's connection. */

import type { Distance } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import type { PeerAllowance } from "../limits/peer_allowance.ts";
import type { Outbox } from "../wire/messages.ts";
import type { PiecePicker } from "../pieces/piece_picker.ts";
import type { RequestScheduler, RequestTarget } from "../pieces/request_scheduler.ts";
import type { PartialPiece } from "../pieces/partial_piece.ts";

/** What all peers of a transfer share. */
export interface DownloadContext {
  readonly picker: PiecePicker;
  readonly scheduler: RequestScheduler;
  /** Seconds of this transfer, counted and not read from a clock: a clock that jumps ends nothing. */
  readonly tick: () => number;
  /** To measure how long an answer takes; only differences mean something. */
  readonly nowMs: () => number;
  /** Whether we are to fetch from so far away. */
  readonly isWithinReach: (distance: Distance) => boolean;
  /** False while nothing can be written. */
  readonly mayRequest: () => boolean;
  readonly onReceived: (distance: Distance, sizeBytes: number) => void;
  /** A block has arrived that others have been asked for as well. */
  readonly onContested: (piece: PartialPiece<RequestTarget>, by: RequestTarget) => void;
  /** Nothing is left to ask this peer for, at least for now. */
  readonly onIdle: (idle: RequestTarget) => void;
  /** A piece is there in full, not verified yet. */
  readonly onPiece: (piece: PartialPiece<RequestTarget>) => void;
}

/** See the file's head. */
export interface DownloadOptions extends DownloadContext {
  readonly pieceCount: number;
  /** What we have. */
  readonly verified: Pick<PieceSet, "has">;
  readonly outbox: Outbox;
  readonly allowance: PeerAllowance;
}
