/** The handshake of BEP 3. */

import assert from "node:assert/strict";
import { decodeHandshake, encodeHandshake } from "../../../../../torrent/swarm/wire/handshake.ts";
import { ProtocolViolation } from "../../../../../torrent/swarm/wire/messages.ts";

Deno.test("encodeHandshake, decodeHandshake: what is said is what is heard, and nothing else is one", () => {
  const infoHash = "0123456789abcdef".repeat(3).slice(0, 40);
  const peerId = "fe".repeat(20);
  const bytes = encodeHandshake(infoHash, peerId);
  assert.deepEqual(decodeHandshake(bytes), { infoHash, peerId, fast: true, extended: true });
  // BEP 10 and BEP 6: the bits of a client that speaks neither.
  const plain = bytes.slice().fill(0, 20, 28);
  assert.deepEqual(decodeHandshake(plain), { infoHash, peerId, fast: false, extended: false });
  for (const at of [0, 1, 19]) {
    const broken = bytes.slice();
    broken[at]! ^= 1;
    assert.throws(() => decodeHandshake(broken), ProtocolViolation);
  }
  assert.throws(() => decodeHandshake(bytes.subarray(1)), ProtocolViolation);
});
