/** A .torrent is written so that it can be read, and read only if nothing about it is wrong. */

import assert from "node:assert/strict";
import bencode from "bencode";
import { ReleaseError } from "../../../../torrent/errors.ts";
import { readRelease } from "../../../../torrent/release/metainfo.ts";
import {
  encodeMetainfo,
  type MetainfoParts,
  withTrackers,
} from "../../../../torrent/release/metainfo_writer.ts";
import { theirParse } from "../family.ts";

const sha256 = "ab".repeat(32);
const file = (path: string, sizeBytes = 10) => ({ path, sizeBytes, sha256, executable: false });

function parts(changes: Partial<MetainfoParts> = {}): MetainfoParts {
  return {
    service: "web",
    version: "1.0",
    layout: "folder",
    files: [file("a/b.txt"), file("ü.txt", 0), file("z", 5)],
    pieceLengthBytes: 16384,
    pieceHashes: new Uint8Array(20),
    announce: ["http://127.0.0.1:6969/announce"],
    createdBy: "test",
    ...changes,
  };
}

/** The .torrent with something changed by hand. */
// deno-lint-ignore no-explicit-any -- what the tests break has no type
function broken(change: (metainfo: any) => void): Uint8Array {
  const decoded = bencode.decode(encodeMetainfo(parts()));
  change(decoded);
  return bencode.encode(decoded);
}

function assertRefused(metainfo: Uint8Array, expected: RegExp): void {
  assert.throws(
    () => readRelease(metainfo),
    (error) => {
      assert.ok(error instanceof ReleaseError && error.code === "invalid_metainfo");
      assert.match(error.message, expected);
      return true;
    },
  );
}

Deno.test("readRelease: returns what encodeMetainfo was given", () => {
  const release = readRelease(encodeMetainfo(parts()));
  assert.deepEqual(
    release.files.map(({ path, sizeBytes, offsetBytes }) => [path, sizeBytes, offsetBytes]),
    [["a/b.txt", 10, 0], ["ü.txt", 0, 10], ["z", 5, 10]],
  );
  assert.deepEqual(release.announce, ["http://127.0.0.1:6969/announce"]);
  assert.deepEqual([release.service, release.version, release.sizeBytes], ["web", "1.0", 15]);
  assert.ok(release.files.every((one) => one.sha256 === sha256));
});

Deno.test("readRelease: agrees with parse-torrent about the info hash and the files", async () => {
  for (const layout of ["folder", "file"] as const) {
    const metainfo = encodeMetainfo(
      parts(layout === "file" ? { layout, files: [file("blob", 15)] } : {}),
    );
    const theirs = await theirParse(metainfo);
    const ours = readRelease(metainfo);
    assert.equal(theirs.infoHash, ours.infoHash);
    assert.equal(theirs.private, true);
    assert.equal(theirs.length, ours.sizeBytes);
    assert.equal(theirs.files.length, ours.files.length);
  }
});

Deno.test("encodeMetainfo: the manifest changes the info hash, trackers and creator do not", () => {
  const hash = (changes: Partial<MetainfoParts>) =>
    readRelease(encodeMetainfo(parts(changes))).infoHash;
  const original = hash({});
  assert.equal(hash({ announce: ["http://other/announce"], createdBy: "other" }), original);
  assert.notEqual(hash({ version: "1.1" }), original);
  assert.notEqual(hash({ service: "db" }), original);
  const files = parts().files.map((one) => ({ ...one, sha256: "cd".repeat(32) }));
  assert.notEqual(hash({ files }), original);
});

Deno.test("readRelease: an empty release has no files and no pieces", () => {
  const release = readRelease(encodeMetainfo(parts({ files: [], pieceHashes: new Uint8Array() })));
  assert.deepEqual([release.sizeBytes, release.pieceCount, release.files], [0, 0, []]);
});

Deno.test("readRelease: refuses paths that leave the root", () => {
  for (const path of ["../a", "/a", "a/../../b", "a//b", "./a", "a\\b", "a\u0000b"]) {
    assertRefused(encodeMetainfo(parts({ files: [file(path, 15)] })), /unsafe path/);
  }
  assertRefused(broken(({ info }) => info.files[0].path = ["a/../../b"]), /unsafe path/);
  assertRefused(encodeMetainfo(parts({ files: [file("x".repeat(256), 15)] })), /unsafe path/);
  assertRefused(
    encodeMetainfo(parts({ layout: "file", files: [file("..", 15)] })),
    /unsafe path/,
  );
});

