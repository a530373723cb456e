/**
 * Both servers in front of the same swarms: what the same announces are answered, and what the server of
 * bittorrent-tracker would do wrong over UDP if it were left alone.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { silentLog } from "../../../base/log.ts";
import bencode from "bencode";
import { IMPORT_WAYS, type ImportWay } from "../../../base/stripes.ts";
import {
  createTracker,
  type Tracker,
  TRACKER_SERVERS,
  type TrackerServerName,
} from "../../../tracker/mod.ts";

const log = silentLog;
const HASH = Buffer.alloc(20, 0xab);
const PROTOCOL_ID = 0x41727101980n;
const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
const ERROR = 3;
/** Long enough for an answer on loopback, where none is expected. */
const SILENCE_MS = 200;

async function withTracker(
  server: TrackerServerName,
  work: (tracker: Tracker) => Promise<void>,
  hostname = "127.0.0.1",
  importBy: ImportWay = "gateways",
): Promise<void> {
  let seed = 1;
  const tracker = await createTracker({
    hostname,
    server,
    settings: { importBy },
    clock: { nowMs: () => 0 },
    // Park and Miller's: both servers draw the same.
    random: () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647,
    log,
  });
  try {
    await work(tracker);
  } finally {
    await tracker.close();
  }
}

const percent = (bytes: Buffer) => bytes.toString("hex").replace(/../g, "%$&");

/** What the n-th of 200 hosts says: racks, seeds, strangers, and some that leave. */
function query(index: number): string {
  const place = index % 7 === 0
    ? ""
    : `&host=h${index}&site=s%C3%B6${index % 3}&rack=r${index % 5}` +
      `&rack_bytes=${index * 10}&site_bytes=${index}&remote_bytes=1` +
      `&keeps_reach=${index % 2}` + (index % 4 === 1 ? "" : "&stripes=");
  const event = index % 11 === 10 ? "stopped" : index % 13 === 12 ? "completed" : "started";
  // Some come again.
  const port = 4_000 + index % 160;
  return `info_hash=${percent(HASH)}&peer_id=${percent(Buffer.alloc(20, index % 160))}` +
    `&port=${port}&left=${index % 17 === 0 ? 0 : 1_000 - index}&event=${event}` +
    `&numwant=${index % 19 === 0 ? 5 : 30}&compact=${index % 2}${place}`;
}

for (const importBy of IMPORT_WAYS) {
  Deno.test(`tracker: either server answers the same announces the same, by ${importBy}`, () =>
    expectSameAnswers(importBy));
}

async function expectSameAnswers(importBy: ImportWay): Promise<void> {
  const answers = new Map<TrackerServerName, unknown[]>();
  for (const server of TRACKER_SERVERS) {
    const given: unknown[] = [];
    await withTracker(
      server,
      async (tracker) => {
        for (let index = 0; index < 200; index++) {
          const response = await fetch(`${tracker.announceUrl}?${query(index)}`);
          // The package says that there are no IPv6 peers, ours does not mention them.
          const { peers6: _, ...answer } = bencode.decode(await response.bytes());
          given.push(answer);
        }
        const { swarms, peers } = tracker.stats();
        given.push(peers, swarms);
      },
      undefined,
      importBy,
    );
    answers.set(server, given);
  }
  const [ours, theirs] = TRACKER_SERVERS.map((server) => answers.get(server));
  assert.deepEqual(theirs, ours);
}

interface Udp {
  /** What it is answered; undefined: nothing. */
  ask(request: Buffer): Promise<Buffer | undefined>;
}

