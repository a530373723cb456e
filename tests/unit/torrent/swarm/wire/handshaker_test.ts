/** Dialling and being dialled on loopback, and addresses as text. */

import assert from "node:assert/strict";
import { formatAddress } from "../../../../../base/ip_address.ts";
import { encodeHandshake } from "../../../../../torrent/swarm/wire/handshake.ts";
import {
  acceptHandshake,
  dial,
  parseAddress,
} from "../../../../../torrent/swarm/wire/handshaker.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";

const INFO_HASH = "ab".repeat(20);
const OURS = { infoHash: INFO_HASH, peerId: "11".repeat(20) };
const THEIRS = { infoHash: INFO_HASH, peerId: "22".repeat(20) };

/** Both ends of one attempt; `find` is asked by the end that is dialled. */
async function meet(
  find: Parameters<typeof acceptHandshake>[1],
  own: typeof OURS,
) {
  const clock = new ManualClock();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const { signal } = new AbortController();
  const [dialled, accepted] = await Promise.all([
    dial(address, own, { clock, signal }).catch((error: Error) => error),
    listener.accept().then((connection) => acceptHandshake(connection, find, clock)),
  ]);
  assert.equal(clock.waiting, 0, "no deadline is left behind");
  return { dialled, accepted, address };
}

Deno.test("dial, acceptHandshake: both ends know each other afterwards", async () => {
  const { dialled, accepted, address } = await meet(() => THEIRS, OURS);
  assert.ok(!(dialled instanceof Error) && accepted !== undefined);
  assert.equal(dialled.handshake.peerId, THEIRS.peerId);
  assert.equal(accepted.handshake.peerId, OURS.peerId);
  assert.equal(dialled.address, address);
  assert.match(accepted.address, /^127\.0\.0\.1:\d+$/);
  dialled.connection.close();
  accepted.connection.close();
});

Deno.test("dial: an unknown release, another one, and ourselves are no peers", async () => {
  const unknown = await meet(() => undefined, OURS);
  assert.ok(unknown.dialled instanceof Error);
  assert.equal(unknown.accepted, undefined);
  const itself = await meet(() => OURS, OURS);
  assert.ok(itself.dialled instanceof Error);
  assert.equal(itself.accepted, undefined);
});

Deno.test("acceptHandshake: what is no handshake is closed, and so is a peer that says nothing in time", async () => {
  const clock = new ManualClock();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using stranger = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const garbage = acceptHandshake(await listener.accept(), () => THEIRS, clock);
  await stranger.write(encodeHandshake(INFO_HASH, OURS.peerId).fill(0x16, 0, 20));
  assert.equal(await garbage, undefined);
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const late = acceptHandshake(await listener.accept(), () => THEIRS, clock);
  await silent.write(new Uint8Array(10));
  clock.jump(10_001);
  assert.equal(await late, undefined);
  assert.equal(clock.waiting, 0);
});

Deno.test("formatAddress, parseAddress: IPv6 addresses stand in brackets", () => {
  for (
    const [hostname, port, text] of [
      ["10.0.0.1", 6881, "10.0.0.1:6881"],
      ["2001:db8::1", 80, "[2001:db8::1]:80"],
      ["web-1.example", 1, "web-1.example:1"],
    ] as const
  ) {
    assert.equal(formatAddress(hostname, port), text);
    assert.deepEqual(parseAddress(text), { hostname, port });
  }
});
