/** What we fetch from one peer, without a connection: for tests of what the peer is told. */

import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { PeerAllowance } from "../../../../../torrent/swarm/limits/peer_allowance.ts";
import { RateLimits } from "../../../../../torrent/swarm/limits/rate_limits.ts";
import type { DownloadContext } from "../../../../../torrent/swarm/peer/peer_context.ts";
import { PeerDownload } from "../../../../../torrent/swarm/peer/peer_download.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import { RequestScheduler } from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import type { RequestTarget } from "../../../../../torrent/swarm/pieces/request_target.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import { Outbox } from "../../../../../torrent/swarm/wire/messages.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";
import { bareRelease } from "../bare_release.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 4 * MIB;
/** Number of pieces of the release. */
export const PIECES = 16;

/** A download of which nothing has come; time stands still. `drain` gives what the peer was told since. */
export function bareDownload(
  changes: Partial<Omit<DownloadContext, "files">> & { readonly verified?: PieceSet } = {},
) {
  const { verified = new PieceSet(PIECES) } = changes;
  const release = bareRelease(PIECES * PIECE_BYTES, PIECE_BYTES);
  const picker = new PiecePicker({
    pieceCount: PIECES,
    random: () => 0,
    have: new PieceSet(PIECES),
  });
  const targets: RequestTarget[] = [];
  const scheduler = new RequestScheduler({
    release,
    picker,
    smartBan: new SmartBan<RequestTarget>(),
    targets: () => targets,
    prefill() {},
  });
  const outbox = new Outbox(MIB);
  const context: DownloadContext = {
    files: { release, verified },
    picker,
    scheduler,
    clock: new ManualClock(0),
    tick: 0,
    mayRequest: true,
    isWithinReach: () => true,
    onReceived() {},
    onBlock() {},
    onContested() {},
    onIdle() {},
    onPiece() {},
  };
  // As they are: one may be a getter.
  Object.defineProperties(context, Object.getOwnPropertyDescriptors(changes));
  const download = new PeerDownload(context, {
    outbox,
    allowance: new PeerAllowance(new RateLimits(), {
      direction: "down",
      signal: new AbortController().signal,
      onRoom() {},
    }),
  });
  targets.push(download);
  const drain = () => {
    const bytes = new Uint8Array(outbox.sizeBytes);
    outbox.drainTo(bytes, 0);
    return bytes;
  };
  return { download, scheduler, picker, drain };
}
