/** `rollcall publish --copy`: what is seeded is a copy, which nobody changes by building the next version. */

import assert from "node:assert/strict";
import { digests, fetchJson, MIB } from "./fetch/published_release.ts";
import { startPublishCommand, startTrackerCommand } from "./long_running.ts";
import { PROGRAM, rollcall } from "./rollcall_process.ts";
import { canMount, onSmallDisk } from "./small_disk.ts";
import { sampleBytes, temporaryDirectory } from "../torrent/peer_harness.ts";

/** A tracker, a folder with content, and what is needed to publish it. */
async function setUp() {
  const directory = await temporaryDirectory();
  const blob = `${directory.path}/blob`;
  Deno.mkdirSync(`${blob}/bin`, { recursive: true });
  Deno.mkdirSync(`${blob}/none`);
  Deno.writeFileSync(`${blob}/data`, sampleBytes(3 * MIB, 1));
  Deno.writeTextFileSync(`${blob}/bin/run`, "#!/bin/sh\n", { mode: 0o755 });
  const tracker = await startTrackerCommand();
  return {
    folder: directory.path,
    blob,
    feed: ["--feed", `${directory.path}/feed`],
    announce: ["--announce", tracker.announceUrl],
    content: `${directory.path}/feed/content`,
    async [Symbol.asyncDispose]() {
      await tracker[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The copies of a feed, without the lock. */
function copiesIn(content: string): string[] {
  return [...Deno.readDirSync(content)].map(({ name }) => name).filter((name) => name !== ".lock");
}

Deno.test("rollcall publish --copy: the path may change and go, and a copy goes with its release", async () => {
  await using test = await setUp();
  const { folder, blob, feed, announce, content } = test;
  await using publisher = await startPublishCommand(
    ...["web", "v1", blob, ...feed, ...announce, "--copy"],
  );
  const first = digests(blob);
  // The next version is built in the same folder, and a release of one file beside it.
  await Deno.writeFile(`${blob}/data`, sampleBytes(2 * MIB, 2));
  const second = digests(blob);
  const publish = (...args: string[]) => rollcall("publish", ...args, ...feed, ...announce);
  const v2 = await publish("web", "v2", blob, "--copy");
  assert.equal(v2.status, 0, v2.stderr);
  assert.match(v2.stderr, /web v2: empty folders are left out: none$/m);
  assert.doesNotMatch(v2.stderr, /is seeded from/);
  const single = await publish("db", "v1", `${blob}/data`, "--copy");
  assert.equal(single.status, 0, single.stderr);
  await Deno.remove(blob, { recursive: true });
  assert.equal(copiesIn(content).length, 3);
  for (
    const [service, version, wanted] of [
      ["web", "v1", first],
      ["web", "v2", second],
      ["db", "v1", { data: second.data! }],
    ] as const
  ) {
    const to = `${folder}/${service}-${version}`;
    await fetchJson(publisher.feedUrl, service, version, "--to", to, "--no-reuse");
    assert.deepEqual(digests(to), wanted);
  }
  assert.equal((Deno.statSync(`${folder}/web-v1/bin/run`).mode ?? 0) & 0o111, 0o111);

  const gone = await rollcall("unpublish", "web", "v1", ...feed, "--force");
  assert.equal(gone.status, 0, gone.stderr);
  assert.equal(copiesIn(content).length, 2);
  assert.ok(!copiesIn(content).includes(publisher.infoHash));
});

Deno.test("rollcall publish: says that what is seeded in place may change, and --copy needs a path", async () => {
  await using test = await setUp();
  const { blob, feed, announce, content } = test;
  await using _publisher = await startPublishCommand(...feed);
  const publish = (...args: string[]) => rollcall("publish", ...args, ...feed, ...announce);
  const inPlace = await publish("web", "v1", blob);
  assert.equal(inPlace.status, 0, inPlace.stderr);
  assert.match(
    inPlace.stderr,
    /web v1 is seeded from \S+blob, which can be written to: .*--copy$/m,
  );
  for (const path of ["data", "bin/run"]) Deno.chmodSync(`${blob}/${path}`, 0o555);
  const readOnly = await publish("web", "v2", blob);
  assert.equal(readOnly.status, 0, readOnly.stderr);
  assert.doesNotMatch(readOnly.stderr, /is seeded from/);
  const empty = await publish("web", "v3", "--empty", "--copy");
  assert.equal(empty.status, 2);
  assert.match(empty.stderr, /publish --copy: expected a path that is copied, there was none/);

  // Published again, the copy that is seeded stays; what a crash has left goes, and so does what the feed refuses.
  const once = await publish("db", "v1", `${blob}/bin`, "--copy");
  assert.equal(once.status, 0, once.stderr);
  const [infoHash = ""] = copiesIn(content);
  const { ino } = Deno.statSync(`${content}/${infoHash}`);
  Deno.mkdirSync(`${content}/.new-left/over`, { recursive: true });
  Deno.mkdirSync(`${content}/${"ab".repeat(20)}`);
  const twice = await publish("db", "v1", `${blob}/bin`, "--copy");
  assert.equal(twice.status, 0, twice.stderr);
  assert.deepEqual(copiesIn(content), [infoHash]);
  assert.equal(Deno.statSync(`${content}/${infoHash}`).ino, ino);
  const taken = await publish("db", "v1", blob, "--copy");
  assert.equal(taken.status, 1);
  assert.deepEqual(copiesIn(content), [infoHash]);
});

Deno.test({
  name:
    "rollcall publish --copy: without room for the copy nothing is left, and it says what is missing",
  ignore: !await canMount(),
  async fn() {
    await using test = await setUp();
    const { folder, blob, announce } = test;
    const disk = `${folder}/disk`;
    await Deno.mkdir(disk);
    const { stdout, stderr } = await onSmallDisk(disk, { sizeMib: 4 }, [
      ...["sh", "-c", '"$@"; echo "status $?"; find "$0/feed/content"', disk],
      ...[Deno.execPath(), "run", "-A", "--quiet", PROGRAM, "publish", "web", "v1", blob],
      ...["--feed", `${disk}/feed`, ...announce, "--copy", "--listen", "127.0.0.1:0"],
    ]);
    assert.match(
      new TextDecoder().decode(stderr),
      /publish web v1 --copy: .*no room for \S+content: it takes 3\.0 MiB .* are free .*without --copy\n$/,
    );
    assert.equal(
      new TextDecoder().decode(stdout),
      `status 1\n${disk}/feed/content\n${disk}/feed/content/.lock\n`,
    );
  },
});
