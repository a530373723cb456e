/** What peers tell each other beyond the base protocol (BEP 9, BEP 10), and what is made of nonsense. */

import bencode from "bencode";
import fc from "fast-check";
import assert from "node:assert/strict";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  encodeMetadataMessage,
} from "../../../../../torrent/swarm/wire/extension_protocol.ts";

const locality = { host: "wéb-1", site: "north", rack: "a" };

Deno.test("encodeExtensions, decodeExtensions: hosts that run Rollcall hear all of each other", () => {
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

Deno.test("decodeExtensions: what makes no sense is as if it had not been said", () => {
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

Deno.test("decodeExtensions, decodeMetadataMessage: no bytes whatever throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeExtensions(bytes);
      decodeMetadataMessage(bytes);
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeMetadataMessage, decodeMetadataMessage: read back as they were written", () => {
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
