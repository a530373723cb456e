/** The feed over real HTTP: what is published can be read, and only what belongs there. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import {
  createFeedServer,
  createRelease,
  FeedError,
  fetchTorrent,
  readFeed,
} from "../../../../torrent/mod.ts";
import { sampleBytes, temporaryDirectory } from "../peer_harness.ts";

async function makeRelease(
  directory: string,
  options: { version: string; seed: number },
): Promise<Uint8Array> {
  const path = `${directory}/blob-${options.version}-${options.seed}`;
  await Deno.writeFile(path, sampleBytes(100_000, options.seed));
  const announce = ["http://127.0.0.1:1/announce"];
  const { metainfo } = await createRelease({
    service: "web",
    version: options.version,
    path,
    announce,
    log: silentLog,
  });
  return metainfo;
}

function serve(directory: string) {
  return createFeedServer({
    directory: `${directory}/feed`,
    hostname: "127.0.0.1",
    origin: { site: "ams", rack: "build" },
    peerPort: 6881,
    log: silentLog,
  });
}

Deno.test("feed: a published release is found by readFeed and fetchTorrent, newest first", async () => {
  await using directory = await temporaryDirectory();
  const first = await makeRelease(directory.path, { version: "1.0", seed: 1 });
  const second = await makeRelease(directory.path, { version: "1.1", seed: 2 });
  const server = await serve(directory.path);
  try {
    assert.equal(await server.add(first), true);
    assert.equal(await server.add(second), true);
    const offered = await readFeed(server.url);
    assert.deepEqual(offered.map((release) => release.version), ["1.1", "1.0"]);
    const [newest] = offered;
    assert.ok(newest !== undefined);
    assert.equal(newest.sizeBytes, 100_000);
    assert.deepEqual(newest.origin, { site: "ams", rack: "build" });
    assert.deepEqual(newest.peers, ["127.0.0.1:6881"], "where the build machine itself seeds");
    assert.deepEqual(newest.trackers, ["http://127.0.0.1:1/announce"]);
    assert.equal(newest.torrentUrl, server.torrentUrl(newest.infoHash));
    const torrent = await fetchTorrent(newest.torrentUrl, { expectInfoHash: newest.infoHash });
    assert.deepEqual(torrent, second);
  } finally {
    await server.close();
  }
});

Deno.test("feed: it is the same after a restart", async () => {
  await using directory = await temporaryDirectory();
  const metainfo = await makeRelease(directory.path, { version: "1.0", seed: 1 });
  const before = await serve(directory.path);
  await before.add(metainfo);
  const { releases } = before;
  await before.close();
  const after = await serve(directory.path);
  try {
    assert.deepEqual(after.releases, releases);
    assert.equal(await after.add(metainfo), false);
  } finally {
    await after.close();
  }
});

Deno.test("feed: one that was kept before feeds named trackers is served as it is", async () => {
  await using directory = await temporaryDirectory();
  const before = await serve(directory.path);
  await before.add(await makeRelease(directory.path, { version: "1.0", seed: 1 }));
  await before.close();
  const path = `${directory.path}/feed/index.json`;
  const index = JSON.parse(await Deno.readTextFile(path));
  for (const release of index.releases) delete release.trackers;
  await Deno.writeTextFile(path, JSON.stringify(index));
  const after = await serve(directory.path);
  try {
    const [offered] = await readFeed(after.url);
    assert.deepEqual([offered?.version, offered?.trackers], ["1.0", undefined]);
  } finally {
    await after.close();
  }
});

Deno.test("feed: the same release twice is one item, other content under its version is refused", async () => {
  await using directory = await temporaryDirectory();
  const metainfo = await makeRelease(directory.path, { version: "1.0", seed: 1 });
  const other = await makeRelease(directory.path, { version: "1.0", seed: 2 });
  const server = await serve(directory.path);
  try {
    const results = await Promise.all([server.add(metainfo), server.add(metainfo)]);
    assert.deepEqual(results, [true, false]);
    await assert.rejects(
      server.add(other),
      (error) => error instanceof FeedError && error.code === "version_taken",
    );
    assert.equal(server.releases.length, 1);
  } finally {
    await server.close();
  }
});

Deno.test("feed: an unchanged feed answers 304 to its ETag, a changed one does not", async () => {
  await using directory = await temporaryDirectory();
  const server = await serve(directory.path);
  try {
    const first = await fetch(server.url);
    await first.body?.cancel();
    const etag = first.headers.get("etag");
    assert.ok(etag !== null);
    const headers = { "if-none-match": etag };
    const unchanged = await fetch(server.url, { headers });
    assert.equal(unchanged.status, 304);
    await unchanged.body?.cancel();
    await server.add(await makeRelease(directory.path, { version: "1.0", seed: 1 }));
    const changed = await fetch(server.url, { headers });
    assert.equal(changed.status, 200);
    await changed.body?.cancel();
    const missing = await fetch(server.torrentUrl("0".repeat(40)));
    assert.equal(missing.status, 404);
    await missing.body?.cancel();
  } finally {
    await server.close();
  }
});

Deno.test("fetchTorrent: another info hash than expected is refused", async () => {
  await using directory = await temporaryDirectory();
  const server = await serve(directory.path);
  try {
    await server.add(await makeRelease(directory.path, { version: "1.0", seed: 1 }));
    const [release] = await readFeed(server.url);
    assert.ok(release !== undefined);
    await assert.rejects(
      fetchTorrent(release.torrentUrl, { expectInfoHash: "0".repeat(40) }),
      (error) => error instanceof FeedError && error.code === "invalid_answer",
    );
  } finally {
    await server.close();
  }
});

Deno.test("readFeed: nobody there, no feed and endless answers are FeedErrors", async () => {
  const answers: Record<string, () => Response> = {
    "/html": () => new Response("<html>"),
    "/other": () => Response.json({ version: "https://jsonfeed.org/version/1.1", items: [{}] }),
    "/endless": () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(new Uint8Array(1024 * 1024));
          },
        }),
      ),
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answers[new URL(request.url).pathname]?.() ?? new Response(null, { status: 500 }),
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  for (const path of ["/html", "/other", "/endless", "/error"]) {
    await assert.rejects(
      readFeed(base + path),
      (error) => error instanceof FeedError && error.code === "invalid_answer",
      path,
    );
  }
  await server.shutdown();
  await assert.rejects(
    readFeed(`${base}/feed.json`, { deadlineMs: 5000 }),
    (error) => error instanceof FeedError && error.code === "unreachable",
  );
});

Deno.test("fetchTorrent: goes to no other server, and to nothing but http, wherever an address leads", async () => {
  const asked: string[] = [];
  await using inside = serveAnswers((path) => {
    asked.push(path);
    return new Response("a secret");
  });
  await using server = serveAnswers((path) => {
    const to = (location: string) => new Response(null, { status: 302, headers: { location } });
    switch (path) {
      case "/elsewhere":
        return to(`${inside.url}/secret`);
      case "/file":
        return to("file:///etc/passwd");
      case "/moved":
        return to("/here");
      case "/round":
        return to("/round");
      default:
        return new Response("de");
    }
  });
  const request = { expectInfoHash: "0".repeat(40) };
  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ["file:///etc/passwd", "invalid_url", /expected an address of http or https, was file:/],
    ["data:text/plain,secret", "invalid_url", /was data:/],
    ["no address", "invalid_url", /was none/],
    [`${server.url}/elsewhere`, "invalid_url", /expected an answer of 127.*redirects to 127/],
    [`${server.url}/file`, "invalid_url", /was file:/],
    [`${server.url}/round`, "invalid_answer", /more than 3 redirects/],
    // It was followed, since it is the same server; what is there is no .torrent.
    [`${server.url}/moved`, "invalid_answer", /canonical bencoded dictionary/],
  ];
  for (const [url, code, message] of refusals) {
    await assert.rejects(fetchTorrent(url, request), (error) => {
      assert.ok(error instanceof FeedError);
      assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
      return true;
    });
  }
  assert.deepEqual(asked, []);
});

/** A server on loopback that answers by path. */
function serveAnswers(answer: (path: string) => Response) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answer(new URL(request.url).pathname),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
