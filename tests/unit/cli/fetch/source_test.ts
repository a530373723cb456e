import assert from "node:assert/strict";
import { UsageError } from "../../../../cli/shared/errors.ts";
import { type MagnetSource, parseSource } from "../../../../cli/fetch/source.ts";

const HASH = "0123456789abcdef0123456789abcdef01234567";

async function magnet(text: string): Promise<MagnetSource> {
  const source = await parseSource(text);
  assert.equal(source.kind, "magnet");
  return source as MagnetSource;
}

async function assertRefused(text: string, message: RegExp): Promise<void> {
  await assert.rejects(
    parseSource(text),
    (error) => error instanceof UsageError && message.test(error.message),
    text,
  );
}

Deno.test("parseSource: standard input, files and URLs by their form", async () => {
  assert.deepEqual(await parseSource("-"), { kind: "stdin" });
  assert.deepEqual(await parseSource("web.torrent"), { kind: "file", path: "web.torrent" });
  assert.deepEqual(await parseSource("./magnet/file"), { kind: "file", path: "./magnet/file" });
  const url = "https://build:8080/feed.json";
  assert.deepEqual(await parseSource(url), { kind: "url", url });
});

Deno.test("parseSource: an info hash is a magnet link that knows no trackers, upper case or base 32 as well", async () => {
  for (const text of [HASH, HASH.toUpperCase(), "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"]) {
    const { infoHash, trackers, peers, torrentUrl } = await magnet(text);
    assert.deepEqual([infoHash, trackers, peers, torrentUrl], [HASH, [], [], undefined], text);
  }
});

Deno.test("parseSource: a magnet link's trackers, peers and exact source, each once", async () => {
  const tracker = "http://tracker:8000/announce?key=a b";
  const link = `magnet:?xt=urn:btih:${HASH}&dn=web&tr=${encodeURIComponent(tracker)}` +
    `&tr=${encodeURIComponent(tracker)}&x.pe=10.0.0.1:6881&x.pe=10.0.0.2:6881` +
    `&xs=${encodeURIComponent("http://build/a.torrent")}`;
  const { infoHash, trackers, peers, torrentUrl } = await magnet(link);
  assert.equal(infoHash, HASH);
  assert.deepEqual(trackers, [tracker]);
  assert.deepEqual(peers, ["10.0.0.1:6881", "10.0.0.2:6881"]);
  assert.equal(torrentUrl, "http://build/a.torrent");
});

Deno.test("parseSource: what is none is refused with what was expected and what was there", async () => {
  await assertRefused(
    "magnet:?dn=web",
    /xt=urn:btih: and 40 hexadecimal .*there was no xt=.*quote/,
  );
  await assertRefused("magnet:?xt=urn:btih:12345", /40 hexadecimal .* was "urn:btih:12345"/);
  await assertRefused("magnet:?xt=urn:btmh:1220caf1", /BitTorrent 2 alone/);
  await assertRefused(
    `magnet:?xt=urn:btih:${HASH}&tr=nowhere`,
    /tracker's URL after tr=.*"nowhere"/,
  );
  await assertRefused(HASH.slice(1), /info hash of 40 hexadecimal digits, there were 39/);
  await assertRefused(`${HASH}0`, /there were 41/);
  await assertRefused("udp://tracker:80", /expected http or https, was udp/);
});
