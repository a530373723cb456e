/** What a swarm works with, and what it tells the transfer that it belongs to. */

import type { Clock } from "../../base/clock.ts";
import type { Locality } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { TransferFiles } from "../content/transfer_files.ts";
import type { TransferError } from "../errors.ts";
import type { RateLimits } from "./limits/rate_limits.ts";
import type { OwnIdentity } from "./wire/handshaker.ts";
import type { SendBuffers } from "./wire/peer_socket.ts";

/** What a swarm tells the transfer that it belongs to. */
export interface SwarmListener {
  /** A peer has said who it is. */
  onConnected(address: string, locality: Locality | undefined): void;
  /** Peers are needed: none is left, or none that could be asked for anything, or one has gone that served us. */
  onNeed(): void;
  /** A piece was verified and written. */
  onVerified(index: number): void;
  /** A piece did not match its hash. */
  onRejected(message: string): void;
  /** A peer is banned for a while. */
  onBanned(address: string, reason: string): void;
  /** Every piece is there. */
  onComplete(): void;
  /** The disk is full: nothing is requested until there is room. */
  onPaused(error: TransferError): void;
  /** There is room again. */
  onContinued(): void;
  /** The disk failed in another way: the transfer cannot go on. */
  onFailed(error: TransferError): void;
}

/** What a swarm works with. */
export interface SwarmOptions {
  /** The release and its content on disk. */
  readonly files: TransferFiles;
  /** The info dictionary, for peers that have only its hash (BEP 9). */
  readonly infoBytes: Uint8Array;
  /** The release's info hash and our peer id. */
  readonly own: OwnIdentity;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** Where we are. */
  readonly locality: Locality;
  /** Addresses that are tried when no other peer gives anything. */
  readonly fallbackPeers: readonly string[];
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listener: SwarmListener;
}
