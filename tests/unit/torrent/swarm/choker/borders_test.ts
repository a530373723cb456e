/** What a gateway owes to its rack and an origin to its site, and to whom an origin suggests what. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Distance, Locality } from "../../../../../base/locality.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { type LocalDemand, LocalFirst } from "../../../../../torrent/swarm/choker/local_first.ts";
import { SuperSeeding } from "../../../../../torrent/swarm/suggest/super_seeding.ts";
import {
  ReceivedSuggestions,
  Suggestions,
} from "../../../../../torrent/swarm/suggest/suggestions.ts";
import { Choker } from "../../../../../torrent/swarm/choker/choker.ts";

const MIB = 1024 * 1024;

/** A gateway whose rack is 10 MiB behind at 1 MiB/s, and takes all that the link gives. */
const BEHIND: LocalDemand = {
  isSource: true,
  hasTakers: true,
  owedBytes: 10 * MIB,
  pieceBytes: 64 * 1024,
  downloadBytesPerSecond: MIB,
  sentHomeBytes: MIB,
  sentBytes: MIB,
  seconds: 1,
};

Deno.test("LocalFirst: a gateway whose rack is behind sends to it alone, until it has caught up", () => {
  const duty = new LocalFirst();
  assert.equal(duty.onTick({ ...BEHIND, owedBytes: 0.4 * MIB }), false, "that is on its way");
  assert.equal(duty.onTick(BEHIND), true);
  assert.equal(duty.onTick({ ...BEHIND, owedBytes: 0.4 * MIB }), true, "not at the first sign");
  assert.equal(duty.onTick({ ...BEHIND, owedBytes: 0.2 * MIB }), false);
});

Deno.test("LocalFirst: who is no gateway, or has nobody who wants anything, owes nothing", () => {
  assert.equal(new LocalFirst().onTick({ ...BEHIND, isSource: false }), false);
  assert.equal(new LocalFirst().onTick({ ...BEHIND, hasTakers: false }), false);
});

Deno.test("LocalFirst: a few pieces are no debt, however slow we are", () => {
  const slow = { ...BEHIND, downloadBytesPerSecond: 10, owedBytes: 4 * 64 * 1024 };
  assert.equal(new LocalFirst().onTick(slow), false);
  assert.equal(new LocalFirst().onTick({ ...slow, owedBytes: slow.owedBytes + 1 }), true);
});

Deno.test("LocalFirst: a rack that does not take what it could have keeps nobody waiting for long", () => {
  const duty = new LocalFirst();
  duty.onTick(BEHIND);
  const idle = { ...BEHIND, sentHomeBytes: 0.05 * MIB, sentBytes: 0.05 * MIB };
  const owing = Array.from({ length: 60 }, () => duty.onTick(idle));
  const first = owing.indexOf(false);
  assert.ok(first >= 3 && first <= 6, `${first}`);
  assert.ok(owing.indexOf(true, first) > first + 20, "it gets another chance later");
  assert.ok(owing.lastIndexOf(true) > first, "but it does get one");
});

Deno.test("LocalFirst: one second in twenty is everybody's, or what the link can do would never show", () => {
  const duty = new LocalFirst();
  // One slow host takes all that it can, which is a hundredth of what the link could carry.
  const slow = { ...BEHIND, sentHomeBytes: 0.01 * MIB, sentBytes: 0.01 * MIB };
  const owing = Array.from({ length: 19 }, () => duty.onTick(slow));
  assert.ok(owing.every((one) => one), "nothing shows that it is slow");
  assert.equal(duty.onTick(slow), false);
  assert.equal(duty.onTick({ ...slow, sentBytes: MIB }), true, "now it has shown");
  const later = Array.from({ length: 20 }, () => duty.onTick(slow));
  assert.ok(later.indexOf(false) <= 5, "the others need not wait for it");
  assert.ok(later.slice(6).every((one) => !one), "and are left alone for a while");
});

function makeTaker(distance: Distance, isInterested = true) {
  const locality = { host: "web", site: "north", rack: "a" } as Locality | undefined;
  return { distance, isInterested, locality, isChoked: true };
}

