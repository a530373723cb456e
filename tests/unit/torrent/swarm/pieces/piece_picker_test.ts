/**
 * Tests of the picker: random histories beside a naive model, and the work at 200,000 pieces, counted and not timed.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Distance } from "../../../../../base/locality.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";

const DISTANCES: readonly Distance[] = ["rack", "site", "remote"];

/** A chance that can be repeated (a linear congruential generator; quality does not matter here). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function setOf(pieceCount: number, pieces: Iterable<number>): PieceSet {
  const set = new PieceSet(pieceCount);
  for (const piece of pieces) set.add(piece);
  return set;
}

interface ModelPeer {
  readonly has: PieceSet;
  readonly distance: Distance;
  readonly joinedAsSeed: boolean;
}

/** What the picker has to do, said as plainly as possible and as slowly as that is. */
class Model {
  readonly peers: ModelPeer[] = [];
  readonly state: ("open" | "started" | "complete")[];
  readonly returned = new Set<number>();

  constructor(readonly pieceCount: number, have: PieceSet, readonly localScope: "rack" | "site") {
    this.state = Array.from(
      { length: pieceCount },
      (_, piece) => have.has(piece) ? "complete" : "open",
    );
  }

  count(state: "open" | "started" | "complete"): number {
    return this.state.filter((one) => one === state).length;
  }

  isLocal({ distance }: Pick<ModelPeer, "distance">): boolean {
    return distance === "rack" || distance === this.localScope;
  }

  /** Complete pieces that no peer that is local has. */
  missingLocally(): number {
    const own = this.peers.filter((peer) => this.isLocal(peer));
    return this.state.filter((state, piece) =>
      state === "complete" && !own.some(({ has }) => has.has(piece))
    ).length;
  }

  /** All pieces among which the picker may choose for that peer; none: it has to say so. */
  choices({ has, distance, joinedAsSeed }: ModelPeer, exact: boolean): number[] {
    const open = [...has].filter((piece) => this.state[piece] === "open");
    const counted = this.peers.filter((peer) => !peer.joinedAsSeed);
    const isAvailable = (piece: number) =>
      counted.some((peer) => this.isLocal(peer) && peer.has.has(piece));
    const rarity = (piece: number) => counted.filter((peer) => peer.has.has(piece)).length;
    // Without a counted peer that is local that has it, nobody there can be asked but a seed.
    const notLocal = open.filter((piece) => !isAvailable(piece));
    assert.ok(!this.isLocal({ distance }) || joinedAsSeed || notLocal.length === 0);
    const order = notLocal.length > 0 ? notLocal : open;
    if (!exact) return order;
    const returned = order.filter((piece) => this.returned.has(piece));
    if (returned.length > 0) return returned;
    const least = Math.min(...order.map(rarity));
    return order.filter((piece) => rarity(piece) === least);
  }
}

type Step =
  | { readonly do: "add"; readonly distance: number; readonly share: number; readonly seed: number }
  | { readonly do: "remove" | "pick" | "isInteresting"; readonly peer: number }
  | { readonly do: "got" | "take"; readonly peer: number; readonly piece: number }
  | { readonly do: "putBack" | "complete"; readonly piece: number };

const anyIndex = fc.nat(1_000_000);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      distance: fc.nat(2),
      share: fc.constantFrom(0, 0.02, 0.2, 0.5, 0.9, 1),
      seed: anyIndex,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), peer: anyIndex }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("pick" as const), peer: anyIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("isInteresting" as const),
      peer: anyIndex,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("got" as const),
      peer: anyIndex,
      piece: anyIndex,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("putBack" as const), piece: anyIndex }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("complete" as const), piece: anyIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("take" as const), peer: anyIndex, piece: anyIndex }),
  },
);

