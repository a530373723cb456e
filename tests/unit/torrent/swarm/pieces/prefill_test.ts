/** Blocks that were on disk: not asked for, nobody's fault, and forgotten when they were wrong. */

import assert from "node:assert/strict";
import { PresentBlocks, presentBlocksPath } from "../../../../../torrent/content/present_blocks.ts";
import { readRelease } from "../../../../../torrent/release/metainfo.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import { PartialPiece } from "../../../../../torrent/swarm/pieces/partial_piece.ts";
import { findGuilty, prefill } from "../../../../../torrent/swarm/pieces/prefill.ts";
import { TransferFiles } from "../../../../../torrent/content/transfer_files.ts";
import { noise, release as publish } from "../../delta/content.ts";

const BLOCK = 16 * 1024;

async function withFiles(
  test: (files: TransferFiles, content: Uint8Array) => Promise<void> | void,
  options: { resume?: "journal" | "rehash" } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const content = noise(5 * BLOCK + 9, 1);
  const { metainfo } = await publish(`${folder}/published`, { blob: content }, {
    version: "1",
    pieceLengthBytes: 4 * BLOCK,
  });
  const release = readRelease(metainfo);
  const files = new TransferFiles(release, `${folder}/incoming`, {});
  try {
    const journalPath = `${folder}/journal`;
    // Blocks 1 and 2 of the first piece, and the short last one of the second.
    const ranges = [
      { startBytes: BLOCK - 5, sizeBytes: 2 * BLOCK + 6 },
      { startBytes: 5 * BLOCK, sizeBytes: 9 },
    ];
    new PresentBlocks(release, ranges).write(presentBlocksPath(journalPath), new PieceSet(2));
    const { signal } = new AbortController();
    await files.resume({ kind: "fetch", journalPath, resume: options.resume ?? "journal" }, signal);
    files.store.write(0, content);
    await test(files, content);
  } finally {
    files.close({ atRest: false });
    await Deno.remove(folder, { recursive: true });
  }
}

function open(files: TransferFiles, index: number) {
  const piece = new PartialPiece<string>(index, index === 0 ? 4 * BLOCK : BLOCK + 9);
  prefill(piece, { files, bufferOf: () => piece.buffer ??= new Uint8Array(4 * BLOCK) });
  return piece;
}

Deno.test("prefill: what is on disk is in the buffer, and only the rest is asked for", async () => {
  await withFiles((files, content) => {
    const first = open(files, 0);
    assert.ok(first.isPrefilled && first.hasFree && !first.isComplete && !first.isUntouched);
    assert.deepEqual(
      first.buffer?.subarray(BLOCK, 3 * BLOCK),
      content.subarray(BLOCK, 3 * BLOCK),
    );
    const asked = [first.takeFree(9 * BLOCK), first.takeFree(9 * BLOCK), first.takeFree(BLOCK)];
    assert.deepEqual(asked, [
      { begin: 0, sizeBytes: BLOCK },
      { begin: 3 * BLOCK, sizeBytes: BLOCK },
      undefined,
    ]);
    for (const range of asked.slice(0, 2)) {
      assert.ok(first.startReceiving(range!));
      first.arrive(range!, "peer");
    }
    assert.ok(first.isComplete);
    assert.deepEqual([...first.senders], ["peer"]);
    const second = open(files, 1);
    assert.deepEqual(second.takeFree(9 * BLOCK), { begin: 0, sizeBytes: BLOCK });
    assert.equal(second.hasFree, false);
  });
});

Deno.test("prefill: a mismatch is nobody's fault, and the piece is asked for in full from then on", async () => {
  await withFiles((files) => {
    const smartBan = new SmartBan<string>();
    const piece = open(files, 0);
    for (const begin of [0, 3 * BLOCK]) {
      const range = { begin, sizeBytes: BLOCK };
      piece.takeFree(BLOCK);
      piece.startReceiving(range);
      piece.arrive(range, "peer");
    }
    assert.deepEqual(findGuilty(piece, { files, smartBan }), []);
    assert.equal(smartBan.isSuspect(0), false);
    const again = open(files, 0);
    assert.ok(again.isUntouched && !again.isPrefilled);
    again.startReceiving({ begin: 0, sizeBytes: 4 * BLOCK });
    again.arrive({ begin: 0, sizeBytes: 4 * BLOCK }, "peer");
    assert.deepEqual(findGuilty(again, { files, smartBan }), ["peer"]);
  });
});

Deno.test("prefill: nothing is taken from files that cannot be read, or are not believed", async () => {
  await withFiles(async (files) => {
    files.store.close();
    await Deno.truncate(`${files.store.root}/blob`, BLOCK);
    const piece = open(files, 0);
    assert.ok(piece.isUntouched && !piece.isPrefilled);
  });
  await withFiles((files) => assert.ok(open(files, 0).isUntouched), { resume: "rehash" });
});