Deno.test("readRelease: refuses paths that collide", () => {
  assertRefused(encodeMetainfo(parts({ files: [file("a"), file("a", 5)] })), /twice/);
  assertRefused(encodeMetainfo(parts({ files: [file("a"), file("a/b", 5)] })), /both a file/);
});

Deno.test("readRelease: refuses sizes and hashes that do not add up", () => {
  assertRefused(broken(({ info }) => info.files[0].length = 16385), /expected 2 piece hashes/);
  assertRefused(broken(({ info }) => info.files[0].length = -1), /length/);
  assertRefused(broken(({ info }) => info.pieces = new Uint8Array(19)), /piece hashes/);
  assertRefused(
    broken(({ info }) => info.rollcall.sha256 = new Uint8Array(64)),
    /expected 3 SHA-256/,
  );
  assertRefused(broken(({ info }) => info["piece length"] = 1000), /piece length/);
  assertRefused(broken(({ info }) => info.length = 15), /either a length or a list/);
});

Deno.test("readRelease: refuses what is not a private torrent with a manifest", () => {
  assertRefused(
    broken(({ info }) => delete info.rollcall),
    /not made by rollcall publish: it has no manifest/,
  );
  // Regression: of a torrent of another tool it was said that a number in it was not 1.
  const foreign = broken(({ info }) => {
    delete info.rollcall;
    delete info.private;
  });
  assertRefused(foreign, /not made by rollcall publish/);
  assertRefused(broken(({ info }) => delete info.private), /private/);
  assertRefused(broken(({ info }) => info.rollcall.version = "../1"), /version/);
  assertRefused(broken((metainfo) => delete metainfo.info), /info dictionary/);
  assertRefused(broken((metainfo) => metainfo["announce-list"] = [["not a url"]]), /tracker/);
});

Deno.test("readRelease: refuses bytes that are no canonical bencode, and ends", () => {
  assertRefused(new TextEncoder().encode("d4:infol-3:ee"), /canonical/);
  assertRefused(new Uint8Array([...encodeMetainfo(parts()), 0x65]), /canonical/);
  assertRefused(new Uint8Array(), /canonical/);
});

Deno.test("readRelease: another info hash than expected is refused before anything is decoded", () => {
  const metainfo = broken(({ info }) => delete info.rollcall);
  assert.throws(
    () => readRelease(metainfo, { expectInfoHash: "0".repeat(40) }),
    /expected info hash 0{40}, there was [0-9a-f]{40}/,
  );
  const { infoHash } = readRelease(encodeMetainfo(parts()));
  assert.equal(
    readRelease(encodeMetainfo(parts()), { expectInfoHash: infoHash }).infoHash,
    infoHash,
  );
});

Deno.test("readRelease: what a release does not have is stepped over, and what is too much of it is refused", () => {
  const more = broken((metainfo) => {
    metainfo.comment = Array(5000).fill("");
    metainfo.info.more = { deep: Array(5000).fill("") };
  });
  assert.equal(readRelease(more).files.length, 3);
  assertRefused(broken(({ info }) => info.files[0].path = Array(65).fill("a")), /at most 64 items/);
  assertRefused(broken(({ info }) => info.files = Array(200_001).fill({})), /info.files/);
  assertRefused(
    broken((metainfo) => metainfo["announce-list"] = Array(17).fill(["http://a/"])),
    /at most 16 items/,
  );
  const keys = Object.fromEntries(Array.from({ length: 1025 }, (_, key) => [`k${key}`, 0]));
  assertRefused(broken(({ info }) => info.rollcall = keys), /at most 1024 keys/);
  assertRefused(broken((metainfo) => Object.assign(metainfo, keys)), /canonical/);
});

Deno.test("withTrackers: changes the trackers and nothing else, not one byte of it", () => {
  const metainfo = encodeMetainfo(parts());
  const trackers = ["http://a/announce", "http://b/announce"];
  const moved = withTrackers(metainfo, trackers);
  assert.deepEqual(readRelease(moved).announce, trackers);
  assert.equal(readRelease(moved).infoHash, readRelease(metainfo).infoHash);
  assert.deepEqual(moved, encodeMetainfo(parts({ announce: trackers })));
  assert.deepEqual(withTrackers(moved, parts().announce), metainfo);
  assert.deepEqual(withTrackers(metainfo, []), encodeMetainfo(parts({ announce: [] })));
});
