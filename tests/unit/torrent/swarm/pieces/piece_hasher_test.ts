/** Which pieces are hashed on another thread, how many at a time, and what happens when that thread brings nothing. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type BackgroundSha1, backgroundSha1 } from "../../../../../ffi/mod.ts";
import { PieceHasher } from "../../../../../torrent/swarm/pieces/piece_hasher.ts";
import { bareRelease } from "../bare_release.ts";

const MIB = 1024 * 1024;
const PIECES = 6;

// Opened before the tests, or it would look like something that one of them has left open.
const theirs = backgroundSha1();

/** Hashes elsewhere, and each digest is known as soon as the test says so. */
class Elsewhere {
  readonly waiting: { bytes: Uint8Array; answer: PromiseWithResolvers<Uint8Array | undefined> }[] =
    [];
  readonly sha1: BackgroundSha1 = (bytes) => {
    const answer = Promise.withResolvers<Uint8Array | undefined>();
    this.waiting.push({ bytes, answer });
    return answer.promise;
  };

  /** The hash that has waited for the longest is made. */
  async finish(): Promise<void> {
    const first = this.waiting.shift();
    assert.ok(first !== undefined, "nothing is being hashed elsewhere");
    first.answer.resolve(createHash("sha1").update(first.bytes).digest());
    await settled();
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

function setUp(pieceBytes: number, sha1: BackgroundSha1 | undefined) {
  const pieces = Array.from({ length: PIECES }, (_, at) => new Uint8Array(pieceBytes).fill(at));
  const pieceHashes = new Uint8Array(PIECES * 20);
  for (const [at, piece] of pieces.entries()) {
    pieceHashes.set(createHash("sha1").update(piece).digest(), at * 20);
  }
  const release = { ...bareRelease(PIECES * pieceBytes, pieceBytes), pieceHashes };
  const saturation = { isFull: true };
  const hasher = new PieceHasher({ release, saturation, open: () => sha1 });
  const known: [number, boolean][] = [];
  const check = (index: number, bytes = pieces[index] ?? new Uint8Array()) =>
    hasher.check(index, bytes, (matches) => known.push([index, matches]));
  return { hasher, saturation, pieces, known, check };
}

Deno.test("PieceHasher: four pieces at a time are hashed elsewhere, the others here and at once", async () => {
  const elsewhere = new Elsewhere();
  const { known, check } = setUp(2 * MIB, elsewhere.sha1);
  for (const index of [0, 1, 2, 3]) check(index);
  assert.deepEqual(known, []);
  check(4);
  assert.deepEqual(known, [[4, true]]);
  await elsewhere.finish();
  check(5);
  assert.deepEqual(known, [[4, true], [0, true]]);
  assert.equal(elsewhere.waiting.length, 4);
  while (elsewhere.waiting.length > 0) await elsewhere.finish();
  assert.deepEqual(known.slice(2), [[1, true], [2, true], [3, true], [5, true]]);
});

Deno.test("PieceHasher: a process that one processor is enough for hashes everything here", async () => {
  const elsewhere = new Elsewhere();
  const { saturation, known, check } = setUp(2 * MIB, elsewhere.sha1);
  saturation.isFull = false;
  check(0);
  assert.deepEqual(known, [[0, true]]);
  saturation.isFull = true;
  check(1);
  assert.equal(elsewhere.waiting.length, 1);
  saturation.isFull = false;
  check(2);
  await elsewhere.finish();
  assert.deepEqual(known, [[0, true], [2, true], [1, true]]);
});

Deno.test("PieceHasher: of the largest pieces two at a time, which is 32 MiB", () => {
  const elsewhere = new Elsewhere();
  const { known, check } = setUp(16 * MIB, elsewhere.sha1);
  for (const index of [0, 1, 2]) check(index);
  assert.equal(elsewhere.waiting.length, 2);
  assert.deepEqual(known, [[2, true]]);
});

Deno.test("PieceHasher: small pieces are hashed here, and so is the end of a release of large ones", () => {
  const elsewhere = new Elsewhere();
  const small = setUp(MIB / 2, elsewhere.sha1);
  small.check(0);
  small.check(1, new Uint8Array(MIB / 2));
  assert.deepEqual(small.known, [[0, true], [1, false]]);
  const large = setUp(4 * MIB, elsewhere.sha1);
  large.check(5, new Uint8Array(100));
  assert.deepEqual(large.known, [[5, false]]);
  assert.equal(elsewhere.waiting.length, 0);
});

Deno.test("PieceHasher: pieces are told of in the order in which their hashes are known", async () => {
  const elsewhere = new Elsewhere();
  const { known, check } = setUp(2 * MIB, elsewhere.sha1);
  check(0);
  check(1, new Uint8Array(2 * MIB));
  elsewhere.waiting.reverse();
  await elsewhere.finish();
  await elsewhere.finish();
  assert.deepEqual(known, [[1, false], [0, true]]);
});

Deno.test("PieceHasher: where the other thread brings no hash the piece is hashed here", async () => {
  const answers = [
    () => Promise.resolve(undefined),
    () => Promise.reject(new Error("no thread to be had")),
  ];
  for (const answer of answers) {
    const { hasher, known, check } = setUp(2 * MIB, answer);
    check(0);
    check(1, new Uint8Array(2 * MIB));
    await hasher.ended();
    assert.deepEqual(known, [[0, true], [1, false]]);
  }
});

Deno.test("PieceHasher: a digest that is too short matches nothing", async () => {
  const { hasher, known, check } = setUp(2 * MIB, () => Promise.resolve(new Uint8Array()));
  check(0);
  await hasher.ended();
  assert.deepEqual(known, [[0, false]]);
});

Deno.test("PieceHasher: has ended when the last hash is known, and not before", async () => {
  const elsewhere = new Elsewhere();
  const { hasher, known, check } = setUp(2 * MIB, elsewhere.sha1);
  await hasher.ended();
  check(0);
  check(1);
  let ended = false;
  const ending = hasher.ended().then(() => ended = true);
  await elsewhere.finish();
  assert.equal(ended, false);
  await elsewhere.finish();
  await ending;
  assert.equal(known.length, 2);
});

Deno.test({
  name: "PieceHasher: tells right pieces from wrong ones with libcrypto",
  ignore: theirs === undefined,
  fn: async () => {
    const { hasher, pieces, known, check } = setUp(2 * MIB, theirs);
    const wrong = pieces[1]?.slice() ?? new Uint8Array();
    wrong[wrong.length - 1]! ^= 1;
    check(0);
    check(1, wrong);
    check(2);
    assert.equal(known.length, 0);
    await hasher.ended();
    assert.deepEqual(known.sort(([a], [b]) => a - b), [[0, true], [1, false], [2, true]]);
  },
});

Deno.test("PieceHasher: without libcrypto everything is hashed here", async () => {
  const { hasher, known, check } = setUp(2 * MIB, undefined);
  check(0);
  check(1, new Uint8Array(2 * MIB));
  assert.deepEqual(known, [[0, true], [1, false]]);
  await hasher.ended();
});
