/**
 * What a peer needs of the swarm that it belongs to. `swarm.ts` implements it; tests put something smaller in its
 * place.
 */

import type { Clock } from "../../../base/clock.ts";
import type { Distance, Locality } from "../../../base/locality.ts";
import type { TransferFiles } from "../../content/transfer_files.ts";
import type { RateLimits } from "../limits/rate_limits.ts";
import type { PartialPiece } from "../pieces/partial_piece.ts";
import type { PiecePicker } from "../pieces/piece_picker.ts";
import type { RequestScheduler } from "../pieces/request_scheduler.ts";
import type { RequestTarget } from "../pieces/request_target.ts";
import type { PieceSuggester } from "../suggest/suggestions.ts";
import type { SwarmPeer } from "../swarm_peer.ts";
import type { SendBuffers } from "../wire/peer_socket.ts";

/** The part of the context that fetching from a peer needs. */
export interface DownloadContext {
  /** The release, and which of its pieces we have. */
  readonly files: Pick<TransferFiles, "release" | "verified">;
  readonly picker: PiecePicker;
  readonly scheduler: RequestScheduler;
  /** To measure how long an answer takes; only differences of its times mean something. */
  readonly clock: Clock;
  /** Seconds of this transfer, counted and not read from a clock: a clock that jumps ends no connection. */
  readonly tick: number;
  /** False while nothing can be written, and when the transfer is over. */
  readonly mayRequest: boolean;
  /** Whether we are to fetch from peers at this distance; what we send is not limited by it. */
  isWithinReach(distance: Distance): boolean;
  /** Bytes of a block have arrived, wanted or not. */
  onReceived(distance: Distance, sizeBytes: number): void;
  /** A block that was asked for has arrived in full. */
  onBlock(distance: Distance): void;
  /** A block has arrived that other peers were asked for as well. */
  onContested(piece: PartialPiece<RequestTarget>, by: RequestTarget): void;
  /** Nothing is left to ask this peer for, at least for now. */
  onIdle(idle: RequestTarget): void;
  /** Every block of a piece has arrived; it is not verified yet. */
  onPiece(piece: PartialPiece<RequestTarget>): void;
}

/** What all peers of a transfer share, and what they report to their swarm. */
export interface PeerContext extends DownloadContext {
  readonly files: TransferFiles;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  /** Decides which pieces the peer is suggested (BEP 6). */
  readonly suggester: PieceSuggester<SwarmPeer>;
  /** Where we are. */
  readonly locality: Locality;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** The info dictionary, for peers that have only its hash (BEP 9). */
  readonly infoBytes: Uint8Array;
  /** Reads verified bytes of the release's content from the disk; throws if that fails. */
  readBlock(offsetBytes: number, into: Uint8Array): void;
  /** Blocks of that size are about to be sent to the peer. */
  onSent(peer: SwarmPeer, distance: Distance, sizeBytes: number): void;
  /** The peer has said where it is and on which port it listens. */
  onExtensions(peer: SwarmPeer): void;
  /** The peer has become interested, or is not any more. */
  onInterest(peer: SwarmPeer): void;
  /** The peer's connection has ended; called once. */
  onEnded(peer: SwarmPeer, reason: unknown): void;
}
