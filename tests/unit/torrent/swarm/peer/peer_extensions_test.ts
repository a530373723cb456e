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

function setUp(info = INFO) {
  const outbox = new Outbox(10_000_000);
  const extensions = new PeerExtensions(outbox, info);
  /** The one message that was sent since: its extension number and payload. */
  const sent = () => {
    const batch = new Uint8Array(40_000);
    const bytes = batch.subarray(0, extensions.addMetadata(batch, outbox.drainTo(batch, 0)));
    if (bytes.length === 0) return undefined;
    assert.equal(bytes[4], MessageId.extended);
    return { extension: bytes[5], payload: bytes.subarray(6) };
  };
  return { extensions, outbox, sent };
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

Deno.test("PeerExtensions: metadata that a peer asks for and does not read takes no memory", () => {
  const { extensions, outbox } = setUp(new Uint8Array(7_000_000));
  extensions.onMessage(handshake(1));
  for (let part = 0; part < 400; part++) {
    extensions.onMessage(
      message(METADATA_EXTENSION, encodeMetadataMessage({ type: "request", part }, 0)),
    );
  }
  assert.ok(outbox.sizeBytes < 64 * 1024, `${outbox.sizeBytes} bytes wait`);
  assert.ok(extensions.hasMetadata);
  const batch = new Uint8Array(100_000);
  let sentBytes = 0;
  while (extensions.hasMetadata) sentBytes += extensions.addMetadata(batch, 0);
  assert.ok(sentBytes > 400 * 16_384);
});

Deno.test("PeerExtensions: requests for metadata without end are a violation", () => {
  const { extensions } = setUp();
  extensions.onMessage(handshake(1));
  const request = message(
    METADATA_EXTENSION,
    encodeMetadataMessage({ type: "request", part: 0 }, 0),
  );
  assert.throws(() => {
    for (let count = 0; count < 1000; count++) extensions.onMessage(request);
  }, /66 requests wait, there are 2 parts to give/);
});
