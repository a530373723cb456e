/** How large the requests to one peer are: as large as it takes, but never a large part of its window. */

import assert from "node:assert/strict";
import { readUint32 } from "../../../../../torrent/swarm/wire/messages.ts";
import {
  MIN_WINDOW_BYTES,
  type RequestWindow,
} from "../../../../../torrent/swarm/peer/request_window.ts";
import { bareDownload } from "./bare_download.ts";

const KIB = 1024;
const REQUEST_BYTES = 17;

function setUp() {
  const { download, drain } = bareDownload();
  download.setPlace("rack", { suggests: false });
  download.onPieces("all");
  download.onUnchoke();
  drain(); // That we are interested.
  /** What the peer is asked for, in sizes. */
  const asked = () => {
    download.pump();
    const bytes = drain();
    assert.equal(bytes.length % REQUEST_BYTES, 0);
    return Array.from(
      { length: bytes.length / REQUEST_BYTES },
      (_, at) => readUint32(bytes, at * REQUEST_BYTES + 13),
    );
  };
  return { download, asked };
}

/** As if it had answered so late several times. */
function answerIn(delayMs: number, window: RequestWindow): void {
  for (let turn = 0; turn < 20; turn++) {
    window.onAsked(turn, window.limitBytes, 0);
    window.onBytes(window.limitBytes);
    window.onAnswered(turn, delayMs);
  }
}

Deno.test("PeerDownload: a peer that is fast is asked for as much at a time as it takes", () => {
  const { download, asked } = setUp();
  download.setLimits({ maxRequests: 512, maxRequestBytes: 256 * KIB });
  answerIn(1, download.window);
  assert.deepEqual(asked(), new Array(8).fill(256 * KIB));
});

Deno.test("PeerDownload: a peer that is slow is asked for little at a time, so that none is large for it", () => {
  const { download, asked } = setUp();
  download.setLimits({ maxRequests: 512, maxRequestBytes: 256 * KIB });
  answerIn(5000, download.window);
  assert.deepEqual(asked(), new Array(4).fill(16 * KIB));
  assert.equal(download.outstanding.sizeBytes, MIN_WINDOW_BYTES);
});

Deno.test("PeerDownload: whoever says nothing of larger requests is asked for 16 KiB at a time", () => {
  const { download, asked } = setUp();
  download.setLimits({ maxRequests: 512, maxRequestBytes: 0 });
  assert.deepEqual(asked(), new Array(16).fill(16 * KIB));
});
