/**
 * .torrents of strangers: refused with a ReleaseError, or a release of which everything holds that the rest of the program
 * relies on, whatever was changed in it.
 */

import assert from "node:assert/strict";
import bencode from "bencode";
import { ReleaseError } from "../../../torrent/errors.ts";
import { CHUNK_MAP_KEY, readChunkMap } from "../../../torrent/release/chunk_map.ts";
import { readRelease } from "../../../torrent/release/metainfo.ts";
import { encodeMetainfo, withTrackers } from "../../../torrent/release/metainfo_writer.ts";
import type { Release } from "../../../torrent/release/release.ts";
import { type Dice, fuzzTest } from "./inputs.ts";

const file = import.meta.url;
const NAMES = ["a", "b", "ü", "..", ".", "", "a/b", "a\\b", "a\u0000", "x".repeat(255), "con"];

function anyTorrent(dice: Dice): Uint8Array {
  const files = Array.from({ length: dice.below(4) }, (_, index) => ({
    path: dice.chance(0.9) ? `${dice.pick(["a", "b/c", "d"])}${index}` : dice.pick(NAMES),
    sizeBytes: dice.chance(0.9) ? dice.below(40_000) : dice.uint32() * 2 ** dice.below(22),
    sha256: "ab".repeat(32),
    executable: dice.chance(0.2),
  }));
  const sizeBytes = files.reduce((sum, one) => sum + one.sizeBytes, 0);
  const pieces = Math.min(1000, Math.ceil(sizeBytes / 16_384));
  return encodeMetainfo({
    service: dice.chance(0.95) ? "web" : dice.pick(NAMES),
    version: dice.chance(0.95) ? "1.0" : dice.pick(NAMES),
    layout: dice.pick(["file", "folder"] as const),
    files,
    pieceLengthBytes: dice.chance(0.95) ? 16_384 : dice.uint32(),
    pieceHashes: new Uint8Array(20 * pieces),
    announce: dice.chance(0.9) ? ["http://a/announce"] : [dice.pick(NAMES)],
    createdBy: "fuzz",
  });
}

/** Something else in place of one of its values, at any depth. */
// deno-lint-ignore no-explicit-any -- it is changed by hand, and has no type any more
function change(dice: Dice, value: any): void {
  const keys = Object.keys(value);
  if (keys.length === 0 && Array.isArray(value)) return void value.push("x");
  const key = !Array.isArray(value) && (dice.chance(0.1) || keys.length === 0)
    ? dice.pick(["length", "files", "path", "attr", "more"])
    : dice.pick(keys);
  const inside = value[key];
  const isDeep = typeof inside === "object" && inside !== null && !(inside instanceof Uint8Array);
  if (isDeep && dice.chance(0.7)) return change(dice, inside);
  const others = [0, -1, dice.uint32(), [], {}, dice.bytes(dice.below(50)), "", "../x", [
    "..",
    "x",
  ]];
  if (dice.chance(0.2) && !Array.isArray(value)) delete value[key];
  else value[key] = dice.pick(others);
}

function assertSound(release: Release): void {
  let offsetBytes = 0;
  for (const one of release.files) {
    assert.equal(one.offsetBytes, offsetBytes);
    assert.ok(Number.isSafeInteger(one.sizeBytes) && one.sizeBytes >= 0);
    assert.match(one.sha256, /^[0-9a-f]{64}$/);
    for (const name of one.path.split("/")) {
      // deno-lint-ignore no-control-regex -- that is what is looked for
      assert.ok(!["", ".", ".."].includes(name) && !/[\\\u0000-\u001f]/.test(name), one.path);
    }
    offsetBytes += one.sizeBytes;
  }
  assert.equal(release.sizeBytes, offsetBytes);
  assert.equal(new Set(release.files.map(({ path }) => path)).size, release.files.length);
  assert.equal(release.pieceHashes.length, 20 * release.pieceCount);
  assert.equal(release.pieceCount, Math.ceil(offsetBytes / release.pieceLengthBytes));
  for (const name of [release.service, release.version]) {
    assert.match(name, /^[A-Za-z0-9][\w.+-]*$/);
  }
  for (const url of release.announce) assert.ok(URL.canParse(url));
  assert.match(release.infoHash, /^[0-9a-f]{40}$/);
}

fuzzTest("readRelease: whatever is changed in a .torrent, it is refused or sound", {
  file,
  ordinary: 8_000,
}, (dice) => {
  let bytes: Uint8Array = anyTorrent(dice);
  if (dice.chance(0.5)) {
    const decoded = bencode.decode(bytes);
    for (let times = dice.below(3); times >= 0; times--) change(dice, decoded);
    if (dice.chance(0.3)) {
      decoded[CHUNK_MAP_KEY] = { average: 8192, entries: dice.bytes(dice.below(40)), schema: 1 };
    }
    bytes = new Uint8Array(bencode.encode(decoded));
  }
  if (dice.chance(0.3)) bytes = dice.mutate(bytes);
  let release: Release;
  try {
    release = readRelease(bytes);
  } catch (error) {
    assert.ok(error instanceof ReleaseError && error.code === "invalid_metainfo");
    assert.ok(error.message.length < 3000, "it repeats no more than a little of what was there");
    return;
  }
  assertSound(release);
  readChunkMap(release);
  const trackers = ["http://x/announce"];
  const moved = readRelease(withTrackers(bytes, trackers), { expectInfoHash: release.infoHash });
  assert.deepEqual(moved.announce, trackers);
});
