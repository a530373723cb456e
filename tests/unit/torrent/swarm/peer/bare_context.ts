/** A swarm without a disk and without other peers, as one peer sees it; for unit tests and for the fuzz tests. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import type { TransferFiles } from "../../../../../torrent/content/transfer_files.ts";
import type { Release } from "../../../../../torrent/release/release.ts";
import { RateLimits } from "../../../../../torrent/swarm/limits/rate_limits.ts";
import { Peer } from "../../../../../torrent/swarm/peer/peer.ts";
import type { PeerContext } from "../../../../../torrent/swarm/peer/peer_context.ts";
import { SendBufferPool } from "../../../../../torrent/swarm/peer/send_buffers.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import { RequestScheduler } from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import type { RequestTarget } from "../../../../../torrent/swarm/pieces/request_target.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import { NewPieceAssigner } from "../../../../../torrent/swarm/suggest/new_piece_assigner.ts";
import { SuperSeeding } from "../../../../../torrent/swarm/suggest/super_seeding.ts";
import type { Connection } from "../../../../../torrent/swarm/wire/peer_socket.ts";
import { bareRelease } from "../bare_release.ts";

/** Number of pieces of the release. */
export const PIECES = 20;
/** Length of its pieces; the last one is shorter. */
export const PIECE_BYTES = 64 * 1024;
const SIZE_BYTES = PIECES * PIECE_BYTES - 77;

/** What has happened to the swarm so far. */
export interface Happenings {
  /** The reason for which the peer's connection ended. */
  reason: unknown;
  /** How often it ended. */
  ends: number;
  /** Pieces of which every block came. */
  pieces: number;
  /** Bytes that were read from the disk for the peer. */
  readBytes: number;
  /** Bytes of blocks that came, wanted or not. */
  receivedBytes: number;
}

/**
 * The swarm of a host that has the `verified` pieces. Its clock stands still, so nothing ever comes later; a peer that
 * is interested gets a slot at once; every piece counts as wrong and is put back.
 */
export function bareContext({ verified }: { readonly verified: PieceSet }) {
  const release: Release = {
    ...bareRelease(SIZE_BYTES, PIECE_BYTES),
    pieceHashes: new Uint8Array(PIECES * 20),
  };
  const isComplete = [...verified].length === PIECES;
  const verifiedBytes = isComplete ? SIZE_BYTES : [...verified].length * PIECE_BYTES;
  const random = () => 0.5;
  const picker = new PiecePicker({ pieceCount: PIECES, random, have: verified });
  const targets: RequestTarget[] = [];
  const scheduler = new RequestScheduler({
    release,
    picker,
    smartBan: new SmartBan<RequestTarget>(),
    targets: () => targets,
    prefill() {},
  });
  const happened: Happenings = {
    reason: undefined,
    ends: 0,
    pieces: 0,
    readBytes: 0,
    receivedBytes: 0,
  };
  const context: PeerContext = {
    // Only what a peer looks at of its transfer's files.
    files: { release, verified, verifiedBytes, isComplete } as TransferFiles,
    picker,
    scheduler,
    limits: new RateLimits(),
    buffers: new SendBufferPool(),
    locality: { host: "web-1", site: "north", rack: "a" },
    port: 1,
    infoBytes: new Uint8Array(40_000),
    tick: 0,
    clock: { nowMs: () => 0, wallTimeMs: () => 0, after: () => () => {} },
    suggester: isComplete
      ? new SuperSeeding({ pieceCount: PIECES, random, peers: () => targets })
      : new NewPieceAssigner(() => []),
    isWithinReach: () => true,
    mayRequest: true,
    readBlock(offsetBytes, into) {
      assert.ok(offsetBytes >= 0 && offsetBytes + into.length <= SIZE_BYTES);
      happened.readBytes += into.length;
    },
    onReceived(_distance, sizeBytes) {
      happened.receivedBytes += sizeBytes;
    },
    onSent() {},
    onBlock() {},
    onContested() {},
    onIdle() {},
    onPiece(piece) {
      happened.pieces++;
      scheduler.close(piece);
      picker.putBack(piece.index);
    },
    onExtensions() {},
    onInterest: (peer) => peer.setChoked(!peer.isInterested),
    onEnded(_peer, reason) {
      happened.reason = reason;
      happened.ends++;
    },
  };
  return { context, release, picker, scheduler, targets, happened };
}

/** A peer that has dialled us from 10.0.0.1, in that context. */
export function bareConnection(
  { context, targets }: Pick<ReturnType<typeof bareContext>, "context" | "targets">,
  connection: Connection,
  { fast = true, isOutgoing = false } = {},
): Peer {
  const handshake = { infoHash: "ab".repeat(20), peerId: "cd".repeat(20), extended: true, fast };
  const peer = new Peer({ connection, address: "10.0.0.1:1", isOutgoing, handshake }, context);
  targets.push(peer.download);
  return peer;
}