/** Runs a history on both. With at most as many pieces as are probed, the picker owes the exact order of rarity. */
function runHistory(
  pieceCount: number,
  options: {
    seed: number;
    haveShare: number;
    localScope: "rack" | "site";
    steps: readonly Step[];
    exact: boolean;
  },
): void {
  const { localScope } = options;
  const random = seededRandom(options.seed);
  const have = new PieceSet(pieceCount);
  for (let piece = 0; piece < pieceCount; piece++) {
    if (random() < options.haveShare) have.add(piece);
  }
  const model = new Model(pieceCount, have, localScope);
  const picker = new PiecePicker({ pieceCount, random, have, localScope: localScope });
  for (const step of options.steps) {
    applyStep(step, { model, picker, exact: options.exact });
    assert.equal(picker.missing, pieceCount - model.count("complete"));
    assert.equal(picker.started, model.count("started"));
    assert.equal(picker.missingLocally, model.missingLocally());
  }
}

function applyStep(
  step: Step,
  { model, picker, exact }: { model: Model; picker: PiecePicker; exact: boolean },
): void {
  const { pieceCount, peers, state, returned } = model;
  if (step.do === "add") {
    const random = seededRandom(step.seed);
    const has = new PieceSet(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) if (random() < step.share) has.add(piece);
    const distance = DISTANCES[step.distance]!;
    peers.push({ has, distance, joinedAsSeed: [...has].length === pieceCount });
    return picker.addPeer(has, distance);
  }
  if (!("peer" in step)) {
    const index = step.piece % pieceCount;
    if (step.do === "complete") {
      state[index] = "complete";
      returned.delete(index);
      return picker.complete(index);
    }
    if (state[index] === "started") {
      state[index] = "open";
      returned.add(index);
    }
    return picker.putBack(index);
  }
  const place = step.peer % Math.max(1, peers.length);
  const peer = peers[place];
  if (peer === undefined) return;
  switch (step.do) {
    case "remove":
      peers.splice(place, 1);
      return picker.removePeer(peer.has, peer.distance);
    case "got": {
      const index = step.piece % pieceCount;
      if (peer.has.has(index)) return;
      peer.has.add(index);
      return picker.peerGot(index, peer.distance);
    }
    case "take": {
      const index = step.piece % pieceCount;
      const others = peers.filter(({ has, joinedAsSeed }) => !joinedAsSeed && has.has(index));
      const isAvailable = peer.joinedAsSeed
        ? others.length > 0
        : !model.isLocal(peer) && others.some((other) => model.isLocal(other));
      const isTaken = state[index] === "open" && !isAvailable;
      assert.equal(picker.take(index, peer.has, peer.distance), isTaken);
      if (!isTaken) return;
      state[index] = "started";
      returned.delete(index);
      return;
    }
    case "isInteresting":
      return assert.equal(
        picker.isInteresting(peer.has),
        [...peer.has].some((piece) => state[piece] !== "complete"),
      );
    case "pick": {
      const choices = model.choices(peer, exact);
      const piece = picker.pick(peer.has, peer.distance);
      if (piece === undefined) return assert.deepEqual(choices, []);
      assert.ok(choices.includes(piece), `picked ${piece}, expected one of ${choices}`);
      state[piece] = "started";
      returned.delete(piece);
    }
  }
}

const anyHistory = {
  seed: anyIndex,
  haveShare: fc.constantFrom(0, 0, 0.5, 1),
  localScope: fc.constantFrom("rack" as const, "site" as const),
  steps: fc.array(anyStep, { minLength: 5, maxLength: 150, size: "max" }),
};

Deno.test("PiecePicker: with few pieces, picks exactly what a naive search would", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.record(anyHistory), (pieceCount, history) => {
      runHistory(pieceCount, { ...history, exact: true });
    }),
    { numRuns: 400 },
  );
});

Deno.test("PiecePicker: with more pieces than it probes, misses no piece and keeps the rack first", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 900 }),
      fc.record(anyHistory),
      (pieceCount, history) => runHistory(pieceCount, { ...history, exact: false }),
    ),
    { numRuns: 150 },
  );
});

Deno.test("PiecePicker: a restarted download asks for nothing that it has", () => {
  const have = setOf(10, [0, 1, 2, 3, 4, 5, 6, 8, 9]);
  const picker = new PiecePicker({ pieceCount: 10, random: seededRandom(1), have });
  const seed = PieceSet.full(10);
  picker.addPeer(seed, "site");
  assert.equal(picker.pick(seed, "site"), 7);
  assert.equal(picker.pick(seed, "site"), undefined);
  assert.ok(picker.isInteresting(seed), "a started piece is still lacking");
  picker.complete(7);
  assert.ok(!picker.isInteresting(seed));
});

