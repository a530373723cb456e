import assert from "node:assert/strict";
import { readFeed } from "../../../../torrent/mod.ts";
import { sampleBytes, temporaryDirectory } from "../../torrent/peer_harness.ts";
import { walk } from "../content_tree.ts";
import { untilVerified } from "../journal.ts";
import { RunningCommand, startPublishCommand, startTrackerCommand } from "../long_running.ts";
import { PROGRAM, rollcall } from "../rollcall_process.ts";
import { canMount, onSmallDisk } from "../small_disk.ts";

const MIB = 1024 * 1024;

const SIZE_BYTES = 8 * MIB;

/** What v2 has changed in the middle of v1's file. */
const CHANGED_BYTES = MIB;

/** A change costs the chunks and pieces at its two ends as well. */
const MOST_FETCHED_BYTES = CHANGED_BYTES + MIB / 2;

/** What `fetch --json` prints of this. */
interface Fetched {
  readonly version: string;
  readonly resumedBytes: number;
  readonly reusedBytes: number;
  readonly received: Readonly<Record<"rackBytes" | "siteBytes" | "remoteBytes", number>>;
}

type Content = Record<string, Uint8Array>;

function read(folder: string): Content {
  return Object.fromEntries(
    walk(folder).map((path) => [path, Deno.readFileSync(`${folder}/${path}`)]),
  );
}

async function write(folder: string, content: Content): Promise<void> {
  await Deno.mkdir(folder);
  for (const [path, bytes] of Object.entries(content)) {
    await Deno.writeFile(`${folder}/${path}`, bytes);
  }
}

