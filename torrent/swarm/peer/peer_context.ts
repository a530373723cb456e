/** What a peer needs of the transfer that it belongs to: an interface, so that each is readable alone. */

import type { Clock } from "../../../base/clock.ts";
import type { Distance, Locality } from "../../../base/locality.ts";
import type { TransferFiles } from "../../content/transfer_files.ts";
import type { DownloadContext } from "./download_context.ts";
import type { Assignee } from "../suggest/new_piece_assigner.ts";
import type { Peer } from "./peer.ts";
import type { SendBuffers } from "../wire/peer_socket.ts";
import type { RateLimits } from "../limits/rate_limits.ts";

/** See the file's head. */
export interface PeerContext extends DownloadContext {
  readonly files: TransferFiles;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  /** What to suggest to whom. */
  readonly deal: { next(taker: Assignee): number | undefined };
  /** Where we stand. */
  readonly locality: Locality;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** The info dictionary, for peers that have only its hash (BEP 9). */
  readonly infoBytes: Uint8Array;
  readonly clock: Clock;
  readonly readBlock: (offsetBytes: number, into: Uint8Array) => void;
  readonly onSent: (peer: Peer, distance: Distance, sizeBytes: number) => void;
  /** The peer has said who it is. */
  readonly onExtensions: (peer: Peer) => void;
  /** It has become interested, or is not any more. */
  readonly onInterest: (peer: Peer) => void;
  readonly onEnded: (peer: Peer, reason: unknown) => void;
}
