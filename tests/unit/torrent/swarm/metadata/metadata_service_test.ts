/** The info dictionary, as it is served to peers that have only its hash. */

import bencode from "bencode";
import assert from "node:assert/strict";
import {
  infoBytesOf,
  MetadataService,
} from "../../../../../torrent/swarm/metadata/metadata_service.ts";
import {
  decodeMetadataMessage,
  METADATA_PART_BYTES,
} from "../../../../../torrent/swarm/wire/extension_protocol.ts";

Deno.test("MetadataService: gives every part, refuses the rest, and the whole at most twice", () => {
  const info = new Uint8Array(METADATA_PART_BYTES * 2 + 10).map((_, at) => at % 251);
  const service = new MetadataService(info);
  const ask = (part: number) => decodeMetadataMessage(service.answer(part));
  const parts: number[] = [];
  for (let part = 0; part < 3; part++) {
    const answer = ask(part);
    assert.ok(answer?.type === "data");
    parts.push(...answer.bytes);
  }
  assert.deepEqual(parts, [...info]);
  assert.deepEqual(ask(3), { type: "reject", part: 3 });
  for (let part = 0; part < 3; part++) assert.equal(ask(part)?.type, "data");
  assert.deepEqual(ask(0), { type: "reject", part: 0 });
  assert.equal(service.maxParts, 6);
});

Deno.test("infoBytesOf: the dictionary byte for byte, as its hash covers it", () => {
  const info = { length: 5, name: "x" };
  const metainfo = bencode.encode({ announce: "http://t/announce", info });
  assert.deepEqual([...infoBytesOf(metainfo)], [...bencode.encode(info)]);
});