/** `web v1` and `web v2`, published; v2 has lost one file, got another, and one has changed in the middle. */
async function setUp() {
  const directory = await temporaryDirectory();
  const { path } = directory;
  const data = sampleBytes(SIZE_BYTES, 1);
  const changed = data.slice();
  changed.set(sampleBytes(CHANGED_BYTES, 2), 3 * MIB);
  const v1: Content = { data, "only-in-v1": sampleBytes(1_000, 3) };
  const v2: Content = { data: changed, "only-in-v2": sampleBytes(1_000, 4) };
  await write(`${path}/blob-1`, v1);
  await write(`${path}/blob-2`, v2);
  const tracker = await startTrackerCommand();
  const feed = ["--feed", `${path}/feed`, "--announce", tracker.announceUrl];
  const publisher = await startPublishCommand("web", "v1", `${path}/blob-1`, ...feed);
  const second = await rollcall("publish", "web", "v2", `${path}/blob-2`, ...feed);
  assert.equal(second.status, 0, second.stderr);
  await Deno.mkdir(`${path}/copies`);
  return {
    path,
    copies: `${path}/copies`,
    v1,
    v2,
    publisher,
    async fetch(version: string, ...args: readonly string[]): Promise<Fetched> {
      const run = await rollcall("fetch", publisher.feedUrl, "web", version, ...args, "--json");
      assert.equal(run.status, 0, run.stderr);
      return JSON.parse(run.stdout);
    },
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      await tracker[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

function fetchedBytes({ received }: Fetched): number {
  return received.rackBytes + received.siteBytes + received.remoteBytes;
}

function assertReused(fetched: Fetched): void {
  const { reusedBytes } = fetched;
  const networkBytes = fetchedBytes(fetched);
  assert.ok(networkBytes <= MOST_FETCHED_BYTES, `${networkBytes} bytes fetched`);
  assert.ok(reusedBytes >= SIZE_BYTES - MOST_FETCHED_BYTES, `${reusedBytes} bytes reused`);
}

Deno.test("rollcall fetch: takes what is the same from a release that was fetched into a folder beside, or not", async () => {
  await using test = await setUp();
  const { copies, v1, v2, publisher } = test;
  const first = await test.fetch("v1", "--to", `${copies}/web-v1`);
  assert.equal(first.reusedBytes, 0);
  const none = await test.fetch("v2", "--to", `${copies}/none`, "--no-reuse");
  assert.equal(none.reusedBytes, 0);
  assert.ok(fetchedBytes(none) >= SIZE_BYTES);
  await Deno.remove(`${copies}/none`, { recursive: true });
  await Deno.remove(`${copies}/.none.rollcall`, { recursive: true });

  assertReused(await test.fetch("v2", "--to", `${copies}/web-v2`));
  assert.deepEqual(read(`${copies}/web-v2`), v2);
  assert.deepEqual(read(`${copies}/web-v1`), v1, "it was only read");

  const again = await test.fetch("v2", "--to", `${copies}/web-v2`);
  assert.deepEqual([again.reusedBytes, fetchedBytes(again)], [0, 0]);
  const said = await rollcall("fetch", publisher.feedUrl, "--to", `${copies}/third`);
  assert.match(
    said.stdout,
    /verified every file: nothing had to be fetched, 8\.0 MiB reused from earlier releases here\.\n$/,
  );
  assert.match(said.stdout, /^web v2: reusing, /);
});

Deno.test("rollcall fetch: --reuse takes a folder that fetch knows nothing of", async () => {
  await using test = await setUp();
  const { copies, v1, v2 } = test;
  await write(`${test.path}/elsewhere`, v1);
  const reuse = ["--reuse", `${test.path}/elsewhere`];
  assertReused(await test.fetch("v2", "--to", `${copies}/web`, ...reuse));
  assert.deepEqual(read(`${copies}/web`), v2);
  assert.deepEqual(read(`${test.path}/elsewhere`), v1);
});

Deno.test("rollcall fetch: --reuse takes a release of an agent by the .torrent that the agent keeps", async () => {
  await using test = await setUp();
  const { copies, path, v1, v2, publisher } = test;
  await Deno.mkdir(`${path}/data/web/.rollcall`, { recursive: true });
  const kept = `${path}/data/web/v1`;
  await write(kept, v1);
  const torrentUrl = new URL(`/torrents/${publisher.infoHash}.torrent`, publisher.feedUrl);
  await Deno.writeFile(
    `${path}/data/web/.rollcall/v1.torrent`,
    await (await fetch(torrentUrl)).bytes(),
  );
  // Who reads the folder to know what is in it refuses links.
  await Deno.symlink("data", `${kept}/link`);
  assertReused(await test.fetch("v2", "--to", `${copies}/web`, "--reuse", kept));
  assert.deepEqual(read(`${copies}/web`), v2);
});

Deno.test("rollcall fetch: into the folder of an earlier release, which stays whole until the new one is verified", async () => {
  await using test = await setUp();
  const { copies, v1, v2, publisher } = test;
  const to = `${copies}/web`;
  await test.fetch("v1", "--to", to);
  const command = ["fetch", publisher.feedUrl, "web", "v2", "--to", to, "--json"];
  {
    await using fetcher = new RunningCommand(...command, "--no-reuse");
    await untilVerified(`${copies}/.web.rollcall/next.resume`, 0);
    // Nobody else has anything: it cannot come to its end.
    publisher.signal("SIGSTOP");
    await fetcher.end("SIGKILL");
    publisher.signal("SIGCONT");
  }
  assert.deepEqual(read(to), v1, "killed in the middle");
  const resumed = await test.fetch("v2", "--to", to);
  assert.ok(resumed.resumedBytes > 0, "it went on where it was");
  assert.deepEqual(read(to), v2, "and what only v1 had is gone");
  assert.equal((await test.fetch("v2", "--to", to)).resumedBytes > SIZE_BYTES, true);

  assertReused(await test.fetch("v1", "--to", to));
  assert.deepEqual(read(to), v1);
  // What is seeded afterwards comes from the folder's new place.
  await using seeder = new RunningCommand(...command, "--seed-after");
  assert.equal((await seeder.json<Fetched>()).version, "v2");
  await publisher.end("SIGTERM");
  const torrent = ["fetch", `${copies}/.web.rollcall/release.torrent`, "--no-reuse", "--to"];
  const { status, stderr } = await rollcall(...torrent, `${copies}/from-it`);
  assert.equal(status, 0, stderr);
  assert.deepEqual(read(`${copies}/from-it`), v2);
  assert.deepEqual(
    [...Deno.readDirSync(`${copies}/.web.rollcall`)].map(({ name }) => name).sort(),
    ["lock", "release.torrent", "resume"],
    "nothing is left behind",
  );
});

Deno.test("rollcall fetch: what is in the way of reuse is told, and nothing is touched", async () => {
  await using test = await setUp();
  const { copies, v1, publisher } = test;
  const to = `${copies}/web`;
  await test.fetch("v1", "--to", to);
  await Deno.writeTextFile(`${to}/notes`, "mine");
  const cases: readonly (readonly [readonly string[], RegExp, number])[] = [
    [["--to", to], /nothing there but the files of web v1, .* there is notes; move it away or/, 1],
    [
      ["--to", `${copies}/new`, "--reuse", `${copies}/nothing`],
      /expected the folder or file of/,
      2,
    ],
    [["--to", `${copies}/new`, "--reuse", `${copies}/new`], /expected another folder than the/, 2],
    [
      ["--to", `${copies}/new`, ...["a", "b", "c", "d"].flatMap((dir) => ["--reuse", dir])],
      /expected at most 3 folders, were 4/,
      2,
    ],
  ];
  for (const [args, message, status] of cases) {
    const run = await rollcall("fetch", publisher.feedUrl, "web", "v2", ...args);
    assert.match(run.stderr, message);
    assert.equal(run.status, status, run.stderr);
    assert.doesNotMatch(run.stderr, /^\s+at /m);
  }
  assert.deepEqual(read(to), { ...v1, notes: new TextEncoder().encode("mine") });
});

Deno.test("rollcall fetch: a crash in the middle of reuse begins it anew, and one with --no-reuse after it harms nothing", async () => {
  await using test = await setUp();
  const { copies, v2, publisher } = test;
  await test.fetch("v1", "--to", `${copies}/web-v1`);
  const to = `${copies}/web-v2`;
  const marker = `${copies}/.web-v2.rollcall/reuse`;
  // As a crash leaves it: some files, half done, no journal.
  const halfDone = async () => {
    await Deno.remove(to, { recursive: true }).catch(() => {});
    await Deno.mkdir(to);
    await Deno.mkdir(`${copies}/.web-v2.rollcall`, { recursive: true });
    await Deno.remove(`${copies}/.web-v2.rollcall/resume`).catch(() => {});
    await Deno.writeFile(`${to}/data`, new Uint8Array(SIZE_BYTES));
    await Deno.writeTextFile(marker, await infoHashOf(publisher.feedUrl, "v2"));
  };
  await halfDone();
  assertReused(await test.fetch("v2", "--to", to));
  assert.deepEqual(read(to), v2);
  assert.throws(() => Deno.statSync(marker), Deno.errors.NotFound);

  await halfDone();
  const plain = await test.fetch("v2", "--to", to, "--no-reuse");
  assert.equal(plain.reusedBytes, 0);
  assert.deepEqual(read(to), v2);
  // Complete now, and nobody's to begin anew.
  const again = await test.fetch("v2", "--to", to);
  assert.deepEqual([again.reusedBytes, fetchedBytes(again)], [0, 0]);
});

async function infoHashOf(feedUrl: string, wanted: string): Promise<string> {
  const offered = (await readFeed(feedUrl)).find(({ version }) => version === wanted);
  return offered?.infoHash ?? "";
}

Deno.test({
  name: "rollcall fetch: no room to put it together is waited for",
  ignore: !await canMount(),
  async fn() {
    await using test = await setUp();
    const { path, publisher, v1 } = test;
    await write(`${path}/elsewhere`, v1);
    await Deno.mkdir(`${path}/disk`);
    const command = [Deno.execPath(), "run", "-A", PROGRAM, "fetch", publisher.feedUrl].concat(
      ["--to", `${path}/disk/web`, "--reuse", `${path}/elsewhere`, "--patience", "60s"],
    );
    const { code, stdout, stderr } = await onSmallDisk(`${path}/disk`, {
      sizeMib: 12,
      freedAfterSeconds: 3,
    }, command);
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /reused from earlier releases here/);
  },
});
