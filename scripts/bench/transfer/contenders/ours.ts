/**
 * One host of the benchmark, on one of Rollcall's engines: it seeds or fetches a release when it is sent a line, reports in
 * lines of JSON on stdout, and ends when its standard input ends.
 *
 * deno run -A ours.ts ENGINE seed|fetch TORRENT ROOT
 */

import { totalBytes } from "../../../../base/locality.ts";
import { silentLog } from "../../../../base/log.ts";

const [engineName, kind, torrent = "", root = ""] = Deno.args;

function say(message: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(message) + "\n"));
}

// Only the engine that runs is loaded, so that the other one is no part of its memory or time.
const create = engineName === "webtorrent"
  ? (await import("../../../../torrent/webtorrent/engine.ts")).createWebtorrentEngine
  : (await import("../../../../torrent/swarm/engine.ts")).createSwarmEngine;
const engine = await create({
  locality: { host: `bench-${Deno.pid}`, site: "bench", rack: "bench" },
  hostname: "127.0.0.1",
  log: silentLog,
});
const metainfo = Deno.readFileSync(torrent);
say({ ready: true });
const stdin = Deno.stdin.readable.getReader();
await stdin.read();
const startMs = performance.now();
const transfer = kind === "seed"
  ? engine.seed({ metainfo, root })
  : engine.fetch({ metainfo, root, resume: "discard" });
let firstMs = 0;
transfer.subscribe((event) => {
  if (event.type === "peer_connected" && firstMs === 0) firstMs = performance.now();
});
await transfer.done;
say({ done: true, seconds: (performance.now() - (firstMs || startMs)) / 1000 });
await stdin.read();
const { received, sent } = transfer.progress();
say({ receivedBytes: totalBytes(received), sentBytes: totalBytes(sent) });
Deno.exit(0);
