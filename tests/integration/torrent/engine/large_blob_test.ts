/**
 * A release of 100 GiB: its picker, journal and resume in a process of its own, whose memory is
 * measured. The blob is sparse, and the fetch begins with all but a part of it verified: reading and
 * hashing all of it would take minutes and show nothing more.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { silentLog } from "../../../../base/log.ts";
import { createSwarmEngine, readRelease } from "../../../../torrent/mod.ts";
import { encodeMetainfo } from "../../../../torrent/release/metainfo_writer.ts";
import { PieceSet } from "../../../../torrent/content/piece_set.ts";
import { currentBoot, ResumeJournal } from "../../../../torrent/content/resume_journal.ts";
import { locality, startFixedTracker } from "../fault_world.ts";
import { PeerProcess, temporaryDirectory } from "../peer_harness.ts";

const GIB = 1024 ** 3;
const PIECE_BYTES = 16 * 1024 ** 2;
const PIECES = 100 * GIB / PIECE_BYTES;
const MISSING = 40;
const MAX_RESIDENT_BYTES = 300e6;

Deno.test("swarm: 100 GiB are resumed and finished with less than 300 MB of memory", async () => {
  await using directory = await temporaryDirectory();
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const hash = createHash("sha1").update(new Uint8Array(PIECE_BYTES)).digest();
  const pieceHashes = new Uint8Array(PIECES * 20);
  for (let index = 0; index < PIECES; index++) pieceHashes.set(hash, index * 20);
  const metainfo = encodeMetainfo({
    service: "web",
    version: "1",
    layout: "file",
    files: [{
      path: "blob",
      sizeBytes: 100 * GIB,
      // Not looked at here: it would have to be computed from all of it.
      sha256: "ab".repeat(32),
      executable: false,
    }],
    pieceLengthBytes: PIECE_BYTES,
    pieceHashes,
    announce: [tracker.announceUrl],
    createdBy: "test",
  });
  const torrentPath = `${directory.path}/web.torrent`;
  await Deno.writeFile(torrentPath, metainfo);
  const source = `${directory.path}/source`;
  const target = `${directory.path}/target`;
  for (const root of [source, target]) {
    await Deno.mkdir(root);
    await Deno.writeFile(`${root}/blob`, new Uint8Array());
    await Deno.truncate(`${root}/blob`, 100 * GIB);
  }
  const verified = PieceSet.full(PIECES);
  for (let count = 0; count < MISSING; count++) verified.delete((count * 157 + 3) % PIECES);
  const release = readRelease(metainfo);
  new ResumeJournal(`${target}.resume`, { release, verified, boot: currentBoot() }).close();

  const seeder = await createSwarmEngine({
    locality: locality("seeder"),
    hostname: "127.0.0.1",
    log: silentLog,
  });
  try {
    await seeder.seed({ metainfo, root: source }).done;
    ports.push(seeder.port);
    await using peer = new PeerProcess({
      engine: "swarm",
      kind: "fetch",
      torrentPath,
      root: target,
      locality: locality("fetcher"),
      skipVerification: true,
    });
    const { verifiedBytes, received } = await peer.done();
    assert.equal(verifiedBytes, 100 * GIB);
    assert.ok(received.rackBytes >= MISSING * PIECE_BYTES);
    assert.ok(received.rackBytes <= (MISSING + 2) * PIECE_BYTES, `${received.rackBytes}`);
    const residentBytes = peer.mostResidentBytes();
    assert.ok(residentBytes < MAX_RESIDENT_BYTES, `${Math.round(residentBytes / 1e6)} MB`);
    assert.ok(residentBytes > 30e6, "it was measured");
  } finally {
    await seeder.close();
  }
});
