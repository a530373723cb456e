import assert from "node:assert/strict";
import { Inbox } from "../../../../torrent/mod.ts";
import { temporaryDirectory } from "../peer_harness.ts";

const infoHash = "0".repeat(40);
const release = { infoHash, metainfo: new Uint8Array([1]), root: "/nowhere" };

Deno.test("Inbox: whoever asks while a release is refused is never told that it was taken", async () => {
  await using directory = await temporaryDirectory();
  const inbox = new Inbox(directory.path);
  await inbox.open();
  // The order of the two is the machine's: each round may find another one.
  for (let round = 0; round < 300; round++) {
    await inbox.submit(release);
    const settling = inbox.settle(infoHash, "no");
    let outcome = await inbox.outcome(infoHash);
    while (outcome === "waiting") outcome = await inbox.outcome(infoHash);
    assert.deepEqual(outcome, { refused: "no" });
    await settling;
  }
});

Deno.test("Inbox: a release waits until it is settled, and is taken once it is", async () => {
  await using directory = await temporaryDirectory();
  const inbox = new Inbox(directory.path);
  await inbox.open();
  await inbox.submit(release);
  assert.equal(await inbox.outcome(infoHash), "waiting");
  assert.deepEqual(await inbox.waiting(), [{ infoHash, metainfo: release.metainfo }]);
  assert.equal(await inbox.rootOf(infoHash), "/nowhere");
  await inbox.settle(infoHash, null);
  assert.equal(await inbox.outcome(infoHash), "taken");
  assert.deepEqual(await inbox.waiting(), []);
});
