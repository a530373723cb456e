/** What a peer needs of the transfer that it belongs to: an interface, so that each is readable alone. */

import type { Distance, Locality } from "../locality.ts";
import type { TransferFiles } from "../transfer_files.ts";
import type { DownloadHost } from "./download_options.ts";
import type { Taker } from "./fresh_deal.ts";
import type { Peer } from "./peer.ts";
import type { SendBuffers } from "./peer_socket.ts";
import type { RateLimits } from "./rate_limits.ts";

/** See the file's head. */
export interface PeerHost extends DownloadHost {
  readonly files: TransferFiles;
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
  /** Resolves after that time, or as soon as the signal is aborted. */
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  readonly readBlock: (offsetBytes: number, into: Uint8Array) => void;
  readonly onSent: (peer: Peer, distance: Distance, sizeBytes: number) => void;
  /** The peer has said who it is. */
  readonly onExtensions: (peer: Peer) => void;
  /** It has become interested, or is not any more. */
  readonly onInterest: (peer: Peer) => void;
  readonly onEnded: (peer: Peer, reason: unknown) => void;
}
