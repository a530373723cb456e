/** The ways in which the next blob arrives on the service's machine. Who serves it is elsewhere, outside of the cgroup. */

import { fileURLToPath } from "node:url";
import { allocateFile } from "../../../ffi/mod.ts";
import { silentLog } from "../../../base/log.ts";
import { createRelease, createSwarmEngine } from "../../../torrent/mod.ts";
import { createTracker } from "../../../tracker/mod.ts";
import { aria2cCommand } from "../aria2c.ts";
import { startRsync } from "../delta/rsync.ts";

const MAIN = fileURLToPath(new URL("../../../mod.ts", import.meta.url));

/** The name of a way. */
export type Way = "rsync" | "aria2c" | "fetch" | "fetch, pinned";

/** All ways, in the order of the table. The last two are ours. */
export const WAYS: readonly Way[] = ["rsync", "aria2c", "fetch", "fetch, pinned"];

/** Where a blob comes from: a folder that a tracker, a seed and a daemon serve on loopback. */
export interface Source extends AsyncDisposable {
  /** The command that brings it into a folder, which is not there yet. */
  command(way: Way, folder: string): string[];
}

/** Serves the file `blob` of a folder `<served>/2`. */
export async function serve(folder: string, served: string): Promise<Source> {
  const stack = new AsyncDisposableStack();
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1000 },
  });
  stack.defer(() => tracker.close());
  const engine = await createSwarmEngine({
    locality: { host: "builder", site: "north", rack: "a" },
    hostname: "127.0.0.1",
    log: silentLog,
    preallocate: allocateFile,
  });
  stack.defer(() => engine.close());
  const { metainfo, root } = await createRelease({
    service: "web",
    version: "2",
    path: `${served}/2`,
    announce: [tracker.announceUrl],
    log: silentLog,
  });
  await engine.seed({ metainfo, root }).done;
  const torrent = `${folder}/2.torrent`;
  await Deno.writeFile(torrent, metainfo);
  const rsync = stack.use(await startRsync(folder, served));
  return {
    command(way, to) {
      switch (way) {
        case "rsync":
          return ["rsync", "-a", "--whole-file", `${rsync.url}/2/`, `${to}/`];
        case "aria2c":
          return [...aria2cCommand({ torrent, folder: to }), "--quiet=true", "--seed-time=0"];
        case "fetch":
        case "fetch, pinned":
          return [Deno.execPath(), "run", "-A", "--quiet", MAIN, "fetch", torrent, "--to", to]
            .concat("--no-reuse", "--json");
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
