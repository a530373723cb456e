/** Datagrams in and out, without a socket. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import fc from "fast-check";
import { ConnectionIds } from "../../../../tracker/frontend/connection_ids.ts";
import { newCounters } from "../../../../tracker/stats/counters.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { Swarms } from "../../../../tracker/swarm/swarms.ts";
import { UdpFrontend } from "../../../../tracker/frontend/udp.ts";

const PROTOCOL_ID = 0x41727101980n;
const HASH = new Uint8Array(20).fill(0xab);

function setUp() {
  const clock = { now: 0, nowMs: () => clock.now };
  const swarms = new Swarms({
    settings: defaultHandoutSettings,
    subnets: new SubnetMap([]),
    clock,
    random: () => 0,
    log: silentLog,
  });
  const counters = newCounters();
  const front = new UdpFrontend({ swarms, ids: new ConnectionIds(clock), counters });
  return { front, swarms, counters, clock };
}

function connectRequest(id = PROTOCOL_ID): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, id);
  view.setUint32(12, 7);
  return new Uint8Array(view.buffer);
}

function connect(front: UdpFrontend, ip: string): bigint {
  const reply = front.answer(connectRequest(), ip);
  assert.ok(reply !== undefined && reply.length === 16);
  const view = new DataView(reply.buffer);
  assert.deepEqual([view.getUint32(0), view.getUint32(4)], [0, 7]);
  return view.getBigUint64(8);
}

function announceRequest(
  id: bigint,
  options: { port: number; left?: number; sent?: number; urlData?: string },
) {
  const { port, left = 100, sent = 0, urlData = "" } = options;
  const data = new TextEncoder().encode(urlData);
  const view = new DataView(new ArrayBuffer(98 + (data.length > 0 ? 3 + data.length : 0)));
  const bytes = new Uint8Array(view.buffer);
  view.setBigUint64(0, id);
  view.setUint32(8, 1);
  view.setUint32(12, 9);
  bytes.set(HASH, 16);
  bytes.set(new TextEncoder().encode(String(port).padStart(20, "-")), 36);
  view.setBigUint64(64, BigInt(left));
  view.setBigUint64(72, BigInt(sent));
  view.setInt32(92, -1);
  view.setUint16(96, port);
  if (data.length > 0) {
    bytes.set([1, 2, data.length, ...data], 98);
  }
  return bytes;
}

function text(reply: Uint8Array | undefined): string {
  return new TextDecoder().decode(reply?.subarray(8));
}

Deno.test("UdpFrontend: connect, announce, and the other's address comes back", () => {
  const { front } = setUp();
  const urlData = "/announce?host=web-1&site=north&rack=a";
  const first = connect(front, "10.0.0.1");
  front.answer(announceRequest(first, { port: 6881, urlData, left: 0 }), "10.0.0.1");
  const second = connect(front, "10.0.0.2");
  const reply = front.answer(announceRequest(second, { port: 6882, urlData }), "10.0.0.2");
  assert.ok(reply !== undefined);
  const view = new DataView(reply.buffer);
  const fields = [0, 4, 12, 16].map((at) => view.getUint32(at));
  assert.deepEqual(fields, [1, 9, 1, 1], "action, transaction, leechers, seeders");
  assert.deepEqual([...reply.subarray(20)], [10, 0, 0, 1, 6881 >> 8, 6881 & 255]);
});

Deno.test("UdpFrontend: names come as URL data of BEP 41, in parts as well", () => {
  const { front, swarms } = setUp();
  const id = connect(front, "10.0.0.1");
  const whole = announceRequest(id, { port: 6881, urlData: "/announce?site=north&rack=a" });
  const split = new Uint8Array([
    ...whole.subarray(0, 98),
    ...[2, 10, ...whole.subarray(101, 111)],
    ...[2, whole.length - 111, ...whole.subarray(111)],
    0,
    255,
  ]);
  front.answer(split, "10.0.0.1");
  const [site] = swarms.all[0]?.members.fleet.children.values() ?? [];
  assert.equal(site?.name, "north");
});

Deno.test("UdpFrontend: an IPv6 peer is told IPv6 addresses only", () => {
  const { front } = setUp();
  for (const ip of ["10.0.0.1", "fd00::1", "fd00::2"]) {
    front.answer(announceRequest(connect(front, ip), { port: 6881 }), ip);
  }
  const id = connect(front, "fd00::3");
  const reply = front.answer(announceRequest(id, { port: 6881 }), "fd00::3");
  assert.equal(reply?.length, 20 + 2 * 18);
});

Deno.test("UdpFrontend: without a valid connection id there is no answer", () => {
  const { front, counters, clock } = setUp();
  const id = connect(front, "10.0.0.1");
  assert.equal(front.answer(announceRequest(id, { port: 1 }), "10.0.0.2"), undefined);
  assert.equal(front.answer(announceRequest(id + 1n, { port: 1 }), "10.0.0.1"), undefined);
  assert.equal(front.answer(connectRequest(1n), "10.0.0.1"), undefined);
  clock.now += 61_000;
  assert.ok(front.answer(announceRequest(id, { port: 1 }), "10.0.0.1") !== undefined);
  clock.now += 61_000;
  assert.equal(front.answer(announceRequest(id, { port: 1 }), "10.0.0.1"), undefined);
  assert.equal(counters.udpIgnored, 4);
});

Deno.test("UdpFrontend: who shows no connection id gets no more bytes than it sent", () => {
  const { front } = setUp();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (datagram) => {
    const reply = front.answer(datagram, "10.0.0.1");
    assert.ok(reply === undefined || reply.length <= datagram.length);
  }));
});

Deno.test("UdpFrontend: nothing that follows a valid connection id makes it throw", () => {
  const { front } = setUp();
  const id = connect(front, "10.0.0.1");
  fc.assert(fc.property(
    fc.constantFrom(1, 2, 3, 4),
    fc.uint8Array({ maxLength: 400 }),
    (action, rest) => {
      const datagram = new Uint8Array(16 + rest.length);
      new DataView(datagram.buffer).setBigUint64(0, id);
      new DataView(datagram.buffer).setUint32(8, action);
      datagram.set(rest, 16);
      front.answer(datagram, "10.0.0.1");
    },
  ));
});

Deno.test("UdpFrontend: a port of 0 is refused with a reason", () => {
  const { front, counters } = setUp();
  const id = connect(front, "10.0.0.1");
  assert.match(text(front.answer(announceRequest(id, { port: 0 }), "10.0.0.1")), /port/);
  assert.equal(counters.refusals, 1);
});

Deno.test("UdpFrontend: a scrape of several swarms, zeros for those that are not there", () => {
  const { front } = setUp();
  const id = connect(front, "10.0.0.1");
  front.answer(announceRequest(id, { port: 6881, left: 0, sent: 1 }), "10.0.0.1");
  const request = new Uint8Array(56);
  new DataView(request.buffer).setBigUint64(0, id);
  new DataView(request.buffer).setUint32(8, 2);
  request.set(HASH, 16);
  const reply = front.answer(request, "10.0.0.1");
  assert.ok(reply !== undefined);
  const view = new DataView(reply.buffer);
  const fields = [0, 8, 12, 16, 20, 24, 28].map((at) => view.getUint32(at));
  assert.deepEqual(fields, [2, 1, 0, 0, 0, 0, 0]);
  assert.equal(reply.length, 32);
});
