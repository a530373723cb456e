/** The plan of what is copied from where: beside the content itself, for releases made of random pieces of each other. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type ChunkMap, ChunkMapMaker, isChunked } from "../../../../torrent/release/chunk_map.ts";
import { type CopyStep, planReuse } from "../../../../torrent/delta/reuse_plan.ts";
import type { Release } from "../../../../torrent/release/release.ts";
import { join, noise } from "./content.ts";

const AVERAGE_BYTES = 1024;

interface Sample {
  readonly release: Release;
  readonly chunks: ChunkMap | undefined;
  readonly content: Uint8Array;
}

function sample(files: Readonly<Record<string, Uint8Array>>, averageBytes = AVERAGE_BYTES): Sample {
  const maker = new ChunkMapMaker(averageBytes);
  let offsetBytes = 0;
  const entries = Object.entries(files).map(([path, bytes]) => {
    if (isChunked({ sizeBytes: bytes.length }, averageBytes)) {
      maker.update(bytes);
      maker.endFile();
    }
    const file = {
      path,
      sizeBytes: bytes.length,
      offsetBytes,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      executable: false,
    };
    offsetBytes += bytes.length;
    return file;
  });
  const release: Release = {
    service: "web",
    version: "1",
    infoHash: "",
    sizeBytes: offsetBytes,
    files: entries,
    pieceLengthBytes: 65_536,
    pieceCount: Math.ceil(offsetBytes / 65_536),
    pieceHashes: new Uint8Array(),
    announce: [],
    metainfo: new Uint8Array(),
  };
  return { release, chunks: maker.finish(), content: join(...Object.values(files)) };
}

/** Carries a plan out in memory, and checks what has to hold of any. @returns how much was copied. */
function carryOut(wanted: Sample, sources: readonly Sample[], steps: readonly CopyStep[]): number {
  let endBytes = 0;
  let copiedBytes = 0;
  for (const step of steps) {
    assert.ok(step.sizeBytes > 0 && step.toBytes >= endBytes, "in order, without overlaps");
    endBytes = step.toBytes + step.sizeBytes;
    assert.ok(endBytes <= wanted.content.length);
    const from = sources[step.source]!.content;
    assert.ok(step.fromBytes + step.sizeBytes <= from.length);
    copiedBytes += step.sizeBytes;
    if (step.isGuess) continue;
    assert.deepEqual(
      from.subarray(step.fromBytes, step.fromBytes + step.sizeBytes),
      wanted.content.subarray(step.toBytes, endBytes),
    );
  }
  return copiedBytes;
}

/** Files that are put together from a few blocks, so that releases share much at odd places. */
const anyFile = fc.array(fc.tuple(fc.nat(5), fc.nat(3000), fc.integer({ min: 1, max: 9000 })), {
  maxLength: 6,
}).map((parts) =>
  join(...parts.map(([seed, start, size]) => noise(12_000, seed).subarray(start, start + size)))
);
const anyFiles = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), anyFile, { minKeys: 1 });

Deno.test("planReuse: what is copied is what is wanted, from any releases", () => {
  fc.assert(
    fc.property(anyFiles, fc.array(anyFiles, { maxLength: 3 }), (files, others) => {
      const wanted = sample(files);
      const sources = others.map((one) => sample(one));
      carryOut(wanted, sources, planReuse(wanted, sources));
    }),
    { numRuns: 150 },
  );
});

Deno.test("planReuse: the same release again is copied whole, in one step", () => {
  const files = { a: noise(50_000, 1), b: noise(500, 2), c: noise(0, 3), d: noise(20_000, 4) };
  const [wanted, source] = [sample(files), sample(files)];
  const steps = planReuse(wanted, [source]);
  assert.deepEqual(steps, [{
    source: 0,
    fromBytes: 0,
    toBytes: 0,
    sizeBytes: 70_500,
    isGuess: false,
  }]);
});

Deno.test("planReuse: renamed files are found without a map", () => {
  const [one, two] = [noise(50_000, 1), noise(500, 2)];
  const wanted = { ...sample({ x: two, y: one }), chunks: undefined };
  const source = { ...sample({ a: one, b: two }), chunks: undefined };
  const steps = planReuse(wanted, [source]);
  assert.equal(carryOut(wanted, [source], steps), 50_500);
});

Deno.test("planReuse: an insertion at the front costs a few chunks, and two long steps", () => {
  const content = noise(200_000, 5);
  const source = sample({ a: content });
  const wanted = sample({ a: join(noise(100, 6), content) });
  const steps = planReuse(wanted, [source]);
  const copied = carryOut(wanted, [source], steps);
  assert.ok(copied > 200_000 - 8 * AVERAGE_BYTES, `${copied} bytes are reused`);
  assert.ok(steps.length <= 2, `${steps.length} steps`);
});

Deno.test("planReuse: without maps of one kind, a file is compared with its namesake", () => {
  const wanted = sample({ a: noise(50_000, 1), b: noise(100, 9), small: noise(16_384, 8) });
  const other = sample({ a: noise(40_000, 2), b: noise(0, 3), small: noise(16_384, 4) });
  const guess = [{ source: 1, fromBytes: 0, toBytes: 0, sizeBytes: 40_000, isGuess: true }];
  const sources = [sample({ z: noise(10, 7) }), other];
  assert.deepEqual(planReuse({ ...wanted, chunks: undefined }, sources), guess);
  // With a map of its own, the map decides: the chunks are not there.
  assert.deepEqual(planReuse(wanted, [{ ...other, chunks: undefined }]), []);
  assert.deepEqual(planReuse(wanted, [sample({ a: noise(50_001, 1) }, 4096)]), []);
});

Deno.test("planReuse: of two chunks that are alike, the one that goes on a run is taken", () => {
  const zeros = new Uint8Array(40_000);
  const content = join(noise(9_000, 1), zeros, noise(9_000, 2), zeros, noise(9_000, 3));
  const source = sample({ a: content });
  const wanted = sample({ a: join(content, noise(10, 8)) });
  const steps = planReuse(wanted, [source]);
  carryOut(wanted, [source], steps);
  assert.equal(steps.length, 1);
});
