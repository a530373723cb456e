/**
 * aria2 at our own tracker: with a magnet link alone it says that nothing is left, as it does when it starts with all of
 * the content. The tracker takes neither for a copy until something shows it, and sees to it that both get on.
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import { createRelease, createSwarmEngine, type TorrentEngine } from "../../../../torrent/mod.ts";
import type { SwarmReport } from "../../../../tracker/stats/swarm_report.ts";
import { createTracker, type Tracker } from "../../../../tracker/mod.ts";
import { sampleBytes, temporaryDirectory } from "../peer_harness.ts";
import { FOREIGN_CLIENTS } from "./clients.ts";
import { ForeignProcess } from "./foreign_client.ts";

/** Far above what any of it takes. */
const PATIENCE_MS = 60_000;
const POLL_MS = 50;
const SIZE_BYTES = 300_000;

const aria2 = FOREIGN_CLIENTS.find(({ name }) => name === "aria2");
assert.ok(aria2 !== undefined);

async function setUp() {
  const directory = await temporaryDirectory();
  const root = `${directory.path}/source/web-1.0`;
  const [target, stateFolder] = [`${directory.path}/target`, `${directory.path}/state`];
  for (const folder of [root, target, stateFolder]) await Deno.mkdir(folder, { recursive: true });
  await Deno.writeFile(`${root}/blob`, sampleBytes(SIZE_BYTES, 1));
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1000, seedIntervalMs: 1000, leecherIntervalMs: 1000 },
  });
  const release = await createRelease({
    service: "web",
    version: "1.0",
    path: root,
    announce: [tracker.announceUrl],
    log: silentLog,
  });
  const torrentPath = `${directory.path}/web.torrent`;
  await Deno.writeFile(torrentPath, release.metainfo);
  const engines: TorrentEngine[] = [];
  return {
    release,
    root,
    target,
    tracker,
    sourceFolder: `${directory.path}/source`,
    orders: { torrentPath, stateFolder, port: freePort() },
    magnet: `magnet:?xt=urn:btih:${release.infoHash}&tr=${encodeURIComponent(tracker.announceUrl)}`,
    /** A host of ours. */
    async engine(host: string): Promise<TorrentEngine> {
      const locality = { host, site: "north", rack: "a" };
      const made = await createSwarmEngine({ locality, hostname: "127.0.0.1", log: silentLog });
      engines.push(made);
      return made;
    },
    async [Symbol.asyncDispose]() {
      for (const engine of engines) await engine.close();
      await tracker.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Until the tracker's report is as wanted; `foreign` says what was the matter if it never is. */
async function until(
  tracker: Tracker,
  isAsWanted: (report: SwarmReport) => boolean,
  foreign: ForeignProcess,
): Promise<SwarmReport> {
  let report: SwarmReport | undefined;
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    report = tracker.stats().swarms[0];
    if (report !== undefined && isAsWanted(report)) return report;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  assert.fail(`never as wanted, at last ${JSON.stringify(report)}; aria2: ${foreign.output}`);
}

Deno.test("tracker: aria2 with a magnet link alone is no copy; it is given seeds, fetches, and is one then", async () => {
  await using test = await setUp();
  const { tracker, release } = test;
  await using foreign = await ForeignProcess.fetch(
    aria2,
    { ...test.orders, torrentPath: test.magnet, folder: test.target },
    // Else it ends when it has all, and says so too soon to be seen.
    ["--seed-time=60"],
  );
  const alone = await until(tracker, ({ unverifiedSeeds: claimed }) => claimed === 1, foreign);
  assert.deepEqual([alone.seeds, alone.leechers, alone.progress], [0, 1, 0]);

  await (await test.engine("builder")).seed({ metainfo: release.metainfo, root: test.root }).done;
  const done = await until(tracker, ({ completed }) => completed === 1, foreign);
  assert.deepEqual([done.seeds, done.unverifiedSeeds], [2, 0]);
  assert.deepEqual(
    await Deno.readFile(`${test.target}/web-1.0/blob`),
    await Deno.readFile(`${test.root}/blob`),
  );
});

Deno.test("tracker: aria2 that starts with all of the content is found, and a copy once it has sent something", async () => {
  await using test = await setUp();
  const { tracker, release } = test;
  await using foreign = await ForeignProcess.seed(aria2, {
    ...test.orders,
    folder: test.sourceFolder,
  });
  await until(tracker, ({ unverifiedSeeds: claimed }) => claimed === 1, foreign);
  const host = await test.engine("web-1");
  const fetched = host.fetch({ metainfo: release.metainfo, root: `${test.target}/web` });
  const shown = await until(tracker, ({ seeds }) => seeds === 2, foreign);
  await fetched.done;
  assert.deepEqual([shown.unverifiedSeeds, shown.completed], [0, 1]);
  assert.deepEqual(
    await Deno.readFile(`${test.target}/web/blob`),
    await Deno.readFile(`${test.root}/blob`),
  );
});
