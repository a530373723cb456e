/**
 * Announces of strangers, over HTTP and UDP, to one tracker for a while: whatever they say, each is answered with what its
 * client can read or not at all, nobody is sent more than it sent before it has shown its address, and the bookkeeping holds.
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import { withoutMapping } from "../../../base/ip_address.ts";
import { textResponse } from "../../../http/mod.ts";
import { outlineBencode } from "../../../torrent/release/bencode_check.ts";
import { ConnectionIds } from "../../../tracker/frontend/connection_ids.ts";
import { httpFrontend } from "../../../tracker/frontend/http.ts";
import { PROTOCOL_ID, UdpFrontend } from "../../../tracker/frontend/udp.ts";
import { defaultHandoutSettings } from "../../../tracker/handout/handout_settings.ts";
import { SubnetMap } from "../../../tracker/members/subnet_map.ts";
import { newCounters } from "../../../tracker/stats/counters.ts";
import { reportOn } from "../../../tracker/stats/swarm_report.ts";
import { Swarms } from "../../../tracker/swarm/swarms.ts";
import { type Dice, fuzzTest } from "../torrent/inputs.ts";

const file = import.meta.url;
/** Announces to one tracker; each of them counts as an input of a long run. */
const ANNOUNCES = 60;
const VALUES = [
  "",
  "0",
  "1",
  "-1",
  "1e400",
  "99999999999999999999",
  "%",
  "%zz",
  "%00",
  "ü",
  "a".repeat(300),
  "NaN",
  "[::1]:1",
];
const KEYS = [
  ...[
    "port",
    "left",
    "uploaded",
    "downloaded",
    "numwant",
    "event",
    "compact",
    "no_peer_id",
    "host",
    "site",
  ],
  ...[
    "rack",
    "rack_bytes",
    "site_bytes",
    "remote_bytes",
    "keeps_reach",
    "lost",
    "sources",
    "ip",
    "x",
  ],
];

function setUp(dice: Dice) {
  const clock = { now: 0, nowMs: () => clock.now };
  const settings = defaultHandoutSettings;
  const swarms = new Swarms({
    settings,
    subnets: new SubnetMap([{ cidr: "10.9.0.0/16", site: "m", rack: "m", peersPerAddress: 3 }]),
    clock,
    random: () => dice.random(),
    log: silentLog,
  });
  const counters = newCounters();
  const ids = new ConnectionIds(clock, new Uint8Array(32));
  const http = httpFrontend({ swarms, counters, pages: () => textResponse(200, "page") });
  return { clock, settings, swarms, ids, http, udp: new UdpFrontend({ swarms, ids, counters }) };
}

function anyAddress(dice: Dice): string {
  return dice.pick([
    `10.0.0.${dice.below(5)}`,
    "10.9.1.1",
    "::ffff:10.0.0.9",
    `2001:db8::${dice.below(4)}`,
  ]);
}

function anyQuery(dice: Dice): string {
  const pairs = dice.chance(0.95)
    ? [
      `info_hash=${dice.pick(["a", "b"]).repeat(20)}`,
      `peer_id=${"p".repeat(19)}${dice.below(10)}`,
    ]
    : [];
  if (dice.chance(0.9)) pairs.push(`port=${1 + dice.below(20)}`, `left=${dice.pick([0, 5, 10])}`);
  if (dice.chance(0.7)) {
    pairs.push(`host=h${dice.below(9)}`, `site=s${dice.below(3)}`, `rack=r${dice.below(3)}`);
  }
  if (dice.chance(0.5)) pairs.push(`sources=10.0.0.${dice.below(5)}%3A${1 + dice.below(20)}`);
  if (dice.chance(0.2)) pairs.push(`lost=10.0.0.${dice.below(5)}%3A${1 + dice.below(20)}`);
  for (let more = dice.below(4); more > 0; more--) {
    pairs.push(`${dice.pick(KEYS)}=${dice.pick(VALUES)}`);
  }
  const query = pairs.join("&");
  if (dice.chance(0.8)) return query;
  return new TextDecoder("latin1").decode(dice.mutate(new TextEncoder().encode(query)));
}

function anyDatagram(dice: Dice, id: bigint): Uint8Array {
  const bytes = dice.bytes(98 + dice.below(60));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, dice.chance(0.8) ? id : dice.chance(0.5) ? PROTOCOL_ID : 1n);
  view.setUint32(8, dice.chance(0.95) ? dice.below(4) : dice.uint32());
  bytes.fill(97, 16, 36);
  view.setUint32(80, dice.below(5));
  view.setInt32(92, dice.chance(0.5) ? -1 : dice.below(200));
  view.setUint16(96, dice.below(5));
  if (bytes.length > 100 && dice.chance(0.5)) {
    const text = new TextEncoder().encode(`/announce?${anyQuery(dice)}`)
      .subarray(0, bytes.length - 100);
    bytes.set([2, text.length, ...text], 98);
  }
  return dice.chance(0.2) ? dice.mutate(bytes) : bytes;
}

fuzzTest(
  "tracker: any announces and datagrams, in any order",
  { file, ordinary: 300 },
  async (dice) => {
    const { clock, settings, swarms, ids, http, udp } = setUp(dice);
    for (let announce = 0; announce < ANNOUNCES; announce++) {
      clock.now += dice.pick([0, 100, 3000, 20_000]);
      const ip = anyAddress(dice);
      if (dice.chance(0.5)) {
        const path = dice.pick(["announce", "announce", "announce", "scrape"]);
        // As a URL object writes it, which is what the server hands on.
        const { href } = new URL(`http://tracker/${path}?${anyQuery(dice)}`);
        const { body: bytes } = await http({
          method: "GET",
          target: href.slice("http://tracker".length),
          host: "tracker",
          remoteAddress: withoutMapping(ip),
          localAddress: "10.0.0.1",
          headerLines: "",
          keepsAlive: true,
        });
        assert.equal(outlineBencode(bytes)?.sizeBytes, bytes.length, href);
        assert.ok(bytes.length <= 16_384);
      } else {
        const plain = ip.replace("::ffff:", "");
        const id = ids.idFor(plain);
        const datagram = anyDatagram(dice, id);
        const isKnown = datagram.length >= 8 &&
          new DataView(datagram.buffer).getBigUint64(0) === id;
        const reply = udp.answer(datagram, ip);
        assert.ok((reply?.length ?? 0) <= (isKnown ? 20 + 74 * 18 : datagram.length));
      }
    }
    for (const swarm of swarms.all) {
      const { sites, seeds, leechers, strangers } = reportOn(swarm, { settings, nowMs: clock.now });
      assert.equal(seeds + leechers, swarm.members.size);
      assert.equal(sites.reduce((sum, { peers }) => sum + peers, strangers), swarm.members.size);
      for (const site of sites) {
        assert.equal(site.racks.reduce((sum, { peers }) => sum + peers, 0), site.peers);
        assert.ok(site.gateways.length <= settings.gatewaysPerSite);
      }
    }
    for (const passedMs of [1_000_000, 5000, 5000]) {
      clock.now += passedMs;
      swarms.sweep();
    }
    assert.equal(swarms.all.length, 0, "nothing is left of those that are silent");
  },
);
