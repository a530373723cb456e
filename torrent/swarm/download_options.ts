/** What taking from a peer needs of the peer's connection and of the transfer. */

import type { Distance } from "../locality.ts";
import type { Allowance } from "./allowance.ts";
import type { Outbox } from "./messages.ts";
import type { Picker } from "./picker.ts";
import type { PieceDesk, Source } from "./piece_desk.ts";
import type { PieceSet } from "../piece_set.ts";
import type { PieceProgress } from "./piece_progress.ts";

/** See the file's head. */
export interface DownloadOptions {
  readonly pieceCount: number;
  readonly picker: Picker;
  /** What we have. */
  readonly verified: Pick<PieceSet, "has">;
  readonly desk: PieceDesk;
  readonly outbox: Outbox;
  /** The transfer's seconds. */
  readonly tick: () => number;
  /** Only differences mean something. */
  readonly nowMs: () => number;
  /** Whether we are to fetch from so far away at all. */
  readonly isWithinReach: (distance: Distance) => boolean;
  /** False while the disk is full, and for peers farther away than we are to fetch from. */
  readonly mayRequest: (distance: Distance) => boolean;
  readonly allowance: Allowance;
  readonly onReceived: (distance: Distance, sizeBytes: number) => void;
  /** A block has arrived that others have been asked for as well. */
  readonly onContested: (piece: PieceProgress<Source>, by: Source) => void;
  /** Nothing is left to ask this peer for, at least for now. */
  readonly onIdle: (idle: Source) => void;
  /** A piece is there in full, not verified yet. */
  readonly onPiece: (piece: PieceProgress<Source>) => void;
}
