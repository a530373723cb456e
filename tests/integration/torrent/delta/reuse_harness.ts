/** A build machine, a tracker and a host in this process, for the tests of what a release costs on top of another. */

import { prepareRelease } from "../../../../actors/fetcher/prepare_release.ts";
import { systemClock } from "../../../../actors/runtime/mod.ts";
import { ReleaseStore } from "../../../../host/mod.ts";
import type { Release } from "../../../../rollout/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import {
  createRelease,
  type EngineName,
  ENGINES,
  type TorrentEngine,
  type Transfer,
  verifyRelease,
} from "../../../../torrent/mod.ts";
import { createTracker } from "../../../../tracker/mod.ts";
import { writeFiles } from "../../../unit/torrent/delta/content.ts";
import { temporaryDirectory } from "../peer_harness.ts";

/** What a release holds, by path. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** What a test may want in another way. */
export interface Options {
  /** Default: our own. */
  readonly engine?: EngineName;
  /** Default: as the content's size asks for. */
  readonly pieceLengthBytes?: number;
}

/** Everything is closed in the end. */
export async function setUp(options: Options = {}) {
  const directory = await temporaryDirectory();
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1000 },
  });
  const startEngine = (host: string) =>
    ENGINES[options.engine ?? "swarm"]({
      locality: { host, site: "north", rack: "a" },
      hostname: "127.0.0.1",
      log: silentLog,
    });
  const [builder, host] = await Promise.all([startEngine("builder"), startEngine("host")]);
  const torrents = new Map<string, Uint8Array>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const body = torrents.get(new URL(url).pathname);
    return body === undefined
      ? new Response(null, { status: 404 })
      : new Response(new Uint8Array(body));
  });
  const store = new ReleaseStore(`${directory.path}/data`, "web");
  await store.open();

  return {
    store,
    host,
    torrentOf: (version: string) => torrents.get(`/${version}.torrent`) ?? new Uint8Array(),
    /** Publishes and seeds. */
    async publish(version: string, files: Files): Promise<Release> {
      const { service, infoHash, sizeBytes, metainfo, root } = await createRelease({
        service: "web",
        version,
        path: await writeFiles(`${directory.path}/published/${version}`, files),
        announce: [tracker.announceUrl],
        log: silentLog,
        ...options.pieceLengthBytes === undefined
          ? {}
          : { pieceLengthBytes: options.pieceLengthBytes },
      });
      await builder.seed({ metainfo, root }).done;
      torrents.set(`/${version}.torrent`, metainfo);
      const torrentUrl = `http://127.0.0.1:${server.addr.port}/${version}.torrent`;
      return { service, version, infoHash, sizeBytes, torrentUrl };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([builder.close(), host.close()]);
      await Promise.all([server.shutdown(), tracker.close()]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** What a preparation took. */
export interface Prepared {
  readonly networkBytes: number;
  readonly reusedBytes: number;
}

/** Prepares a release as the fetcher does; every file is verified by that, and once more here. */
export async function prepare(
  release: Release,
  { store, engine, signal }: { store: ReleaseStore; engine: TorrentEngine; signal?: AbortSignal },
): Promise<Prepared> {
  const transfers = new Set<Transfer>();
  let reusedBytes = 0;
  await prepareRelease(release, {
    store,
    engine,
    signal: signal ?? new AbortController().signal,
    clock: systemClock,
    log: silentLog,
    onPhase() {},
    onTransfer: (transfer) => void transfers.add(transfer),
    onReused: (bytes) => void (reusedBytes = bytes),
  });
  const { torrent, final } = store.paths(release.version);
  await verifyRelease({ metainfo: await Deno.readFile(torrent), root: final });
  let networkBytes = 0;
  for (const transfer of transfers) {
    const { rackBytes, siteBytes, remoteBytes } = transfer.progress().received;
    networkBytes += rackBytes + siteBytes + remoteBytes;
  }
  return { networkBytes, reusedBytes };
}
