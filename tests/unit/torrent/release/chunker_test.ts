/** Where content is cut, and that the cuts follow the content. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Chunker } from "../../../../torrent/release/chunker.ts";
import { join, noise } from "../delta/content.ts";

interface Cut {
  readonly hash: string;
  readonly sizeBytes: number;
}

function cut(averageBytes: number, ...parts: Uint8Array[]): Cut[] {
  const cuts: Cut[] = [];
  const chunker = new Chunker(averageBytes, (hash, sizeBytes) => {
    cuts.push({ hash: [...hash].join(), sizeBytes });
  });
  for (const part of parts) chunker.update(part);
  chunker.finish();
  return cuts;
}

/** How many bytes of the second are in chunks of the first. */
function sharedBytes(first: readonly Cut[], second: readonly Cut[]): number {
  const known = new Set(first.map(({ hash }) => hash));
  return second.reduce((sum, one) => sum + (known.has(one.hash) ? one.sizeBytes : 0), 0);
}

Deno.test("Chunker: the same bytes give the same chunks however they are handed in", () => {
  const content = noise(300_000, 1);
  const whole = cut(4096, content);
  fc.assert(fc.property(fc.array(fc.nat(300_000), { maxLength: 30 }), (places) => {
    const borders = [0, ...places.sort((a, b) => a - b), content.length];
    const parts = borders.slice(1).map((end, at) => content.subarray(borders[at], end));
    assert.deepEqual(cut(4096, ...parts), whole);
  }));
});

Deno.test("Chunker: chunks add up, none is smaller than a quarter of the average or larger than four times", () => {
  const content = noise(4_000_000, 2);
  for (const averageBytes of [1024, 16 * 1024, 256 * 1024]) {
    const cuts = cut(averageBytes, content);
    assert.equal(cuts.reduce((sum, one) => sum + one.sizeBytes, 0), content.length);
    for (const { sizeBytes } of cuts.slice(0, -1)) {
      assert.ok(sizeBytes > averageBytes / 4 && sizeBytes <= averageBytes * 4, `${sizeBytes}`);
    }
  }
  const cuts = cut(4096, content);
  const mean = content.length / cuts.length;
  assert.ok(mean > 0.8 * 4096 && mean < 1.5 * 4096, `${mean} on the average`);
});

Deno.test("Chunker: bytes that are all alike are cut at the largest size", () => {
  const cuts = cut(4096, new Uint8Array(100_000));
  assert.deepEqual(cuts.slice(0, -1).map(({ sizeBytes }) => sizeBytes), Array(6).fill(16_384));
  assert.equal(new Set(cuts.slice(0, -1).map(({ hash }) => hash)).size, 1);
});

Deno.test("Chunker: an insertion, a removal, a change cost the chunks around them and no others", () => {
  const content = noise(2_000_000, 3);
  const before = cut(4096, content);
  const insertion = noise(777, 4);
  for (const at of [0, 1, 1_000_000, 1_999_999]) {
    const [head, tail] = [content.subarray(0, at), content.subarray(at)];
    for (
      const changed of [
        join(head, insertion, tail),
        join(head, tail.subarray(Math.min(tail.length, 777))),
        join(head, insertion, tail.subarray(Math.min(tail.length, 777))),
      ]
    ) {
      const lost = changed.length - sharedBytes(before, cut(4096, changed));
      assert.ok(lost < 10 * 4096, `a change at ${at} costs ${lost} bytes`);
    }
  }
});

Deno.test("Chunker: sizes that cannot be cut are refused", () => {
  for (const averageBytes of [0, 1000, 512, 32 * 1024 ** 2]) {
    assert.throws(() => new Chunker(averageBytes, () => {}), RangeError);
  }
});
