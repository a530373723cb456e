import assert from "node:assert/strict";
import { pickRandom, systemRandom } from "../../../base/random.ts";

/** Numbers in turn, over and over. */
function inTurn(...numbers: readonly number[]): () => number {
  let index = 0;
  return () => numbers[index++ % numbers.length] ?? 0;
}

Deno.test("systemRandom: from 0 to below 1", () => {
  for (let draw = 0; draw < 1_000; draw++) {
    const number = systemRandom();
    assert.ok(number >= 0 && number < 1, `${number}`);
  }
});

Deno.test("pickRandom: as many as asked for, each at most once, and never more than there are", () => {
  const items = ["a", "b", "c", "d"];
  for (let count = 0; count <= 6; count++) {
    const picked = pickRandom(items, count, systemRandom);
    assert.equal(picked.length, Math.min(count, items.length));
    assert.equal(new Set(picked).size, picked.length);
    assert.ok(picked.every((item) => items.includes(item)));
  }
  assert.deepEqual(items, ["a", "b", "c", "d"], "the items stay as they were");
});

Deno.test("pickRandom: the same numbers give the same pick", () => {
  assert.deepEqual(pickRandom("abcd", 2, inTurn(0)), ["a", "b"]);
  assert.deepEqual(pickRandom("abcd", 2, inTurn(0.999)), ["d", "a"]);
});

Deno.test("pickRandom: every pair is equally likely", () => {
  // All draws of two of four, each once: 4 first positions by 3 second ones.
  const counts = new Map<string, number>();
  for (let first = 0; first < 4; first++) {
    for (let second = 0; second < 3; second++) {
      const pick = pickRandom("abcd", 2, inTurn((first + 0.5) / 4, (second + 0.5) / 3));
      const pair = pick.toSorted().join("");
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  assert.deepEqual([...counts.keys()].toSorted(), ["ab", "ac", "ad", "bc", "bd", "cd"]);
  assert.deepEqual(new Set(counts.values()), new Set([2]));
});