Deno.test("PiecePicker: a rack asks outside for what none of its hosts has, even if that is more frequent", () => {
  const picker = new PiecePicker({ pieceCount: 3, random: seededRandom(2), have: new PieceSet(3) });
  const seed = PieceSet.full(3);
  picker.addPeer(seed, "remote");
  // Piece 0 is the rarest but in the rack; 1 and 2 are elsewhere in the site, twice.
  picker.addPeer(setOf(3, [0]), "rack");
  picker.addPeer(setOf(3, [1, 2]), "site");
  picker.addPeer(setOf(3, [1, 2]), "site");
  const order = [1, 2, 3].map(() => picker.pick(seed, "remote"));
  assert.deepEqual(order.slice(0, 2).sort(), [1, 2]);
  assert.equal(order[2], 0);
});

Deno.test("PiecePicker: hosts with chances of their own ask one seed for different pieces", () => {
  const pieceCount = 10_000;
  const seed = PieceSet.full(pieceCount);
  const firstPicks = [1, 2, 3, 4, 5].map((chance) => {
    const have = new PieceSet(pieceCount);
    const picker = new PiecePicker({ pieceCount, random: seededRandom(chance * 7_919), have });
    picker.addPeer(seed, "remote");
    return picker.pick(seed, "remote");
  });
  assert.equal(new Set(firstPicks).size, 5);
});

Deno.test("PiecePicker: hosts that ask a gateway's neighbour do not all follow the order in which it got its pieces", () => {
  const pieceCount = 1_000;
  const picks = [1, 2].map((chance) => {
    const random = seededRandom(chance * 7_919);
    const picker = new PiecePicker({ pieceCount, random, have: new PieceSet(pieceCount) });
    const gateway = new PieceSet(pieceCount);
    const neighbour = new PieceSet(pieceCount);
    picker.addPeer(gateway, "site");
    picker.addPeer(neighbour, "site");
    const get = (has: PieceSet, piece: number) => {
      has.add(piece);
      picker.peerGot(piece, "site");
    };
    // The neighbour is far behind: what the gateway alone has is rarer than all that the neighbour has.
    for (let piece = 0; piece < 600; piece++) get(gateway, piece);
    for (let piece = 0; piece < 200; piece++) get(neighbour, piece);
    return Array.from({ length: 60 }, () => picker.pick(neighbour, "site"));
  });
  const [left, right] = picks.map((pieces) => new Set(pieces));
  assert.ok(left !== undefined && right !== undefined);
  assert.ok(
    left.intersection(right).size < 40,
    `${left.intersection(right).size} of 60 are the same`,
  );
});

Deno.test("PiecePicker: a set that was not added cannot be removed, nor one added twice", () => {
  const picker = new PiecePicker({ pieceCount: 3, random: seededRandom(3), have: new PieceSet(3) });
  const has = setOf(3, [1]);
  assert.throws(() => picker.removePeer(has, "rack"), /a peer that was added was expected/);
  picker.addPeer(has, "rack");
  assert.throws(() => picker.addPeer(has, "rack"), /a peer that is unknown was expected/);
});

const MANY = 200_000;

Deno.test("PiecePicker: 200,000 pieces from a seed cost a few steps each", () => {
  const have = new PieceSet(MANY);
  const picker = new PiecePicker({ pieceCount: MANY, random: seededRandom(4), have });
  const seeds = Array.from({ length: 30 }, () => PieceSet.full(MANY));
  for (const seed of seeds) picker.addPeer(seed, "site");
  assert.equal(picker.steps, 0, "a seed costs nothing per piece");
  for (let n = 0; n < MANY; n++) {
    const seed = seeds[n % seeds.length]!;
    assert.ok(picker.isInteresting(seed));
    const before = picker.steps;
    const piece = picker.pick(seed, "site");
    assert.ok(piece !== undefined);
    assert.ok(picker.steps - before <= 2, `${picker.steps - before} steps for one pick`);
    picker.complete(piece);
  }
  assert.equal(picker.missing, 0);
});

