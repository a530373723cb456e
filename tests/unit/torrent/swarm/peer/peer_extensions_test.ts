/** What one peer says in the extension protocol, and what it is told. */

import assert from "node:assert/strict";
import { PeerExtensions } from "../../../../../torrent/swarm/peer/peer_extensions.ts";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  encodeMetadataMessage,
  METADATA_EXTENSION,
} from "../../../../../torrent/swarm/wire/extension_protocol.ts";
import { MessageId, Outbox } from "../../../../../torrent/swarm/wire/messages.ts";

const locality = { host: "web-1", site: "north", rack: "a" };
const INFO = new Uint8Array(100).fill(7);

function setUp() {
  const outbox = new Outbox(100_000);
  const extensions = new PeerExtensions(outbox, INFO);
  /** The one message that was sent since: its extension number and payload. */
  const sent = () => {
    const bytes = new Uint8Array(outbox.sizeBytes);
    outbox.drainTo(bytes, 0);
    if (bytes.length === 0) return undefined;
    assert.equal(bytes[4], MessageId.extended);
    return { extension: bytes[5], payload: bytes.subarray(6) };
  };
  return { extensions, sent };
}

const message = (extension: number, payload: Uint8Array) => new Uint8Array([extension, ...payload]);

const handshake = (port: number) =>
  message(
    0,
    encodeExtensions({
      port,
      locality,
      maxRequests: 9,
      maxRequestBytes: 16_384,
      metadataBytes: 0,
    }),
  );

Deno.test("PeerExtensions: says who we are, and how much metadata there is", () => {
  const { extensions, sent } = setUp();
  extensions.sendHandshake({ locality, port: 6881, infoBytes: INFO });
  const told = sent();
  assert.equal(told?.extension, 0);
  const read = decodeExtensions(told?.payload ?? new Uint8Array());
  assert.equal(read?.port, 6881);
  assert.deepEqual(read?.locality, locality);
  assert.equal(read?.metadataBytes, INFO.length);
});

Deno.test("PeerExtensions: a peer's first handshake counts, and no later one", () => {
  const { extensions } = setUp();
  assert.equal(extensions.onMessage(message(0, new Uint8Array([1, 2]))), undefined);
  assert.equal(extensions.onMessage(handshake(1))?.port, 1);
  assert.equal(extensions.onMessage(handshake(2)), undefined);
  assert.equal(extensions.port, 1);
  assert.deepEqual(extensions.locality, locality);
});

Deno.test("PeerExtensions: metadata goes to whoever has said under which number", () => {
  const { extensions, sent } = setUp();
  const request = message(
    METADATA_EXTENSION,
    encodeMetadataMessage({ type: "request", part: 0 }, 0),
  );
  extensions.onMessage(request);
  assert.equal(sent(), undefined);
  extensions.onMessage(handshake(1));
  extensions.onMessage(request);
  const answer = sent();
  assert.equal(answer?.extension, METADATA_EXTENSION);
  const read = decodeMetadataMessage(answer?.payload ?? new Uint8Array());
  assert.ok(read?.type === "data");
  assert.deepEqual([...read.bytes], [...INFO]);
  extensions.onMessage(message(9, encodeMetadataMessage({ type: "request", part: 0 }, 0)));
  assert.equal(sent(), undefined, "9 is no number of ours");
});
