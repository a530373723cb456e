/**
 * The .torrent by its info hash alone (BEP 9): ours asks clients of others for it, and they ask ours.
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import {
  createRelease,
  createSwarmEngine,
  fetchMetainfo,
  readRelease,
} from "../../../../torrent/mod.ts";
import { sampleBytes, temporaryDirectory } from "../peer_harness.ts";
import { FOREIGN_CLIENTS } from "./clients.ts";
import { ForeignProcess } from "./foreign_client.ts";
import { startMeetingTracker } from "./meeting_tracker.ts";

/** Far above what any of it takes. */
const PATIENCE_MS = 60_000;
const POLL_MS = 50;
const LOCALITY = { host: "ours", site: "north", rack: "a" };
/** The others hand out nothing of private torrents, which all of ours are. */
const HANDING_OUT = FOREIGN_CLIENTS.filter(({ name }) => name === "aria2");
/** The others dial nobody on loopback. */
const ASKING = FOREIGN_CLIENTS.filter(({ dialsLoopback }) => dialsLoopback);

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** A release of enough files that its .torrent takes more than one message (16 KiB). */
async function setUp() {
  const directory = await temporaryDirectory();
  const root = `${directory.path}/source/web-1.0`;
  await Deno.mkdir(root, { recursive: true });
  for (let file = 0; file < 400; file++) {
    await Deno.writeFile(`${root}/${"name".repeat(10)}-${file}`, sampleBytes(2_000 + file, file));
  }
  const release = await createRelease({
    service: "web",
    version: "1.0",
    path: root,
    announce: [],
    log: silentLog,
  });
  const torrentPath = `${directory.path}/web.torrent`;
  await Deno.writeFile(torrentPath, release.metainfo);
  const folders = { stateFolder: `${directory.path}/state`, target: `${directory.path}/target` };
  for (const folder of Object.values(folders)) await Deno.mkdir(folder);
  return {
    release,
    root,
    sourceFolder: `${directory.path}/source`,
    target: folders.target,
    orders: { torrentPath, stateFolder: folders.stateFolder, port: freePort() },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

for (const client of HANDING_OUT) {
  Deno.test(`fetchMetainfo: ${client.name} hands the .torrent out`, async () => {
    await using test = await setUp();
    const { infoHash, metainfo, files } = test.release;
    assert.ok(metainfo.length > 16 * 1024, "it takes more than one message");
    await using foreign = await ForeignProcess.seed(client, {
      ...test.orders,
      folder: test.sourceFolder,
    });
    const peers = [`127.0.0.1:${test.orders.port}`];
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(foreign.output), PATIENCE_MS);
    try {
      const { signal } = patience;
      const got = await fetchMetainfo({ infoHash, peers, locality: LOCALITY, signal });
      assert.deepEqual(readRelease(got).files, files);
    } finally {
      clearTimeout(timer);
    }
  });
}

for (const client of ASKING) {
  Deno.test(`swarm engine: ${client.name} gets the .torrent and the content by the info hash alone`, async () => {
    await using test = await setUp();
    const { infoHash, metainfo, files } = test.release;
    const engine = await createSwarmEngine({
      locality: LOCALITY,
      hostname: "127.0.0.1",
      log: silentLog,
    });
    const tracker = startMeetingTracker(engine.port);
    try {
      await engine.seed({ metainfo, root: test.root }).done;
      const magnet = `magnet:?xt=urn:btih:${infoHash}&tr=${
        encodeURIComponent(tracker.announceUrl)
      }`;
      await using foreign = await ForeignProcess.fetch(client, {
        ...test.orders,
        torrentPath: magnet,
        folder: test.target,
      });
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
        if (files.every(({ path, sizeBytes }) => sizeOf(test.target, path) === sizeBytes)) return;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      assert.fail(`not there in time; ${client.name} said: ${foreign.output}`);
    } finally {
      await engine.close();
      await tracker[Symbol.asyncDispose]();
    }
  });
}

/** Of a file below the torrent's own folder; what is in it the other tests compare. */
function sizeOf(folder: string, path: string): number | undefined {
  try {
    return Deno.statSync(`${folder}/web-1.0/${path}`).size;
  } catch {
    return undefined;
  }
}
