import assert from "node:assert/strict";
import { untilVerified, verifiedPieces } from "../journal.ts";
import { RunningCommand } from "../long_running.ts";
import { PROGRAM, rollcall } from "../rollcall_process.ts";
import { canMount, onSmallDisk } from "../small_disk.ts";
import { digests, fetchJson, HERE, MIB, setUp } from "./published_release.ts";

Deno.test("rollcall fetch: a feed, a .torrent by URL, path or pipe, and a magnet link give the same files", async () => {
  await using test = await setUp(3 * MIB);
  const { folder, blob, publisher, torrentUrl } = test;
  const torrentPath = `${folder}/web.torrent`;
  await Deno.writeFile(torrentPath, await (await fetch(torrentUrl)).bytes());
  const { infoHash } = publisher;
  const { announceUrl } = test.tracker;
  const magnet = `magnet:?xt=urn:btih:${infoHash}`;
  // A seeder that hands the .torrent out as well, for those who know no more than the info hash.
  await using seeder = new RunningCommand("seed", torrentPath, blob, ...HERE);
  await seeder.json();
  const wanted = digests(blob);
  const sources = [
    [publisher.feedUrl],
    [publisher.feedUrl, "web", "v1"],
    [torrentUrl],
    [torrentPath],
    [`${magnet}&xs=${encodeURIComponent(torrentUrl)}`],
    // From here on the peers hand the .torrent out.
    [`${magnet}&tr=${encodeURIComponent(announceUrl)}`],
    [infoHash, "--tracker", announceUrl],
  ];
  for (const [index, source] of sources.entries()) {
    const to = `${folder}/copy-${index}`;
    const askedMs = Date.now();
    const fetched = await fetchJson(...source, "--to", to, "--no-reuse");
    // Regression: the time since the command's start was shown as a date, in 1970.
    const completedMs = Date.parse(fetched.completedAt);
    assert.ok(askedMs <= completedMs && completedMs <= Date.now(), fetched.completedAt);
    assert.deepEqual(digests(to), wanted, source.join(" "));
    const { service, version, verified, sizeBytes, received } = fetched;
    assert.deepEqual([service, version, verified, sizeBytes], [
      "web",
      "v1",
      true,
      3 * MIB + 70_001,
    ]);
    const { rackBytes, siteBytes } = received;
    assert.ok(rackBytes + siteBytes >= sizeBytes, "the two seeders are in the same site");
  }
  const piped = new Deno.Command("sh", {
    args: [
      "-c",
      `exec "$0" run -A "$1" fetch - --no-reuse --to "$2" < "$3"`,
      Deno.execPath(),
      PROGRAM,
    ]
      .concat(`${folder}/piped`, torrentPath),
    env: { NO_COLOR: "1" },
  });
  const { code, stdout } = await piped.output();
  assert.equal(code, 0);
  assert.deepEqual(digests(`${folder}/piped`), wanted);
  const text = new TextDecoder().decode(stdout);
  assert.match(text, /^Fetched web v1 into .*piped and verified every file: 3\.1 MiB in /m);
});

Deno.test("rollcall fetch: killed or stopped in the middle, the same command goes on where it was", async () => {
  await using test = await setUp(96 * MIB);
  const { folder, blob, publisher } = test;
  const to = `${folder}/copy`;
  const command = ["fetch", publisher.feedUrl, "--to", to, ...HERE];
  let pieces = 0;
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    await using fetcher = new RunningCommand(...command);
    await untilVerified(`${folder}/.copy.rollcall/resume`, pieces);
    // Nobody else has anything: with the build machine asleep the fetch cannot come to its end.
    publisher.signal("SIGSTOP");
    const { status, stderr } = await fetcher.end(signal);
    publisher.signal("SIGCONT");
    if (signal === "SIGINT") {
      assert.equal(status, 1);
      assert.match(stderr, /stopped with .* of 96\.1 MiB verified; the same command goes on/);
    }
    pieces = verifiedPieces(`${folder}/.copy.rollcall/resume`);
  }
  const fetched = await fetchJson(publisher.feedUrl, "--to", to);
  const { rackBytes, siteBytes, remoteBytes } = fetched.received;
  assert.ok(fetched.resumedBytes > 0, "something was resumed");
  // Only what was not verified crossed the network; a few pieces may be asked for twice at the end.
  const lackedBytes = fetched.sizeBytes - fetched.resumedBytes;
  const receivedBytes = rackBytes + siteBytes + remoteBytes;
  assert.ok(
    receivedBytes >= lackedBytes && receivedBytes < lackedBytes + 2 * MIB,
    `${receivedBytes}`,
  );
  assert.deepEqual(digests(to), digests(blob));

  const again = await rollcall(...command.slice(0, -1));
  assert.match(again.stdout, /verified every file: it was all there\.\n$/);

  const big = `${to}/big`;
  const bytes = await Deno.readFile(big);
  bytes[5 * MIB] = (bytes[5 * MIB] ?? 0) ^ 1;
  const { mtime } = await Deno.stat(big);
  await Deno.writeFile(big, bytes);
  if (mtime !== null) await Deno.utime(big, mtime, mtime);
  const repaired = await fetchJson(publisher.feedUrl, "--to", to, "--rehash");
  assert.ok(repaired.resumedBytes < repaired.sizeBytes, "the damage was found");
  assert.deepEqual(digests(to), digests(blob));
});

