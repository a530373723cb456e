/** Queries of announces and scrapes; other people's clients announce in the integration tests. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MAX_WANTED,
  parseAnnounceQuery,
  parseScrapeQuery,
  parseUrlData,
} from "../../../../tracker/frontend/announce_parser.ts";

const HASH = "%ab".repeat(20);
const BASE = `info_hash=${HASH}&peer_id=-BE0001-000000000001&port=6881`;

function parsed(query: string) {
  const announce = parseAnnounceQuery(query);
  assert.ok(typeof announce !== "string", String(announce));
  return announce;
}

Deno.test("parseAnnounceQuery: everything that our announcer says", () => {
  const announce = parsed(
    `${BASE}&uploaded=1&downloaded=2&left=300&compact=1&numwant=20&event=started&host=web-1` +
      "&site=n%C3%B6rth&rack=a%26b&rack_bytes=1&site_bytes=20&remote_bytes=300&keeps_reach=1" +
      "&stripes=0%2C5,15&lost=10.0.0.2%3A6881,%5B%3A%3A1%5D%3A6882&sources=10.0.0.3%3A6881",
  );
  assert.deepEqual(announce, {
    infoHash: "\xab".repeat(20),
    peerId: "-BE0001-000000000001",
    port: 6881,
    leftBytes: 300,
    uploadedBytes: 1,
    downloadedBytes: 2,
    isCompleted: false,
    isStopped: false,
    wanted: 20,
    host: "web-1",
    site: "nörth",
    rack: "a&b",
    received: { rackBytes: 1, siteBytes: 20, remoteBytes: 300 },
    keepsReach: true,
    stripes: [0, 5, 15],
    lost: ["10.0.0.2:6881", "[::1]:6882"],
    sources: ["10.0.0.3:6881"],
    isCompact: true,
    omitsPeerIds: false,
  });
});

Deno.test("parseAnnounceQuery: what is missing or wrong is named", () => {
  assert.match(String(parseAnnounceQuery("")), /info_hash/);
  assert.match(String(parseAnnounceQuery(`info_hash=${HASH}`)), /peer_id/);
  assert.match(String(parseAnnounceQuery(`info_hash=${HASH}%ab&peer_id=${HASH}`)), /info_hash/);
  for (const port of ["0", "65536", "-1", "1.5", "x", ""]) {
    assert.match(String(parseAnnounceQuery(BASE.replace("6881", port))), /port/, port);
  }
  assert.match(String(parseAnnounceQuery(`${BASE}${"&a=b".repeat(100)}`)), /at most 64 keys/);
});

Deno.test("parseAnnounceQuery: nonsense counts as not said, and everything has a bound", () => {
  const announce = parsed(
    `${BASE}&left=-5&numwant=100000&host=${"x".repeat(200)}&site=a%0Ab&rack=&site_bytes=1e400`,
  );
  assert.equal(announce.leftBytes, Infinity, "a negative rest is no seed");
  assert.equal(announce.wanted, MAX_WANTED);
  assert.deepEqual([announce.host, announce.site, announce.rack], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(announce.received, { rackBytes: 0, siteBytes: 0, remoteBytes: 0 });
  assert.equal(parsed(`${BASE}&numwant=-1`).wanted, 50);
  assert.equal(parsed(`${BASE}&numwant=0`).wanted, 0);
});

Deno.test("parseAnnounceQuery: reads any bytes of hashes, escaped or not", () => {
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const escaped = (value: Uint8Array) =>
    [...value].map((byte) => {
      const character = String.fromCharCode(byte);
      return /[\w.~-]/.test(character) && byte < 128
        ? character
        : `%${byte.toString(16).padStart(2, "0")}`;
    }).join("");
  const latin1 = (value: Uint8Array) => String.fromCharCode(...value);
  fc.assert(fc.property(
    bytes,
    bytes,
    fc.integer({ min: 1, max: 65_535 }),
    fc.nat(),
    (hash, peer, port, left) => {
      const query = `info_hash=${escaped(hash)}&peer_id=${
        escaped(peer)
      }&port=${port}&left=${left}&numwant=10`;
      const announce = parsed(query);
      assert.deepEqual([announce.infoHash, announce.peerId], [latin1(hash), latin1(peer)]);
      assert.deepEqual([announce.port, announce.leftBytes], [port, left]);
    },
  ));
});

Deno.test("parseAnnounceQuery: never throws, whatever it is given", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    parseAnnounceQuery(text);
    parseAnnounceQuery(`${BASE}&${text}`);
    parseScrapeQuery(text);
    parseUrlData(text);
  }));
});

Deno.test("parseScrapeQuery: up to 74 hashes, none is an error", () => {
  assert.deepEqual(parseScrapeQuery(`info_hash=${HASH}&info_hash=${"%cd".repeat(20)}`), [
    "\xab".repeat(20),
    "\xcd".repeat(20),
  ]);
  assert.match(String(parseScrapeQuery("")), /at least one/);
  assert.match(String(parseScrapeQuery("info_hash=%ab")), /20 bytes/);
  const many = Array(75).fill(`info_hash=${HASH}`).join("&");
  assert.match(String(parseScrapeQuery(many)), /at most 74/);
});

Deno.test("parseUrlData: names from a path with a query, else nothing", () => {
  assert.deepEqual(parseUrlData("/announce?site=a&rack=b&port=5&left=0"), {
    host: undefined,
    site: "a",
    rack: "b",
    received: undefined,
    keepsReach: false,
    stripes: undefined,
    lost: undefined,
    sources: undefined,
  });
  assert.equal(parseUrlData("/announce"), undefined);
});
