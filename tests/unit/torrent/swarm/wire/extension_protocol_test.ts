/** What peers tell each other beyond the base protocol (BEP 9, BEP 10), and what is made of nonsense. */

import assert from "node:assert/strict";
import bencode from "bencode";
import fc from "fast-check";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  encodeMetadataMessage,
  METADATA_PART_BYTES,
} from "../../../../../torrent/swarm/wire/extension_protocol.ts";
import {
  infoBytesOf,
  MetadataService,
} from "../../../../../torrent/swarm/metadata/metadata_service.ts";

const locality = { host: "wéb-1", site: "north", rack: "a" };

Deno.test("extension handshake: hosts of ours hear all of each other", () => {
  const payload = encodeExtensions({
    port: 6881,
    locality,
    maxRequests: 512,
    maxRequestBytes: 131_072,
    metadataBytes: 12_345,
  });
  assert.deepEqual(decodeExtensions(payload), {
    port: 6881,
    locality,
    maxRequests: 512,
    maxRequestBytes: 131_072,
    metadataExtension: 2,
    metadataBytes: 12_345,
  });
});

Deno.test("extension handshake: what makes no sense is as if it had not been said", () => {
  const nothing = {
    port: undefined,
    locality: undefined,
    maxRequests: 250,
    maxRequestBytes: undefined,
    metadataExtension: undefined,
    metadataBytes: undefined,
  };
  assert.deepEqual(decodeExtensions(bencode.encode({})), nothing);
  assert.deepEqual(
    decodeExtensions(bencode.encode({
      m: { ut_metadata: 300 },
      p: 70_000,
      reqq: -1,
      metadata_size: -5,
      rollcall: { host: "", site: "x" },
      rollcall_request: "much",
    })),
    nothing,
  );
  for (const text of ["", "i1e", "l-3:ee", "d1:m", "5:hello", "d1:pi1e1:pi2ee"]) {
    const decoded = decodeExtensions(new TextEncoder().encode(text));
    assert.ok(decoded === undefined || decoded.port === undefined, text);
  }
});

Deno.test("extension messages: no bytes whatever throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeExtensions(bytes);
      decodeMetadataMessage(bytes);
    }),
    { numRuns: 500 },
  );
});

Deno.test("metadata messages: read back as they were written", () => {
  const bytes = new Uint8Array(100).fill(9);
  for (
    const message of [
      { type: "request", part: 3 },
      { type: "reject", part: 4 },
      { type: "data", part: 5, bytes },
    ] as const
  ) {
    const decoded = decodeMetadataMessage(encodeMetadataMessage(message, 1000));
    assert.deepEqual(decoded && { ...decoded }, message);
  }
  assert.equal(decodeMetadataMessage(bencode.encode({ msg_type: 7, piece: 0 })), undefined);
});

Deno.test("MetadataService: gives every part, refuses the rest, and the whole at most twice", () => {
  const info = new Uint8Array(METADATA_PART_BYTES * 2 + 10).map((_, at) => at % 251);
  const service = new MetadataService(info);
  const ask = (part: number) => {
    const answer = service.answer({ type: "request", part });
    return answer === undefined ? undefined : decodeMetadataMessage(answer);
  };
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
  assert.equal(service.answer({ type: "reject", part: 0 }), undefined);
});

Deno.test("infoBytesOf: the dictionary byte for byte, as its hash covers it", () => {
  const info = { length: 5, name: "x" };
  const metainfo = bencode.encode({ announce: "http://t/announce", info });
  assert.deepEqual([...infoBytesOf(metainfo)], [...bencode.encode(info)]);
});
