/** How large pieces are. */

import assert from "node:assert/strict";
import { choosePieceLength } from "../../../../torrent/release/piece_length.ts";

Deno.test("choosePieceLength: a power of two within its limits that keeps the pieces few", () => {
  const GIB = 1024 ** 3;
  assert.equal(choosePieceLength(0), 64 * 1024);
  assert.equal(choosePieceLength(GIB), 1024 * 1024);
  assert.equal(choosePieceLength(200 * GIB), 16 * 1024 * 1024);
});
