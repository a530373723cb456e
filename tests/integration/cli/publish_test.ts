/**
 * The build machine: the first `publish` serves the feed, later ones hand over to it, and a restart forgets nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TextLineStream } from "./text_lines.ts";
import { readFeed, readRelease } from "../../../torrent/mod.ts";
import { readChunkMap } from "../../../torrent/release/chunk_map.ts";
import { sampleBytes } from "../torrent/peer_harness.ts";
import { startPublishCommand, startTrackerCommand } from "./long_running.ts";
import { PROGRAM, rollcall } from "./rollcall_process.ts";

interface Publisher extends AsyncDisposable {
  readonly feedUrl: string;
}

/** Starts a publish that serves, and waits until it says so. */
async function startPublisher(...args: readonly string[]): Promise<Publisher> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, "publish", ...args, "--listen", "127.0.0.1:0", "--json"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const reader = lines.getReader();
  const { value } = await reader.read();
  if (value === undefined) {
    throw new Error(`publish ended before it served, with status ${(await child.status).code}`);
  }
  return {
    feedUrl: JSON.parse(value).feedUrl,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("rollcall publish: hands over to the one that serves, refuses other content, and survives a restart", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-publish-" });
  try {
    const blob = `${folder}/blob`;
    await Deno.mkdir(blob);
    await Deno.writeTextFile(`${blob}/data`, "one");
    const feed = ["--feed", `${folder}/feed`, "--announce", "http://127.0.0.1:1/announce"];
    {
      await using publisher = await startPublisher("web", "v1", blob, ...feed);
      const other = `${folder}/other`;
      await Deno.mkdir(other);
      await Deno.writeTextFile(`${other}/data`, "two");
      const second = await rollcall("publish", "web", "v2", other, ...feed);
      assert.equal(second.status, 0, second.stderr);
      assert.match(
        second.stdout,
        /Published web v2 \([0-9a-f]{40}\); the process that serves the feed has taken it over/,
      );
      await Deno.writeTextFile(`${other}/third`, "three");
      const taken = await rollcall("publish", "web", "v1", `${other}/third`, ...feed);
      assert.equal(taken.status, 1);
      assert.match(
        taken.stderr,
        /expected the content that it was published with .* give it a new version/,
      );
      const idle = await rollcall("publish", ...feed);
      assert.match(idle.stderr, /another process serves the feed/);
      const listed = (await readFeed(publisher.feedUrl)).map(({ service, version }) =>
        `${service} ${version}`
      );
      assert.deepEqual(listed, ["web v2", "web v1"]);
    }
    await using again = await startPublisher(...feed);
    assert.equal((await readFeed(again.feedUrl)).length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rollcall publish: --engine webtorrent seeds, --no-chunk-map leaves the map out, and it is the same release", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-publish-" });
  try {
    const blob = `${folder}/blob`;
    await Deno.mkdir(blob);
    await Deno.writeFile(`${blob}/data`, sampleBytes(2 * 1024 * 1024, 1));
    await using tracker = await startTrackerCommand();
    const infoHashes = new Set<string>();
    for (const chunkMap of [true, false]) {
      await using publisher = await startPublishCommand(
        ...["web", "v1", blob, "--feed", `${folder}/feed-${chunkMap}`, "--announce"],
        ...[tracker.announceUrl, "--engine", "webtorrent", ...chunkMap ? [] : ["--no-chunk-map"]],
      );
      infoHashes.add(publisher.infoHash);
      const [offered] = await readFeed(publisher.feedUrl);
      assert.ok(offered !== undefined);
      const torrent = await (await fetch(offered.torrentUrl)).bytes();
      assert.equal(readChunkMap(readRelease(torrent)) !== undefined, chunkMap);
      const to = `${folder}/copy-${chunkMap}`;
      const { status, stderr } = await rollcall(
        // Else the second one takes all of it from the first.
        ...["fetch", publisher.feedUrl, "--to", to, "--no-reuse"],
      );
      assert.equal(status, 0, stderr);
      assert.deepEqual(await Deno.readFile(`${to}/data`), await Deno.readFile(`${blob}/data`));
    }
    assert.equal(infoHashes.size, 1);
    const wrong = await rollcall("publish", "--feed", `${folder}/feed`, "--engine", "warp");
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /Allowed choices are swarm, webtorrent/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rollcall publish: what cannot be published is refused before anything is written", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/none/inner`, { recursive: true });
    const feed = ["--feed", `${folder}/feed`, "--listen", "127.0.0.1:0"];
    const announce = ["--announce", "http://127.0.0.1:1/announce"];
    const cases: [string[], RegExp, number][] = [
      [["web"], /expected a version after the service/, 2],
      [["web", "v1", ...announce], /expected a path.*without data.*--empty/, 2],
      [["web", "v1", folder, "--empty", ...announce], /either a path or --empty/, 2],
      [["web", "v1", `${folder}/none`, ...announce], /expected at least one file in the folder/, 1],
      [["web", "v1", folder], /expected the tracker's announce URL/, 2],
      ...["localhost:8000/announce", "ftp://tracker/announce", "file:///announce"].map((
        url,
      ): [string[], RegExp, number] => [
        ["web", "v1", folder, "--announce", url],
        /expected an announce URL such as http:/,
        2,
      ]),
      [
        ["web", "v1", folder, "--announce", "udp://tracker:8000"],
        /--announce: expected at least one tracker over http or https/,
        2,
      ],
      [
        ["web", "current", folder, ...announce],
        /expected a version that can be a folder's name/,
        2,
      ],
      [["web", "v1", `${folder}/nothing`, ...announce], /nothing/, 1],
    ];
    for (const [args, message, status] of cases) {
      const run = await rollcall("publish", ...args, ...feed);
      assert.equal(run.status, status, run.stderr);
      assert.match(run.stderr, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rollcall publish: names what a release does not keep", async () => {
  // Regression: empty folders were left out, and a key that nobody may read became readable, without a word.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-publish-" });
  try {
    const blob = `${folder}/blob`;
    await Deno.mkdir(`${blob}/spool/in`, { recursive: true });
    for (const [name, mode] of [["key", 0o600], ["data", 0o644]] as const) {
      await Deno.writeTextFile(`${blob}/${name}`, name);
      await Deno.chmod(`${blob}/${name}`, mode);
    }
    const feed = ["--feed", `${folder}/feed`];
    await using _publisher = await startPublisher(...feed);
    const announce = ["--announce", "http://127.0.0.1:1/announce"];
    const { status, stderr } = await rollcall("publish", "web", "v1", blob, ...feed, ...announce);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /web v1: empty folders are left out: spool\/in$/m);
    assert.match(stderr, /web v1: modes are not kept, everybody can read .*: key \(600\)$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rollcall publish: content that is seeded as another version and was changed in place is refused", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-publish-" });
  try {
    const blob = `${folder}/blob`;
    await Deno.mkdir(`${blob}/deep`, { recursive: true });
    await Deno.writeTextFile(`${blob}/data`, "one");
    await Deno.writeTextFile(`${blob}/deep/more`, "more");
    const feed = ["--feed", `${folder}/feed`, "--announce", "http://127.0.0.1:1/announce"];
    await using publisher = await startPublisher("web", "v1", blob, ...feed);
    const listed = async () =>
      (await readFeed(publisher.feedUrl)).map(({ service, version }) => `${service} ${version}`);

    const same = await rollcall("publish", "web", "v2", blob, ...feed);
    assert.equal(same.status, 0, same.stderr);
    // The same size; the time alone tells.
    await Deno.writeTextFile(`${blob}/data`, "two");
    for (const path of [blob, `${blob}/data`, folder]) {
      const changed = await rollcall("publish", "web", "v3", path, ...feed);
      assert.equal(changed.status, 1);
      assert.match(
        changed.stderr,
        /publish web v3: web v[12] is seeded from \S+blob, and data has changed/,
      );
      assert.match(changed.stderr, /rollcall unpublish web v[12] --feed/);
    }
    const other = await rollcall("publish", "web", "v3", `${blob}/deep`, ...feed);
    assert.equal(other.status, 0, other.stderr);
    // Nobody is offered what the build machine does not have any more.
    for (let looks = 0; (await listed()).length > 1; looks++) {
      assert.ok(looks < 600, "v1 and v2 are offered still");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(await listed(), ["web v3"]);

    for (const version of ["v1", "v2"]) {
      const gone = await rollcall(
        ...["unpublish", "web", version, "--feed", `${folder}/feed`, "--force"],
      );
      assert.equal(gone.status, 0, gone.stderr);
      assert.match(
        gone.stdout,
        new RegExp(`^web ${version} \\([0-9a-f]{40}\\) is not in the feed`),
      );
    }
    assert.deepEqual(await listed(), ["web v3"]);
    const again = await rollcall("publish", "web", "v1", blob, ...feed);
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(await listed(), ["web v1", "web v3"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rollcall unpublish: also where nobody serves the feed; what is not there is said", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-publish-" });
  try {
    const feed = ["--feed", `${folder}/feed`];
    const wrong = await rollcall("unpublish", "web", "v1", ...feed);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /expected the folder of a feed/);
    const announce = ["--announce", "http://127.0.0.1:1/announce"];
    let torrentUrl = "";
    {
      await using publisher = await startPublisher("web", "v1", "--empty", ...feed, ...announce);
      torrentUrl = (await readFeed(publisher.feedUrl))[0]?.torrentUrl ?? "";
      assert.equal((await fetch(torrentUrl).then((answer) => answer.bytes())).length > 0, true);
    }
    const zookeeper = ["--zookeeper", "127.0.0.1:1/"];
    // Where nobody can be asked, nothing is changed. It takes as long as any command waits for a server.
    const unseen = await rollcall("unpublish", "web", "v1", ...feed, ...zookeeper);
    assert.equal(unseen.status, 1);
    assert.match(
      unseen.stderr,
      /^rollcall: unpublish web v1: nothing was changed, since .* \(--force does not look\): connect to ZooKeeper: no server/,
    );
    const gone = await rollcall("unpublish", "web", "v1", ...feed, "--json", "--force");
    assert.equal(gone.status, 0, gone.stderr);
    const { infoHash } = JSON.parse(gone.stdout);
    await assert.rejects(
      Deno.stat(`${folder}/feed/torrents/${infoHash}.torrent`),
      Deno.errors.NotFound,
    );
    const twice = await rollcall("unpublish", "web", "v1", ...feed);
    assert.equal(twice.status, 1);
    assert.match(twice.stderr, /unpublish web v1: the feed in \S+ has no such release/);
    await using publisher = await startPublisher(...feed);
    assert.deepEqual(await readFeed(publisher.feedUrl), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
