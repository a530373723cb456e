/** The chunk map in a .torrent: made when publishing, read back, and never relied on. */

import assert from "node:assert/strict";
import bencode from "bencode";
import {
  chooseChunkAverage,
  CHUNK_MAP_KEY,
  ChunkMapMaker,
  encodeChunkMap,
  readChunkMap,
} from "../../../../torrent/release/chunk_map.ts";
import { readRelease } from "../../../../torrent/release/metainfo.ts";
import { noise, release } from "../delta/content.ts";

const GIB = 1024 ** 3;

async function published(
  files: Readonly<Record<string, Uint8Array>>,
  options: { chunkMap?: boolean } = {},
) {
  const folder = await Deno.makeTempDir();
  try {
    return await release(folder, files, { version: "1", ...options });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("chooseChunkAverage: finer for small releases, never more than about a million chunks", () => {
  const sizes = [0, 0.25, 1, 4, 5, 64, 65, 256, 257, 512, 2048, 2049, 8192, 100_000];
  const kib = sizes.map((gib) => chooseChunkAverage(gib * GIB) / 1024);
  assert.deepEqual(kib, [8, 8, 16, 32, 64, 128, 256, 256, 512, 512, 2048, 4096, 8192, 8192]);
  assert.equal(chooseChunkAverage(GIB + 1), 32 * 1024);
});

Deno.test("chunk map: covers the files that are large enough, and leaves the info hash alone", async () => {
  const files = { a: noise(200_000, 1), b: noise(8_192, 2), c: noise(8_193, 3), d: noise(0, 4) };
  const mapped = await published(files);
  const map = readChunkMap(readRelease(mapped.metainfo));
  assert.ok(map !== undefined);
  assert.equal(map.averageBytes, 8_192);
  assert.equal(map.sizesBytes.reduce((sum, one) => sum + one, 0), 200_000 + 8_193);
  assert.equal(map.hashes.length, 6 * map.sizesBytes.length);
  const plain = await published(files, { chunkMap: false });
  assert.equal(plain.infoHash, mapped.infoHash);
  assert.equal(readChunkMap(readRelease(plain.metainfo)), undefined);
  const small = await published({ b: files.b });
  assert.equal(readChunkMap(readRelease(small.metainfo)), undefined);
});

Deno.test("readChunkMap: a map that does not fit the release is as good as none", async () => {
  const { metainfo } = await published({ a: noise(300_000, 5) });
  const decoded = bencode.decode(metainfo) as Record<string, unknown>;
  const map = decoded[CHUNK_MAP_KEY] as { average: number; entries: Uint8Array; schema: number };
  const withMap = (value: unknown) =>
    readChunkMap(readRelease(bencode.encode({ ...decoded, [CHUNK_MAP_KEY]: value })));
  assert.ok(withMap(map) !== undefined);
  const changed = map.entries.slice();
  changed[7] = (changed[7]! + 1) & 0xff;
  const wrong = [
    7,
    [],
    {},
    "rollcall",
    { ...map, schema: 2 },
    { ...map, average: 4096 },
    { ...map, average: 20_000 },
    { ...map, average: 64 * 1024 },
    { ...map, entries: changed },
    { ...map, entries: map.entries.subarray(0, -1) },
    { ...map, entries: map.entries.subarray(0, -8) },
    { ...map, entries: new Uint8Array([...map.entries, ...map.entries]) },
    { ...map, entries: new Uint8Array() },
  ];
  for (const value of wrong) assert.equal(withMap(value), undefined, JSON.stringify(value));
});

Deno.test("chunk map: sizes take as many bytes as the largest chunk needs", async () => {
  for (
    const [averageKib, entryBytes] of [[8, 8], [16, 8], [32, 9], [2048, 9], [8192, 10]] as const
  ) {
    const averageBytes = averageKib * 1024;
    const sizeBytes = 5 * averageBytes + 7;
    const content = noise(sizeBytes, 7);
    const { metainfo } = await published({ a: content });
    const maker = new ChunkMapMaker(averageBytes);
    maker.update(content);
    maker.endFile();
    const map = maker.finish();
    assert.ok(map !== undefined);
    const encoded = encodeChunkMap(map);
    assert.equal((encoded["entries"] as Uint8Array).length, entryBytes * map.sizesBytes.length);
    const decoded = bencode.decode(metainfo) as Record<string, unknown>;
    const read = readChunkMap(
      readRelease(bencode.encode({ ...decoded, [CHUNK_MAP_KEY]: encoded })),
    );
    assert.deepEqual(read, map);
  }
});

Deno.test("ChunkMapMaker: more chunks than a map may have make no map, whatever the content", () => {
  const content = noise(1024 ** 2, 6);
  const cut = (maxChunks?: number) => {
    const maker = new ChunkMapMaker(1024, maxChunks);
    maker.update(content);
    maker.endFile();
    return maker.finish();
  };
  const count = cut()?.sizesBytes.length ?? 0;
  assert.ok(count > 512);
  assert.equal(cut(count)?.sizesBytes.length, count);
  assert.equal(cut(count - 1), undefined);
});
