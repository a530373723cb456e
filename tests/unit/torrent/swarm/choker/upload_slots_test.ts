/** Who holds an upload slot, and who follows. */

import assert from "node:assert/strict";
import { UploadSlots } from "../../../../../torrent/swarm/choker/upload_slots.ts";

/** Peers are names; the part before a dash is the address. */
function makeSlots<Peer extends string | number>(slots: number, throttled: readonly Peer[] = []) {
  return new UploadSlots<Peer>({
    slots,
    addressOf: (peer) => String(peer).split("-")[0] ?? "",
    isThrottled: (peer) => throttled.includes(peer),
  });
}

Deno.test("UploadSlots: everybody at once while there are slots", () => {
  const slots = makeSlots<string>(3);
  assert.deepEqual(slots.join("a"), [{ peer: "a", choked: false }]);
  assert.deepEqual(slots.join("a"), [], "once is enough");
  assert.deepEqual(slots.join("b"), [{ peer: "b", choked: false }]);
  assert.deepEqual(slots.onSent("a", 1e12), [], "nobody waits: it may go on");
});

Deno.test("UploadSlots: the one that waits longest follows when a holder leaves or has had its share", () => {
  const slots = makeSlots<string>(2);
  slots.join("a");
  slots.join("b");
  assert.deepEqual(slots.join("c"), []);
  assert.deepEqual(slots.join("d"), []);
  assert.deepEqual(slots.leave("a"), [
    { peer: "a", choked: true },
    { peer: "c", choked: false },
  ]);
  assert.deepEqual(slots.onSent("b", 1024), []);
  assert.deepEqual(slots.onSent("b", 64 * 1024 * 1024), [
    { peer: "b", choked: true },
    { peer: "d", choked: false },
  ]);
  assert.deepEqual(slots.leave("b"), [], "it only waited");
  assert.equal(slots.held, 2);
});

Deno.test("UploadSlots: with more peers than slots everybody gets its turn", () => {
  const slots = makeSlots<number>(4);
  const holds = new Set<number>();
  const had = new Map<number, number>();
  const apply = (changes: readonly { peer: number; choked: boolean }[]) => {
    for (const { peer, choked } of changes) {
      if (choked) holds.delete(peer);
      else holds.add(peer);
    }
    assert.ok(holds.size <= 4);
  };
  for (let peer = 0; peer < 10; peer++) apply(slots.join(peer));
  for (let round = 0; round < 2000; round++) {
    for (const peer of [...holds]) {
      had.set(peer, (had.get(peer) ?? 0) + 1);
      apply(slots.onSent(peer, 1024 * 1024));
    }
  }
  const counts = [...had.values()];
  assert.equal(counts.length, 10);
  assert.ok(Math.max(...counts) <= 2 * Math.min(...counts), `${counts}`);
});

Deno.test("UploadSlots: a holder that was sent nothing for five seconds makes room, the longest idle first", () => {
  const slots = makeSlots<string>(3, ["c"]);
  for (const peer of ["a", "b", "c"]) slots.join(peer);
  slots.onTick();
  slots.onSent("a", 1);
  for (let tick = 0; tick < 4; tick++) assert.deepEqual(slots.onTick(), [], "nobody waits");
  assert.deepEqual(slots.join("d"), [
    { peer: "b", choked: true },
    { peer: "d", choked: false },
  ]);
  assert.deepEqual(slots.onTick(), [
    { peer: "a", choked: true },
    { peer: "b", choked: false },
  ], "it waits in turn, and c waits for our own limits");
});

Deno.test("UploadSlots: a holder that takes little keeps its slot for half a minute while others wait", () => {
  const slots = makeSlots<string>(1);
  slots.join("drip");
  slots.join("other");
  let ticks = 0;
  for (let changes = slots.onTick(); changes.length === 0; changes = slots.onTick()) {
    slots.onSent("drip", 1);
    ticks++;
  }
  assert.equal(ticks, 29);
  assert.equal(slots.held, 1);
});

Deno.test("UploadSlots: neither one address nor a dozen keep the others out, not for a second", () => {
  // Regression: of a dozen addresses none had more than a quarter, and by a block now and then all kept their slots for half
  // a minute.
  for (const addresses of [1, 12]) {
    const slots = makeSlots<string>(64);
    for (let at = 0; at < 144; at++) slots.join(`mallory${at % addresses}-${at}`);
    const isGranted = (peer: string) =>
      slots.join(peer).some((change) => change.peer === peer && !change.choked);
    const granted = Array.from({ length: 52 }, (_, at) => isGranted(`host${at}`));
    assert.equal(granted.filter(Boolean).length, 52);
    assert.equal(slots.held, 64);
    for (let tick = 0; tick < 4; tick++) {
      for (let at = 0; at < 52; at++) slots.onSent(`host${at}`, 1);
      assert.deepEqual(slots.onTick(), [], "they keep them");
    }
  }
});

Deno.test("UploadSlots: peers of one address alone use all slots", () => {
  const slots = makeSlots<string>(64);
  for (let at = 0; at < 100; at++) slots.join(`machine-${at}`);
  assert.equal(slots.held, 64);
});
