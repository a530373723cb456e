/**
 * A tracker, and two peers that announce to it: one by the loopback address, as a publisher on the same machine whose name
 * leads there, and one by the machine's own address, which is its only argument. Prints what the second one is given, for
 * each server of the tracker.
 */

import { silentLog } from "../../../base/log.ts";
import { announce } from "../../../torrent/announce/announce_request.ts";
import { createTracker, TRACKER_SERVERS } from "../../../tracker/mod.ts";

if (import.meta.main) {
  const [ownAddress = ""] = Deno.args;
  const given: Record<string, readonly string[]> = {};
  for (const server of TRACKER_SERVERS) {
    const tracker = await createTracker({ hostname: "0.0.0.0", server, log: silentLog });
    const ask = (hostname: string, { port, leftBytes }: { port: number; leftBytes: number }) =>
      announce({
        tracker: `http://${hostname}:${tracker.port}/announce`,
        infoHash: "ab".repeat(20),
        peerId: "cd".repeat(20),
        port,
        leftBytes,
        uploadedBytes: 0,
        downloadedBytes: 0,
        locality: { host: `host-${port}`, site: "north", rack: "a" },
        signal: new AbortController().signal,
      });
    await ask("127.0.0.1", { port: 7000, leftBytes: 0 });
    given[server] = (await ask(ownAddress, { port: 7001, leftBytes: 1 })).peers;
    await tracker.close();
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(given)}\n`));
}
