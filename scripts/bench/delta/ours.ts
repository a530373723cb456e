/** Our side: a release is published, and prepared on a host that has yesterday's release, over loopback with the real tracker. */

import { prepareRelease } from "../../../actors/fetcher/prepare_release.ts";
import { systemClock } from "../../../actors/runtime/mod.ts";
import { allocateFile } from "../../../ffi/mod.ts";
import { ReleaseStore } from "../../../host/mod.ts";
import { silentLog } from "../../../base/log.ts";
import {
  type CreatedRelease,
  createRelease,
  createSwarmEngine,
  type Transfer,
} from "../../../torrent/mod.ts";
import { createTracker } from "../../../tracker/mod.ts";

/** What fetching a changed release took. */
export interface Outcome {
  /** Bytes of the .torrent with its chunk map, and bytes that peers sent. */
  readonly movedBytes: number;
  /** From the order to fetch until the files are verified and ready to be switched to. */
  readonly seconds: number;
}

/** A build machine and a host. */
export async function startOurs(folder: string) {
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1000 },
  });
  const startEngine = (host: string) =>
    createSwarmEngine({
      locality: { host, site: "north", rack: "a" },
      hostname: "127.0.0.1",
      log: silentLog,
      preallocate: allocateFile,
    });
  const [builder, host] = await Promise.all([startEngine("builder"), startEngine("host")]);
  const torrents = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const body = torrents.get(new URL(url).pathname);
    return body === undefined ? new Response(null, { status: 404 }) : new Response(body);
  });
  const store = new ReleaseStore(`${folder}/data`, "web");
  await store.open();

  return {
    store,
    async publish(version: string, path: string, chunkMap = true): Promise<CreatedRelease> {
      const announce = [tracker.announceUrl];
      return await createRelease({
        service: "web",
        version,
        path,
        announce,
        chunkMap,
        log: silentLog,
      });
    },
    /** Puts a release on the host as if it had been fetched long ago. */
    async install(release: CreatedRelease): Promise<void> {
      const { version, infoHash, metainfo, root } = release;
      const partial = await store.preparePartial(version);
      await runCommand("cp", "-r", `${root}/.`, partial);
      await Deno.writeFile(store.paths(version).torrent, metainfo);
      await store.writeReceipt(version, { infoHash, verifiedAt: 0 });
      await store.promote(version);
      await store.switchCurrent(version);
    },
    async fetch(release: CreatedRelease): Promise<Outcome> {
      const { service, version, infoHash, sizeBytes, metainfo, root } = release;
      const seed = builder.seed({ metainfo, root });
      await seed.done;
      torrents.set(`/${version}.torrent`, new Uint8Array(metainfo));
      const torrentUrl = `http://127.0.0.1:${server.addr.port}/${version}.torrent`;
      const transfers: Transfer[] = [];
      const startMs = performance.now();
      await prepareRelease({ service, version, infoHash, sizeBytes, torrentUrl }, {
        store,
        engine: host,
        signal: new AbortController().signal,
        clock: systemClock,
        log: silentLog,
        onPhase() {},
        onTransfer: (transfer) => void transfers.push(transfer),
        onReused() {},
      });
      const seconds = (performance.now() - startMs) / 1000;
      let movedBytes = metainfo.length;
      for (const transfer of transfers) {
        const { rackBytes, siteBytes, remoteBytes } = transfer.progress().received;
        movedBytes += rackBytes + siteBytes + remoteBytes;
        await transfer.stop();
      }
      await seed.stop();
      await store.remove(version);
      return { movedBytes, seconds };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([builder.close(), host.close()]);
      await Promise.all([server.shutdown(), tracker.close()]);
    },
  };
}

/** Runs a program and returns its output; throws with its standard error if it fails. */
export async function runCommand(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
