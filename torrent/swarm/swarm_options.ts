/** What a swarm works with, and what it tells the transfer that it belongs to. */

import type { Clock } from "../../base/clock.ts";
import type { TransferError } from "../errors.ts";
import type { Locality } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { TransferFiles } from "../content/transfer_files.ts";
import type { OwnIdentity } from "./wire/handshaker.ts";
import type { SendBuffers } from "./wire/peer_socket.ts";
import type { RateLimits } from "./limits/rate_limits.ts";

/** What a swarm tells its transfer. */
export interface SwarmListener {
  onConnected(address: string, locality: Locality | undefined): void;
  /** Peers are needed: none is left, or none that could be asked for anything, or one has gone that served us. */
  onNeed(): void;
  onVerified(index: number): void;
  onRejected(message: string): void;
  /** Every piece is there. */
  onComplete(): void;
  /** The disk is full: nothing is asked for until there is room. */
  onPaused(error: TransferError): void;
  onContinued(): void;
  /** The disk failed in another way: the transfer cannot go on. */
  onFailed(error: TransferError): void;
}

/** What a swarm works with. */
export interface SwarmOptions {
  readonly files: TransferFiles;
  readonly infoBytes: Uint8Array;
  readonly own: OwnIdentity;
  readonly port: number;
  readonly locality: Locality;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listener: SwarmListener;
}
