/**
 * A host that fetches onto a disk that is too small until a file on it is removed, which it does itself when the transfer
 * has paused. Prints what happened as one line of JSON.
 */

import { silentLog } from "../../../../base/log.ts";
import { type EngineName, ENGINES, verifyRelease } from "../../../../torrent/mod.ts";

/** What it is told, as JSON in its only argument. */
export interface FullDiskOrders {
  readonly engine: EngineName;
  readonly torrentPath: string;
  readonly root: string;
  /** Removed to make room. */
  readonly filler: string;
}

/** What it says. */
export interface FullDiskReport {
  readonly events: readonly string[];
  /** What was verified when it paused. */
  readonly pausedBytes: number;
  readonly message: string;
}

if (import.meta.main) {
  const { engine: name, torrentPath, root, filler }: FullDiskOrders = JSON.parse(
    Deno.args[0] ?? "{}",
  );
  const metainfo = Deno.readFileSync(torrentPath);
  // Without claiming room beforehand, so that the disk is full in the middle.
  const engine = await ENGINES[name]({
    locality: { host: "fetcher", site: "north", rack: "a" },
    hostname: "127.0.0.1",
    log: silentLog,
  });
  const transfer = engine.fetch({ metainfo, root });
  const events: string[] = [];
  let [pausedBytes, message] = [-1, ""];
  transfer.subscribe((event) => {
    if (["paused", "continued", "completed", "failed"].includes(event.type)) {
      events.push(event.type);
    }
    if (event.type !== "paused") return;
    [pausedBytes, message] = [transfer.progress().verifiedBytes, event.message];
    Deno.removeSync(filler);
  });
  await transfer.done;
  await verifyRelease({ metainfo, root });
  await engine.close();
  const report: FullDiskReport = { events, pausedBytes, message };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
}
