/** Which peers hear that we are interested in them (BEP 3), and that we have what they suggest (BEP 6). */

import assert from "node:assert/strict";
import { type Distance, isWithin } from "../../../../../base/locality.ts";
import { MessageId } from "../../../../../torrent/swarm/wire/messages.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { bareDownload, PIECES } from "./bare_download.ts";

/** A message without payload: its length in four bytes, its number. */
const message = (id: number) => [0, 0, 0, 1, id];
const INTERESTED = message(MessageId.interested);
const NOT_INTERESTED = message(MessageId.notInterested);

function setUp(reach: Distance) {
  const verified = new PieceSet(PIECES);
  const state = { reach };
  const { download, drain } = bareDownload({
    verified,
    isWithinReach: (distance) => isWithin(state.reach, distance),
  });
  return { download, verified, state, told: () => [...drain()] };
}

Deno.test("PeerDownload: who may not be fetched from is no peer that we are interested in", () => {
  const { download, state, told } = setUp("rack");
  download.onPieces("all");
  assert.deepEqual(told(), [], "it has not said yet that it is near");
  download.setPlace("site", { suggests: true });
  download.onHave(3);
  assert.deepEqual(told(), []);
  state.reach = "site";
  download.updateInterest();
  assert.deepEqual(told(), INTERESTED);
  state.reach = "rack";
  download.updateInterest();
  assert.deepEqual(told(), NOT_INTERESTED);
  download.setPlace("rack", { suggests: true });
  assert.deepEqual(told(), INTERESTED);
});

Deno.test("PeerDownload: a piece that others are to have first is of interest, or it would be dealt to nobody", () => {
  const { download, told } = setUp("site");
  download.onPieces("none");
  download.setPlace("site", { suggests: true });
  assert.deepEqual(told(), []);
  download.onHave(3);
  assert.deepEqual(told(), INTERESTED);
  assert.ok(!download.has.has(3), "it is not to be asked for yet");
});

Deno.test("PeerDownload: a piece that we have ourselves is known of a peer at once, and of no interest", () => {
  const { download, verified, told } = setUp("site");
  download.onPieces("none");
  download.setPlace("site", { suggests: true });
  verified.add(3);
  download.onHave(3);
  assert.deepEqual(told(), []);
  assert.ok(download.has.has(3));
});

Deno.test("PeerDownload: who suggests what we have already hears of it, as it did not when it had it before us", () => {
  const { download, verified, told } = setUp("site");
  download.onPieces("none");
  verified.add(3);
  download.onSuggest(3);
  assert.deepEqual(told(), [0, 0, 0, 5, MessageId.have, 0, 0, 0, 3]);
  download.onSuggest(4);
  assert.deepEqual(told(), [], "it hears of that one later");
  assert.ok(download.hints.settle(4));
  assert.ok(!download.hints.settle(3));
});

Deno.test("PeerDownload: whoever has not answered yet is not asked for what others are to have first, however long it waits", () => {
  let nowMs = 0;
  const { download } = bareDownload({ nowMs: () => nowMs });
  download.onPieces("none");
  download.setPlace("rack", { suggests: true });
  download.onUnchoke();
  download.onHave(3);
  download.onHave(4);
  download.onSuggest(3);
  download.pump();
  assert.ok(download.outstanding.count > 0);
  nowMs = 60_000;
  download.pump();
  assert.ok(
    !download.has.has(4),
    "it would be sent by a link that is full, to all who wait for it",
  );
  download.outstanding.takeWhere(() => true);
  download.pump();
  assert.ok(download.has.has(4));
});
