/**
 * A process that puts a release together from what is on disk, to be killed in the middle. Arguments: the data directory,
 * the release as JSON (its .torrent has to be in the store), and how many steps to take before it stands still, says so,
 * and waits for its end.
 */

import { reuseStored } from "../../../../actors/fetcher/reuse_stored.ts";
import { ReleaseStore } from "../../../../host/mod.ts";
import { silentLog } from "../../../../base/log.ts";

const [dataDir = "", json = "", steps = ""] = Deno.args;
let taken = 0;
const release = JSON.parse(json);
const store = new ReleaseStore(dataDir, release.service);
const root = await store.preparePartial(release.version);
const metainfo = await Deno.readFile(store.paths(release.version).torrent);
await reuseStored(release, { metainfo, root }, {
  store,
  log: silentLog,
  signal: new AbortController().signal,
  onProgress() {
    if (++taken < Number(steps)) return;
    Deno.stdout.writeSync(new TextEncoder().encode("here\n"));
    Deno.stdin.readSync(new Uint8Array(1));
  },
});