/** A port on which nobody listens. */
function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

Deno.test("rollcall fetch: what cannot be fetched ends with one clear message and the right status", async () => {
  await using test = await setUp(MIB);
  const { folder, publisher, torrentUrl } = test;
  const torrentPath = `${folder}/web.torrent`;
  await Deno.writeFile(torrentPath, await (await fetch(torrentUrl)).bytes());
  await Deno.writeTextFile(`${folder}/text`, "no torrent");
  const to = ["--to", `${folder}/copy`];
  const closed = `http://127.0.0.1:${closedPort()}`;
  const nobody = ["--tracker", `${closed}/announce`, "--patience", "2s"];
  const cases: readonly (readonly [readonly string[], RegExp, number])[] = [
    [[`${folder}/nothing`], /no such file; expected the path of a \.torrent, a URL/, 2],
    [[`${folder}/text`], /expected one canonical bencoded dictionary/, 2],
    [["/dev/zero"], /\/dev\/zero: expected at most 33554432 bytes, there were more/, 2],
    [["magnet:?xt=urn:btih:123"], /expected a magnet link with xt=urn:btih: and 40 hex/, 2],
    [[publisher.infoHash.slice(1)], /info hash of 40 hexadecimal digits, there were 39/, 2],
    [
      [`magnet:?xt=urn:btih:${"0".repeat(40)}&xs=${torrentUrl}`],
      /expected info hash 0{40}, there was [0-9a-f]{40}/,
      1,
    ],
    [[publisher.infoHash], /expected somebody to ask for its \.torrent, there is nobody/, 2],
    [
      ["0".repeat(40), "--tracker", test.tracker.announceUrl, "--patience", "2s"],
      /nobody has handed its \.torrent out for 2\.0 s; is the info hash right/,
      1,
    ],
    [[publisher.feedUrl, "web", "v2"], /expected version v2 of web, it offers v1/, 2],
    [[publisher.feedUrl, "db"], /expected a release of db, it offers web/, 2],
    [[`${closed}/feed.json`], /no answer; is the build machine running\?/, 1],
    [[new URL("/nothing", torrentUrl).href], /expected status 200, was 404/, 1],
    [
      [torrentPath, ...nobody],
      /nothing has arrived for 2\.0 s: no tracker answers since .*: announce to http:\/\/127/,
      1,
    ],
    [[torrentPath, "--to", `${folder}/text/copy`], /cannot write there; choose another/, 1],
    [[torrentPath, "--until", "often"], /expected a ratio such as 2 or 1\.5/, 2],
  ];
  for (const [args, message, status] of cases) {
    const run = await rollcall("fetch", ...to, ...args);
    assert.match(run.stderr, message);
    assert.equal(run.status, status, run.stderr);
    assert.doesNotMatch(run.stderr, /^\s+at /m);
  }
  await using first = new RunningCommand("fetch", torrentPath, ...to, "--seed-after", ...HERE);
  await first.json();
  const second = await rollcall("fetch", torrentPath, ...to);
  assert.deepEqual([second.status, /another fetch is at work there/.test(second.stderr)], [
    1,
    true,
  ]);
});

