/** What may come from outside of the rack while the import is striped. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { distanceBetween } from "../../../../../base/locality.ts";
import { STRIPE_COUNT, type StripeDuty } from "../../../../../base/stripes.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";

const PIECES = 8 * STRIPE_COUNT;
const DUTY: StripeDuty = { rack: [2, 5], site: [5], sparesSeeds: true };

function setUp(duty: StripeDuty | undefined = DUTY, pieceCount = PIECES) {
  const picker = new PiecePicker({ pieceCount, random: () => 0.3, have: new PieceSet(pieceCount) });
  picker.setDuty(duty);
  const add = (distance: "rack" | "site" | "remote", pieces: Iterable<number> | "all") => {
    const has = pieces === "all" ? PieceSet.full(pieceCount) : new PieceSet(pieceCount);
    if (pieces !== "all") { for (const piece of pieces) has.add(piece); }
    picker.addPeer(has, distance);
    return has;
  };
  /** Everything that is picked for a peer until there is nothing left. */
  const pickAll = (has: PieceSet, distance: "rack" | "site" | "remote") => {
    const picked: number[] = [];
    for (let piece = picker.pick(has, distance); piece !== undefined;) {
      picked.push(piece);
      piece = picker.pick(has, distance);
    }
    return picked.toSorted((left, right) => left - right);
  };
  return { picker, add, pickAll };
}

const ofStripes = (...stripes: number[]) =>
  Array.from({ length: PIECES }, (_, piece) => piece)
    .filter((piece) => stripes.includes(piece % STRIPE_COUNT));

Deno.test("StripedImport: from the site our stripes, from other sites those of the site, from the rack everything", () => {
  const most = Array.from({ length: PIECES - 1 }, (_, piece) => piece);
  const lacks = (stripes: number[]) => stripes.filter((piece) => piece < PIECES - 1);
  for (const [distance, stripes] of [["site", [2, 5]], ["remote", [5]]] as const) {
    const { picker, add, pickAll } = setUp();
    const has = add(distance, most);
    assert.ok(picker.isInteresting(has));
    assert.deepEqual(pickAll(has, distance), lacks(ofStripes(...stripes)));
    for (const piece of lacks(ofStripes(...stripes))) picker.complete(piece);
    assert.ok(!picker.isInteresting(has), "nothing else may come from it");
  }
  const { add, pickAll } = setUp();
  assert.deepEqual(pickAll(add("rack", most), "rack"), most);
});

Deno.test("StripedImport: what a mate has is not brought in, what the site has not from elsewhere", () => {
  const { picker, add, pickAll } = setUp();
  const [first, second, third] = ofStripes(5);
  const mate = add("rack", [first!]);
  add("site", [second!]);
  const abroad = add("remote", [first!, second!, third!]);
  assert.ok(!picker.take(first!, abroad, "remote"), "not even if it is suggested");
  assert.deepEqual(pickAll(abroad, "remote"), [third]);
  assert.ok(picker.isInteresting(mate));
});

Deno.test("StripedImport: what a neighbour takes with it when it goes may come from elsewhere again", () => {
  for (const distance of ["rack", "site"] as const) {
    const { picker, add } = setUp();
    const [piece] = ofStripes(5);
    const neighbour = add(distance, [piece!]);
    const abroad = add("remote", [piece!]);
    assert.equal(picker.pick(abroad, "remote"), undefined);
    assert.ok(!picker.isInteresting(abroad));
    picker.removePeer(neighbour, distance);
    assert.ok(picker.isInteresting(abroad));
    assert.equal(picker.pick(abroad, "remote"), piece);
  }
});

Deno.test("StripedImport: spared seeds are for the stripes of the site, others of the site for those of the rack", () => {
  for (const sparesSeeds of [true, false]) {
    const { add, pickAll } = setUp({ ...DUTY, sparesSeeds });
    const seed = add("site", "all");
    assert.deepEqual(pickAll(seed, "site"), ofStripes(...sparesSeeds ? [5] : [2, 5]));
  }
  const { picker, add, pickAll } = setUp();
  add("rack", "all");
  const seed = add("site", "all");
  assert.deepEqual(pickAll(seed, "site"), [], "a mate has everything");
  assert.ok(!picker.isInteresting(seed));
});

Deno.test("StripedImport: suspended, everything may come that no mate has; a new duty ends that", () => {
  const { picker, add, pickAll } = setUp();
  const wanted = ofStripes(1);
  add("rack", [wanted[0]!]);
  const near = add("site", wanted);
  assert.ok(!picker.isInteresting(near));
  picker.suspendStripes(true);
  assert.ok(picker.isInteresting(near));
  assert.deepEqual(pickAll(near, "site"), wanted.slice(1));
  for (const piece of wanted) picker.putBack(piece);
  picker.setDuty({ ...DUTY, rack: [3] });
  assert.equal(picker.pick(near, "site"), undefined);
  picker.setDuty(undefined);
  assert.deepEqual(pickAll(near, "site"), wanted);
});

Deno.test("StripedImport: in a release too large to be searched, all that may come is found, and nothing else", () => {
  const pieceCount = 100_000;
  const { picker, add } = setUp(DUTY, pieceCount);
  const pieces = [7, 50_002, 77_781, 99_999];
  assert.deepEqual(pieces.map((piece) => piece % STRIPE_COUNT), [7, 2, 5, 15]);
  const near = add("site", pieces);
  const before = picker.steps;
  assert.deepEqual([picker.pick(near, "site"), picker.pick(near, "site")].toSorted(), [
    50_002,
    77_781,
  ]);
  for (let turn = 0; turn < 1000; turn++) assert.equal(picker.pick(near, "site"), undefined);
  assert.ok(picker.steps - before < pieceCount, "each byte is walked over once");
});

Deno.test("StripedImport: any two hosts of a rack that obey what was dealt bring in different pieces", () => {
  const here = { host: "a", site: "s", rack: "r" };
  fc.assert(fc.property(
    fc.array(fc.nat(PIECES - 1)),
    fc.array(fc.nat(1), { minLength: STRIPE_COUNT, maxLength: STRIPE_COUNT }),
    fc.constantFrom({ ...here, rack: "x" }, { ...here, site: "x" }),
    (held, owners, there) => {
      const distance = distanceBetween(here, there);
      const picked = [0, 1].flatMap((owner) => {
        const rack = owners.flatMap((one, stripe) => one === owner ? [stripe] : []);
        const { add, pickAll } = setUp({ rack, site: rack, sparesSeeds: false });
        return pickAll(add(distance, held), distance);
      });
      assert.deepEqual(
        picked.toSorted((a, b) => a - b),
        [...new Set(held)].toSorted((a, b) => a - b),
      );
    },
  ));
});
