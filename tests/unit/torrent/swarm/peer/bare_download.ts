/** What is taken from one peer, without a connection: for tests of what the peer is told. */

import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { PeerAllowance } from "../../../../../torrent/swarm/limits/peer_allowance.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import type { DownloadOptions } from "../../../../../torrent/swarm/peer/download_context.ts";
import { Outbox } from "../../../../../torrent/swarm/wire/messages.ts";
import { PeerDownload } from "../../../../../torrent/swarm/peer/peer_download.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import {
  RequestScheduler,
  type RequestTarget,
} from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import { RateLimits } from "../../../../../torrent/swarm/limits/rate_limits.ts";
import { bareRelease } from "../bare_release.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 4 * MIB;
/** Of the release. */
export const PIECES = 16;

/** A download of which nothing has come; time stands still. `drain` gives what the peer was told since. */
export function bareDownload(changes: Partial<DownloadOptions> = {}) {
  const picker = new PiecePicker({
    pieceCount: PIECES,
    random: () => 0,
    have: new PieceSet(PIECES),
  });
  const sources: RequestTarget[] = [];
  const desk = new RequestScheduler({
    release: bareRelease(PIECES * PIECE_BYTES, PIECE_BYTES),
    picker,
    bad: new SmartBan<RequestTarget>(),
    sources: () => sources,
    prefill() {},
  });
  const outbox = new Outbox(MIB);
  const download = new PeerDownload({
    pieceCount: PIECES,
    picker,
    verified: new PieceSet(PIECES),
    scheduler: desk,
    outbox,
    tick: () => 0,
    nowMs: () => 0,
    isWithinReach: () => true,
    mayRequest: () => true,
    allowance: new PeerAllowance(new RateLimits(), {
      direction: "down",
      signal: new AbortController().signal,
      onRoom() {},
    }),
    onReceived() {},
    onContested() {},
    onIdle() {},
    onPiece() {},
    ...changes,
  });
  sources.push(download);
  const drain = () => {
    const bytes = new Uint8Array(outbox.sizeBytes);
    outbox.drainTo(bytes, 0);
    return bytes;
  };
  return { download, drain };
}