Deno.test({
  name:
    "rollcall fetch: waits for room on a full disk, goes on when there is some, or says what is missing",
  ignore: !await canMount(),
  async fn() {
    await using test = await setUp(8 * MIB);
    const disk = `${test.folder}/disk`;
    await Deno.mkdir(disk);
    const command = [Deno.execPath(), "run", "-A", PROGRAM, "fetch", test.publisher.feedUrl]
      .concat("--to", `${disk}/copy`, "--patience");
    const full = await onSmallDisk(disk, { sizeMib: 12, freedAfterSeconds: 15 }, [
      ...command,
      "2s",
    ]);
    assert.equal(full.code, 1);
    const text = new TextDecoder().decode(full.stderr);
    assert.match(
      text,
      /no room for .*copy: it takes 8.1 MiB beside what is there, 2.0 MiB are free.* goes on by itself/,
    );
    const freed = await onSmallDisk(disk, { sizeMib: 12, freedAfterSeconds: 2 }, [
      ...command,
      "60s",
    ]);
    assert.equal(freed.code, 0, new TextDecoder().decode(freed.stderr));
    assert.match(new TextDecoder().decode(freed.stdout), /no room for .*\n(.*\n)*Fetched web v1/);
  },
});

Deno.test({
  name:
    "rollcall fetch: what does not fit takes nothing of the disk, also where it is the inodes that are missing",
  ignore: !await canMount(),
  async fn() {
    await using test = await setUp(8 * MIB);
    const disk = `${test.folder}/disk`;
    await Deno.mkdir(disk);
    const command = [Deno.execPath(), "run", "-A", "--quiet", PROGRAM, "fetch"]
      .concat(test.publisher.feedUrl, "--to", `${disk}/copy`, "--patience", "2s");
    // A rest of four is for the state, the lock, and the folder.
    for (
      const [room, lacks] of [
        [{ sizeMib: 12 }, /copy: it takes 8\.1 MiB beside what is there, [0-9.]+ MiB are free/],
        [
          { sizeMib: 12, freeBytes: 10 * MIB, inodes: 8 },
          /copy: it takes 4 new files and folders, the/,
        ],
      ] as const
    ) {
      const { stdout, stderr } = await onSmallDisk(disk, room, [
        "sh",
        "-c",
        '"$@"; find "$0/copy" -mindepth 1; df --output=avail -B1 "$0"',
        disk,
        ...command,
      ]);
      assert.match(new TextDecoder().decode(stderr), lacks);
      const [availBytes, ...rest] = new TextDecoder().decode(stdout).trimEnd().split("\n")
        .reverse();
      assert.deepEqual(rest.filter((line) => line.startsWith(disk)), [], "nothing was made");
      const freeBytes = "freeBytes" in room ? room.freeBytes : 2 * MIB;
      assert.ok(freeBytes - Number(availBytes) < 64 * 1024, `${availBytes} bytes are free`);
    }
  },
});

Deno.test({
  name: "rollcall fetch: waits for room for its state and its journal as for that of the content",
  ignore: !await canMount(),
  async fn() {
    await using test = await setUp(8 * MIB);
    const disk = `${test.folder}/disk`;
    await Deno.mkdir(disk);
    const pages = (bytes: number) => Math.ceil(bytes / 4096) * 4096;
    const contentBytes = pages(8 * MIB) + pages(70_001);
    // Without a byte, and with just those of the content and of the file that claims the folder.
    for (const freeBytes of [0, contentBytes + 4096]) {
      // The filler goes once it waits, whenever that is.
      const { code, stdout, stderr } = await onSmallDisk(disk, { sizeMib: 12, freeBytes }, [
        "sh",
        "-c",
        'rm -f "$0.out"; "$@" > "$0.out" & pid=$!; until grep -qs "no room" "$0.out" || ! kill -0 $pid; do sleep 0.1; done; ' +
        'rm "$0/filler"; wait $pid; code=$?; cat "$0.out"; exit $code',
        disk,
        ...[Deno.execPath(), "run", "-A", "--quiet", PROGRAM, "fetch", test.publisher.feedUrl],
        ...["--to", `${disk}/copy`, "--patience", "60s"],
      ]);
      const text = new TextDecoder().decode(stdout);
      assert.equal(code, 0, `${new TextDecoder().decode(stderr)}${text}`);
      assert.match(text, /no room .*goes on by itself when there is room(.*\n)*Fetched web v1/);
    }
  },
});
