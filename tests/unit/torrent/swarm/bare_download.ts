/** What is taken from one peer, without a connection: for tests of what the peer is told. */

import { PieceSet } from "../../../../torrent/piece_set.ts";
import { Allowance } from "../../../../torrent/swarm/allowance.ts";
import { BadPieces } from "../../../../torrent/swarm/bad_pieces.ts";
import type { DownloadOptions } from "../../../../torrent/swarm/download_options.ts";
import { Outbox } from "../../../../torrent/swarm/messages.ts";
import { PeerDownload } from "../../../../torrent/swarm/peer_download.ts";
import { Picker } from "../../../../torrent/swarm/picker.ts";
import { PieceDesk, type Source } from "../../../../torrent/swarm/piece_desk.ts";
import { RateLimits } from "../../../../torrent/swarm/rate_limits.ts";
import { bareRelease } from "./bare_release.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 4 * MIB;
/** Of the release. */
export const PIECES = 16;

/** A download of which nothing has come; time stands still. `drain` gives what the peer was told since. */
export function bareDownload(changes: Partial<DownloadOptions> = {}) {
  const picker = new Picker({ pieceCount: PIECES, random: () => 0, have: new PieceSet(PIECES) });
  const sources: Source[] = [];
  const desk = new PieceDesk({
    release: bareRelease(PIECES * PIECE_BYTES, PIECE_BYTES),
    picker,
    bad: new BadPieces<Source>(),
    sources: () => sources,
    prefill() {},
  });
  const outbox = new Outbox(MIB);
  const download = new PeerDownload({
    pieceCount: PIECES,
    picker,
    verified: new PieceSet(PIECES),
    desk,
    outbox,
    tick: () => 0,
    nowMs: () => 0,
    isWithinReach: () => true,
    mayRequest: () => true,
    allowance: new Allowance(new RateLimits(), {
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
