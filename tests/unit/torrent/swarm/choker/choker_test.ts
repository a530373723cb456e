/** Who is choked while local peers are behind. */

import assert from "node:assert/strict";
import type { Distance, Locality } from "../../../../../base/locality.ts";
import { Choker } from "../../../../../torrent/swarm/choker/choker.ts";
import type { LocalDemand } from "../../../../../torrent/swarm/choker/local_first.ts";

const MIB = 1024 * 1024;

/** A gateway whose rack is 10 MiB behind at 1 MiB/s, and takes all that the link gives. */
const BEHIND: LocalDemand = {
  isSource: true,
  hasLocalDownloaders: true,
  missingLocallyBytes: 10 * MIB,
  pieceBytes: 64 * 1024,
  downloadBytesPerSecond: MIB,
  sentLocallyBytes: MIB,
  sentBytes: MIB,
  seconds: 1,
};

let nextAddress = 1;

/** An interested peer that notes whether it is choked, at an address of its own. */
function makePeer(distance: Distance, isInterested = true) {
  const locality = { host: "web", site: "north", rack: "a" } as Locality | undefined;
  const address = { ipAddress: `10.0.0.${nextAddress++}`, isThrottled: false };
  return { distance, isInterested, locality, isChoked: true, setChoked, ...address };
}

function setChoked(this: { isChoked: boolean }, choked: boolean): void {
  this.isChoked = choked;
}

type TestPeer = ReturnType<typeof makePeer>;

Deno.test("Choker: outsiders are choked while the rack is behind, and let in again", () => {
  const choker = new Choker<TestPeer>("rack");
  const peers = [makePeer("rack"), makePeer("site"), makePeer("remote")] as const;
  const [mate, neighbour, stranger] = peers;
  const chokes = () => peers.map(({ isChoked }) => isChoked);
  for (const peer of peers) choker.update(peer);
  assert.deepEqual(chokes(), [false, false, false]);
  choker.onSent(mate, MIB);
  choker.onTick(BEHIND, peers);
  assert.deepEqual(chokes(), [false, true, true]);
  // Whoever comes meanwhile, or says only now that it is of the rack, is treated alike.
  choker.update(neighbour);
  stranger.distance = "rack";
  choker.update(stranger);
  assert.deepEqual(chokes(), [false, true, false]);
  choker.onTick({ ...BEHIND, missingLocallyBytes: 0 }, peers);
  assert.deepEqual(chokes(), [false, false, false]);
  mate.isInterested = false;
  choker.update(mate);
  assert.deepEqual(chokes(), [true, false, false]);
});

Deno.test("Choker: a seed serves its site first, and lets nobody wait who does not say where it is", () => {
  const choker = new Choker<TestPeer>("site");
  const stranger = { ...makePeer("remote"), locality: undefined };
  const peers = [makePeer("rack"), makePeer("site"), makePeer("remote"), stranger] as const;
  const chokes = () => peers.map(({ isChoked }) => isChoked);
  for (const peer of peers) choker.update(peer);
  choker.onSent(peers[1], MIB);
  choker.onTick(BEHIND, peers);
  assert.deepEqual(chokes(), [false, false, true, false]);
  choker.onTick({ ...BEHIND, missingLocallyBytes: 0 }, peers);
  assert.deepEqual(chokes(), [false, false, false, false]);
});

Deno.test("Choker: nobody outside waits for a rack that wants nothing", () => {
  const choked: boolean[] = [];
  const note = (change: boolean) => void choked.push(change);
  const choker = new Choker<TestPeer>("rack");
  const peers = [makePeer("rack", false), makePeer("site")].map((peer) => ({
    ...peer,
    setChoked: note,
  }));
  for (const peer of peers) choker.update(peer);
  choker.onTick(BEHIND, peers);
  assert.deepEqual(choked, [false]);
});

Deno.test("Choker: a holder that asks for nothing makes room within seconds, one that waits for our limits does not", () => {
  const choker = new Choker<TestPeer>("rack");
  const holders = Array.from({ length: 64 }, () => makePeer("rack"));
  for (const peer of holders) choker.update(peer);
  const [asking, throttled] = holders;
  const late = makePeer("rack");
  choker.update(late);
  assert.ok(late.isChoked);
  throttled!.isThrottled = true;
  for (let tick = 0; tick < 5; tick++) {
    assert.ok(late.isChoked, `${tick}`);
    choker.onSent(asking!, 1024);
    choker.onTick({ ...BEHIND, isSource: false }, [...holders, late]);
  }
  assert.equal(late.isChoked, false);
  assert.deepEqual(holders.filter(({ isChoked }) => isChoked), [holders[2]]);
});
