import assert from "node:assert/strict";
import { describePause } from "../../../../actors/fetcher/transfers.ts";
import type { Transfer, TransferPause } from "../../../../torrent/mod.ts";

function transferWith(paused?: TransferPause): Transfer {
  return { progress: () => (paused === undefined ? {} : { paused }) } as unknown as Transfer;
}

Deno.test("describePause: says why a transfer stands still, and nothing of one that does not", () => {
  assert.equal(describePause(undefined), null);
  assert.equal(describePause(transferWith().progress()), null);
  assert.equal(
    describePause(
      transferWith({ reason: "disk_full", message: "no room for /data (ENOSPC)" }).progress(),
    ),
    "disk full, goes on by itself when there is room: no room for /data (ENOSPC)",
  );
});
