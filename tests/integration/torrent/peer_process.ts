/**
 * One host of a test swarm in a process of its own: takes its orders as JSON in the first argument,
 * reports in lines of JSON on stdout, and ends when its stdin does.
 */

import { silentLog } from "../../../base/log.ts";
import { ENGINES, verifyRelease } from "../../../torrent/mod.ts";
import { type PeerOrders, type PeerReport } from "./peer_harness.ts";

const orders: PeerOrders = JSON.parse(Deno.args[0] ?? "{}");
const encoder = new TextEncoder();

function report(message: PeerReport): void {
  Deno.stdout.writeSync(encoder.encode(JSON.stringify(message) + "\n"));
}

const metainfo = Deno.readFileSync(orders.torrentPath);
const engine = await ENGINES[orders.engine]({
  locality: orders.locality,
  hostname: "127.0.0.1",
  log: silentLog,
});
report({ type: "listening", port: engine.port });
const transfer = orders.kind === "seed"
  ? engine.seed({ metainfo, root: orders.root })
  : engine.fetch({ metainfo, root: orders.root, resume: orders.resume ?? "journal" });
transfer.subscribe((event) => {
  if (event.type === "resumed") report(event);
  if (event.type === "piece_verified") {
    report({ type: "progress", verifiedBytes: transfer.progress().verifiedBytes });
    const pauseMs = orders.pausePerPieceMs ?? 0;
    if (pauseMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
});

transfer.done.then(async () => {
  if (orders.kind === "fetch" && orders.skipVerification !== true) {
    await verifyRelease({ metainfo, root: orders.root });
  }
  report({ type: "done", progress: transfer.progress() });
}).catch((error) => report({ type: "failed", code: error.code, message: error.message }));

for await (const _chunk of Deno.stdin.readable) {
  // Orders come in the argument; stdin only says when to end.
}
report({ type: "ended", progress: transfer.progress() });
await engine.close();
Deno.exit(0);
