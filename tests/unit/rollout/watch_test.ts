/** Tests of what is watched after a switch. */

import assert from "node:assert/strict";
import {
  isWatched,
  type Offer,
  type ReleaseIdentity,
  SCHEMA_VERSION,
  toCensus,
  transactions,
} from "../../../rollout/mod.ts";
import { releaseOf } from "./memory_tree.ts";
import { view } from "./views.ts";

/** Whether the host watches what it runs, while that is on offer in place of what was committed. */
function watches(
  running: ReleaseIdentity,
  { offered, committed }: { readonly offered: ReleaseIdentity; readonly committed: string },
): boolean {
  const offer = {
    ...releaseOf(offered.version ?? ""),
    ...(typeof offered.restart === "string" ? { restart: offered.restart } : {}),
    schema: SCHEMA_VERSION,
    rollout: "r1",
    replaces: transactions.identityOf(releaseOf(committed)),
  } as Offer;
  const queue = [{ node: "A-0000000001", service: "A" }];
  return isWatched({ queue, offer, census: toCensus(view(), "web-1") }, running, 15_000);
}

Deno.test("isWatched: the version that is being rolled out, and not the one that it replaces", () => {
  const rollout = { offered: { version: "2" }, committed: "1" };
  assert.equal(watches({ version: "2", infoHash: null, restart: null }, rollout), true);
  assert.equal(watches({ version: "1", infoHash: null, restart: null }, rollout), false);
});

Deno.test("isWatched: the processes that a restart has started, and not those from before it", () => {
  const restart = { offered: { version: "1", restart: "r1" }, committed: "1" };
  assert.equal(watches({ version: "1", infoHash: null, restart: "r1" }, restart), true);
  assert.equal(watches({ version: "1", infoHash: null, restart: null }, restart), false);
});
