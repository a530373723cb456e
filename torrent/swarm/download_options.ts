/** What taking from a peer needs of the transfer, and of the peer's connection. */

import type { Distance } from "../locality.ts";
import type { PieceSet } from "../piece_set.ts";
import type { Allowance } from "./allowance.ts";
import type { Outbox } from "./messages.ts";
import type { Picker } from "./picker.ts";
import type { PieceDesk, Source } from "./piece_desk.ts";
import type { PieceProgress } from "./piece_progress.ts";

/** What all peers of a transfer share. */
export interface DownloadHost {
  readonly picker: Picker;
  readonly desk: PieceDesk;
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
  readonly onContested: (piece: PieceProgress<Source>, by: Source) => void;
  /** Nothing is left to ask this peer for, at least for now. */
  readonly onIdle: (idle: Source) => void;
  /** A piece is there in full, not verified yet. */
  readonly onPiece: (piece: PieceProgress<Source>) => void;
}

/** See the file's head. */
export interface DownloadOptions extends DownloadHost {
  readonly pieceCount: number;
  /** What we have. */
  readonly verified: Pick<PieceSet, "has">;
  readonly outbox: Outbox;
  readonly allowance: Allowance;
}