Deno.test("Choker: outsiders are choked while the rack is behind, and let in again", () => {
  type Taker = ReturnType<typeof makeTaker>;
  const admission = new Choker<Taker>(
    "rack",
    ({ taker, choked }) => taker.isChoked = choked,
  );
  const takers = [makeTaker("rack"), makeTaker("site"), makeTaker("remote")] as const;
  const [mate, neighbour, stranger] = takers;
  const chokes = () => takers.map(({ isChoked }) => isChoked);
  for (const taker of takers) admission.update(taker);
  assert.deepEqual(chokes(), [false, false, false]);
  admission.onSent(mate, MIB);
  admission.onTick(BEHIND, takers);
  assert.deepEqual(chokes(), [false, true, true]);
  // Whoever comes meanwhile, or says only now that it is of the rack, is treated alike.
  admission.update(neighbour);
  stranger.distance = "rack";
  admission.update(stranger);
  assert.deepEqual(chokes(), [false, true, false]);
  admission.onTick({ ...BEHIND, owedBytes: 0 }, takers);
  assert.deepEqual(chokes(), [false, false, false]);
  mate.isInterested = false;
  admission.update(mate);
  assert.deepEqual(chokes(), [true, false, false]);
});

Deno.test("Choker: an origin sends to its site first, and lets nobody wait who does not say where it stands", () => {
  type Taker = ReturnType<typeof makeTaker>;
  const admission = new Choker<Taker>(
    "site",
    ({ taker, choked }) => taker.isChoked = choked,
  );
  const stranger = { ...makeTaker("remote"), locality: undefined };
  const takers = [makeTaker("rack"), makeTaker("site"), makeTaker("remote"), stranger] as const;
  const chokes = () => takers.map(({ isChoked }) => isChoked);
  for (const taker of takers) admission.update(taker);
  admission.onSent(takers[1], MIB);
  admission.onTick(BEHIND, takers);
  assert.deepEqual(chokes(), [false, false, true, false]);
  admission.onTick({ ...BEHIND, owedBytes: 0 }, takers);
  assert.deepEqual(chokes(), [false, false, false, false]);
});

Deno.test("Choker: nobody outside waits for a rack that wants nothing", () => {
  const choked: boolean[] = [];
  const admission = new Choker<ReturnType<typeof makeTaker>>("rack", (change) => {
    choked.push(change.choked);
  });
  const takers = [makeTaker("rack", false), makeTaker("site")];
  for (const taker of takers) admission.update(taker);
  admission.onTick(BEHIND, takers);
  assert.deepEqual(choked, [false]);
});

Deno.test("Suggestions: each piece is dealt to one peer, and none that a peer has", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 5 }),
    fc.float({ min: 0, max: Math.fround(0.99), noNaN: true }),
    fc.array(fc.nat(200), { maxLength: 50 }),
    (pieceCount, peerCount, chance, held) => {
      const has = new PieceSet(pieceCount);
      for (const piece of held) if (piece < pieceCount) has.add(piece);
      const deal = new SuperSeeding({ pieceCount, random: () => chance, peers: () => [{ has }] });
      const dealt: number[] = [];
      const peers = Array.from({ length: peerCount }, () => {
        const open: number[] = [];
        const suggest = (piece: number) => {
          open.push(piece);
          dealt.push(piece);
        };
        const next = () => deal.next({ upload: { isChoked: false } });
        return { open, suggestions: new Suggestions({ next, pieceBytes: 64 * 1024, suggest }) };
      });
      for (const { suggestions } of peers) suggestions.fill();
      for (let turn = 0; turn < pieceCount * peerCount; turn++) {
        const peer = peers[turn % peerCount]!;
        const piece = peer.open.shift();
        if (piece !== undefined) peer.suggestions.onTaken(piece);
        assert.ok(peer.open.length <= 16, "nobody is dealt more than it asks for");
      }
      assert.equal(deal.next({ upload: { isChoked: true } }), undefined);
      const expected = Array.from({ length: pieceCount }, (_, piece) => piece)
        .filter((piece) => !has.has(piece));
      assert.deepEqual(dealt.toSorted((a, b) => a - b), expected);
    },
  ));
});

Deno.test("Hints: taken in order, and bounded whatever a peer suggests", () => {
  const hints = new ReceivedSuggestions();
  for (let piece = 0; piece < 1000; piece++) hints.add(piece);
  const taken: number[] = [];
  for (let piece = hints.take(); piece !== undefined; piece = hints.take()) taken.push(piece);
  assert.ok(taken.length < 100);
  assert.deepEqual(
    taken,
    Array.from({ length: taken.length }, (_, at) => 1000 - taken.length + at),
  );
});

Deno.test("Hints: each is waited for until it is settled, once, and no more than are kept", () => {
  const hints = new ReceivedSuggestions();
  hints.add(7);
  hints.add(7);
  hints.take();
  assert.equal(hints.settle(8), false);
  assert.equal(hints.settle(7), true, "taking it is not yet asking for it");
  assert.equal(hints.settle(7), false);
  for (let piece = 0; piece < 1000; piece++) hints.add(piece);
  const settled = Array.from({ length: 1000 }, (_, piece) => hints.settle(piece));
  assert.ok(settled[999] && !settled[0] && settled.filter(Boolean).length < 100);
});