async function withUdp(
  server: TrackerServerName,
  work: (tracker: Tracker, udp: Udp) => Promise<void>,
  hostname = "127.0.0.1",
): Promise<void> {
  await withTracker(server, async (tracker) => {
    const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
    try {
      const ask = async (request: Buffer) => {
        const gaveUp = new AbortController();
        const timer = setTimeout(() => gaveUp.abort(), SILENCE_MS);
        try {
          const answered = once(socket, "message", { signal: gaveUp.signal });
          socket.send(request, tracker.port, hostname);
          return (await answered)[0] as Buffer;
        } catch {
          return undefined;
        } finally {
          clearTimeout(timer);
        }
      };
      await work(tracker, { ask });
    } finally {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
  }, hostname);
}

function request(id: bigint, action: number, rest = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(id);
  head.writeUInt32BE(action, 8);
  head.writeUInt32BE(7, 12);
  return Buffer.concat([head, rest]);
}

function announceRequest(
  id: bigint,
  { port, claimed = 0, urlData = "" }: { port: number; claimed?: number; urlData?: string },
): Buffer {
  const rest = Buffer.alloc(82);
  HASH.copy(rest);
  rest.fill(port % 256, 20, 40);
  rest.writeBigUInt64BE(100n, 48);
  rest.writeUInt32BE(2, 64);
  rest.writeUInt32BE(claimed, 68);
  rest.writeInt32BE(-1, 76);
  rest.writeUInt16BE(port, 80);
  const option = Buffer.concat([Buffer.from([2, urlData.length]), Buffer.from(urlData)]);
  return request(id, ANNOUNCE, urlData === "" ? rest : Buffer.concat([rest, option]));
}

/** Machines without IPv6 have no such address. */
const hasIpv6 = Deno.networkInterfaces().some(({ address }) => address === "::1");

for (const server of TRACKER_SERVERS) {
  Deno.test({
    name: `tracker, server ${server}: over UDP IPv6 peers are given each other`,
    ignore: !hasIpv6,
    fn: () =>
      withUdp(server, async (_tracker, { ask }) => {
        const connected = await ask(request(PROTOCOL_ID, CONNECT));
        const id = connected?.readBigUInt64BE(8) ?? 0n;
        await ask(announceRequest(id, { port: 4001 }));
        const answer = await ask(announceRequest(id, { port: 4002 }));
        const loopback = [...Array(15).fill(0), 1];
        assert.deepEqual([...answer?.subarray(20) ?? []], [...loopback, 4001 >> 8, 4001 & 255]);
      }, "::1"),
  });

  Deno.test(`tracker, server ${server}: over UDP only who has shown its address is answered`, () =>
    withUdp(server, async (tracker, { ask }) => {
      const connected = await ask(request(PROTOCOL_ID, CONNECT));
      assert.ok(connected?.length === 16);
      const id = connected.readBigUInt64BE(8);
      assert.notEqual(id, PROTOCOL_ID);
      assert.equal(await ask(announceRequest(PROTOCOL_ID, { port: 4001 })), undefined);
      assert.equal(await ask(request(PROTOCOL_ID, SCRAPE, HASH)), undefined);
      assert.equal(await ask(Buffer.from("short")), undefined);
      assert.equal(tracker.stats().peers, 0);
      const [claimed, urlData] = [0x08080808, "/announce?host=a&site=s%C3%B6&rack=r"];
      await ask(announceRequest(id, { port: 4001, claimed, urlData }));
      const answer = await ask(announceRequest(id, { port: 4002, claimed }));
      assert.deepEqual([...answer?.subarray(20) ?? []], [127, 0, 0, 1, 4001 >> 8, 4001 & 255]);
      const scraped = await ask(request(id, SCRAPE, Buffer.concat([Buffer.alloc(20), HASH])));
      assert.deepEqual(
        [8, 12, 16, 20, 24, 28].map((at) => scraped?.readUInt32BE(at)),
        [0, 0, 0, 0, 0, 2],
      );
      const none = await ask(request(id, SCRAPE));
      assert.ok(none === undefined || none.readUInt32BE(0) === ERROR);
    }));

  Deno.test(`tracker, server ${server}: site and rack come over UDP as well, and all is counted`, () =>
    withUdp(server, async (tracker, { ask }) => {
      const connected = await ask(request(PROTOCOL_ID, CONNECT));
      const id = connected?.readBigUInt64BE(8) ?? 0n;
      await ask(announceRequest(id, { port: 4001, urlData: "/x?host=a&site=s%C3%B6&rack=r" }));
      await ask(announceRequest(0n, { port: 4001 }));
      const { counters, swarms: [swarm] } = tracker.stats();
      assert.deepEqual(swarm?.sites.map(({ name }) => name), ["sö"]);
      assert.deepEqual(
        [counters.udpConnects, counters.udpAnnounces, counters.udpIgnored, counters.refusals],
        [1, 1, 1, 0],
      );
    }));
}
