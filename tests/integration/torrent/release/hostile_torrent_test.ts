/** A .torrent of a stranger takes memory in proportion to its size, whatever is in it. */

import assert from "node:assert/strict";
import type { BombPlace, BombReport } from "./hostile_torrent_process.ts";

const SIZE_BYTES = 8 * 1024 * 1024;
/** The text of the bomb, its bytes and their copies are four of these. What was decoded took 150. */
const MAX_TIMES = 12;

async function read(place: BombPlace): Promise<BombReport> {
  const script = new URL("./hostile_torrent_process.ts", import.meta.url).pathname;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, place, String(SIZE_BYTES)],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  return JSON.parse(new TextDecoder().decode(stdout));
}

for (
  const [place, refusal] of [
    ["beside", null],
    ["in info", null],
    ["in chunks", null],
    ["in files", /info.files/],
    ["in a path", /at most 64 items/],
    ["in trackers", /expected a list|at most 16/],
  ] as const
) {
  Deno.test(`readRelease: 8 MiB of empty strings ${place} take a small multiple of that in memory`, async () => {
    const { grownBytes, refused } = await read(place);
    assert.ok(grownBytes < MAX_TIMES * SIZE_BYTES, `${grownBytes / SIZE_BYTES} times its size`);
    if (refusal === null) assert.equal(refused, null);
    else assert.match(refused ?? "", refusal);
  });
}
