/** Feeds and trackers' replies of strangers: refused with an error of their kind, or within the bounds of their readers. */

import assert from "node:assert/strict";
import bencode from "bencode";
import { parseReply } from "../../../torrent/announce/announce_request.ts";
import { FeedError } from "../../../torrent/errors.ts";
import { parseFeed } from "../../../torrent/feed/feed_client.ts";
import { renderFeed } from "../../../torrent/feed/feed_format.ts";
import { type Dice, fuzzTest } from "./inputs.ts";

const file = import.meta.url;
const FEED = renderFeed(
  [1, 2].map((version) => ({
    service: "web",
    version: String(version),
    infoHash: String(version).repeat(40),
    sizeBytes: 10,
    trackers: ["http://a/announce"],
    publishedAt: "2026-01-01T00:00:00.000Z",
    torrentBytes: 7,
  })),
  { baseUrl: "http://build:80", origin: { site: "s", rack: "r" }, peers: ["build:6881"] },
);
/** Anew each time, since they are changed too. */
const odd =
  () => [null, 0, -1, 1e300, "", "x", "\u0000", "../..", [], {}, true, "file:///etc/passwd"];

/** Something else in place of one value, at any depth. */
// deno-lint-ignore no-explicit-any -- it is changed by hand, and has no type any more
function change(dice: Dice, value: any): void {
  const keys = Object.keys(value);
  const key = keys.length === 0 ? "x" : dice.pick(keys);
  const inside = value[key];
  if (typeof inside === "object" && inside !== null && dice.chance(0.8)) {
    return change(dice, inside);
  }
  value[key] = dice.pick<unknown>(odd());
}

fuzzTest("parseFeed: a feed with anything changed is refused, or names only what may be named", {
  file,
  ordinary: 5_000,
}, (dice) => {
  const document = JSON.parse(FEED);
  for (let times = dice.below(3); times > 0; times--) change(dice, document);
  let bytes = new TextEncoder().encode(JSON.stringify(document));
  if (dice.chance(0.3)) bytes = new Uint8Array(dice.mutate(bytes));
  try {
    for (const release of parseFeed(bytes, "http://build/feed.json")) {
      assert.match(release.torrentUrl, /^https?:/);
      assert.match(release.infoHash, /^[0-9a-f]{40}$/);
      assert.match(release.version, /^[A-Za-z0-9][A-Za-z0-9._+-]*$/);
      for (const peer of release.peers ?? []) assert.match(peer, /^\S+:\d+$/);
    }
  } catch (error) {
    assert.ok(error instanceof FeedError && error.code === "invalid_answer", String(error));
  }
});

fuzzTest("parseReply: a tracker's reply is refused, or within bounds", {
  file,
  ordinary: 10_000,
}, (dice) => {
  const value: Record<string, unknown> = {
    interval: dice.chance(0.9) ? dice.below(100) : dice.uint32(),
    "min interval": dice.below(100),
    peers: dice.bytes(6 * dice.below(10) + (dice.chance(0.1) ? dice.below(6) : 0)),
    peers6: dice.bytes(18 * dice.below(3)),
    reach: dice.pick(["rack", "site", "everywhere", "constructor", "__proto__", ""]),
  };
  if (dice.chance(0.1)) value["failure reason"] = dice.bytes(dice.below(20));
  if (dice.chance(0.3)) change(dice, value);
  const encoded = Object.values(value).some((one) => one === null || one === true)
    ? dice.bytes(20)
    : bencode.encode(value);
  const bytes = dice.chance(0.4) ? dice.mutate(encoded) : encoded;
  let reply;
  try {
    reply = parseReply(bytes);
  } catch (error) {
    assert.ok(
      error instanceof Error && !(error instanceof TypeError || error instanceof RangeError),
    );
    return;
  }
  const { intervalMs, minIntervalMs, peers, reach } = reply;
  assert.ok(intervalMs >= 1000 && intervalMs <= 3_600_000 && minIntervalMs <= intervalMs);
  for (const peer of peers) assert.match(peer, /^([\d.]+|\[[0-9a-f:]+\]):[1-9]\d*$/);
  assert.ok([undefined, "rack", "site", "everywhere"].includes(reach));
});