Deno.test("PiecePicker: 200,000 pieces from peers that have a tenth each cost no more than their probes", () => {
  const have = new PieceSet(MANY);
  const random = seededRandom(5);
  const picker = new PiecePicker({ pieceCount: MANY, random, have });
  const peers = Array.from({ length: 12 }, (_, n) => {
    const has = new PieceSet(MANY);
    for (let piece = 0; piece < MANY; piece++) if (random() < 0.1) has.add(piece);
    const distance = DISTANCES[n % 3]!;
    picker.addPeer(has, distance);
    return { has, distance };
  });
  const afterAdding = picker.steps;
  assert.ok(afterAdding < 12 * 0.11 * MANY, "adding costs one step per piece that the peer has");
  let picks = 0;
  let gone = 0;
  while (gone < peers.length) {
    gone = 0;
    for (const { has, distance } of peers) {
      picker.isInteresting(has);
      const piece = picker.pick(has, distance);
      if (piece === undefined) gone++;
      else {
        picks++;
        picker.complete(piece);
      }
    }
  }
  assert.ok(picks > 0.7 * MANY, `${picks} picked`);
  // Two orders of 64 probes each at the very most, and every byte of every bitfield three times.
  const bound = picks * 2 * 64 + peers.length * 3 * (MANY / 8);
  const steps = picker.steps - afterAdding;
  assert.ok(steps < bound, `${steps} steps, bound ${bound}`);
  assert.ok(steps / picks < 64, `${steps / picks} steps per pick on the average`);
});

Deno.test("PiecePicker: a peer with three of 200,000 pieces is not walked again for every question", () => {
  const have = new PieceSet(MANY);
  const picker = new PiecePicker({ pieceCount: MANY, random: seededRandom(6), have });
  const poor = setOf(MANY, [5, 77_777, 199_999]);
  // Others have much, so that looking among the rarest finds nothing of the poor one's.
  const rich = new PieceSet(MANY);
  for (let piece = 0; piece < MANY; piece += 2) rich.add(piece);
  picker.addPeer(rich, "site");
  picker.addPeer(poor, "site");
  const before = picker.steps;
  const picked = [1, 2, 3].map(() => picker.pick(poor, "site")).sort((a, b) => a! - b!);
  assert.deepEqual(picked, [5, 77_777, 199_999]);
  for (const piece of picked) picker.complete(piece!);
  let asked = 0;
  for (; asked < 10_000; asked++) {
    assert.equal(picker.pick(poor, "site"), undefined);
    assert.equal(picker.isInteresting(poor), false);
  }
  const steps = picker.steps - before;
  assert.ok(steps < 3 * MANY / 8 + asked * 2 * 64 + 500, `${steps} steps`);
  // Pieces that others get cost one look each, and one that it gets itself is found.
  for (let piece = 1; piece < 20_001; piece += 2) {
    rich.add(piece);
    picker.peerGot(piece, "site");
  }
  poor.add(8_001);
  picker.peerGot(8_001, "site");
  assert.ok(picker.isInteresting(poor));
  assert.equal(picker.pick(poor, "site"), 8_001);
});

Deno.test("PiecePicker: what leaves the rack with a peer comes before the rest again", () => {
  const pieceCount = 10_000;
  for (let chance = 0; chance < 8; chance++) {
    const have = new PieceSet(pieceCount);
    const picker = new PiecePicker({ pieceCount, random: seededRandom(chance * 7_919), have });
    const outside = setOf(pieceCount, [9_000, 9_001, 9_002]);
    const leaving = setOf(pieceCount, [9_001]);
    // So many other pieces are as rare that looking among those finds none of the outside peer's.
    picker.addPeer(setOf(pieceCount, Array.from({ length: 8_000 }, (_, piece) => piece)), "site");
    picker.addPeer(setOf(pieceCount, [9_000, 9_002]), "rack");
    picker.addPeer(leaving, "rack");
    picker.addPeer(outside, "remote");
    const first = picker.pick(outside, "remote");
    picker.removePeer(leaving, "rack");
    picker.putBack(first!);
    assert.equal(picker.pick(outside, "remote"), 9_001, "the only one that the rack lacks");
  }
});
