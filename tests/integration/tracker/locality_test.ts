/**
 * Six hosts in two sites of two racks and a build machine, as processes on loopback, with the real
 * tracker: everything arrives, and little more than one copy crosses each border.
 */

import assert from "node:assert/strict";
import type { Locality } from "../../../base/locality.ts";
import { silentLog } from "../../../base/log.ts";
import { createRelease, type EngineName, ENGINES } from "../../../torrent/mod.ts";
import { createTracker } from "../../../tracker/mod.ts";
import { PeerProcess, sampleBytes, temporaryDirectory } from "../torrent/peer_harness.ts";

const SIZE_BYTES = 24 * 1024 * 1024;

const hosts: Locality[] = [
  { host: "web-1", site: "north", rack: "a" },
  { host: "web-2", site: "north", rack: "a" },
  { host: "web-3", site: "north", rack: "b" },
  { host: "web-4", site: "south", rack: "a" },
  { host: "web-5", site: "south", rack: "a" },
  { host: "web-6", site: "south", rack: "b" },
];

/** How what a site or a rack lacks comes in. WebTorrent does not obey stripes: it has gateways either way. */
type ImportBy = "gateways" | "stripes";

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  for (const importBy of ["gateways", "stripes"] as const) {
    const name = `${engine}, by ${importBy}`;
    Deno.test(`${name}: six hosts in two sites fetch about one copy across each border`, () =>
      fetchInTwoSites(engine, importBy));
    for (const when of ["when all have a piece", "at its first piece"] as const) {
      Deno.test(`${name}: when who brings into a site is killed ${when}, the others of the site go on`, () =>
        killAnImporter(engine, importBy, when));
    }
  }
}

async function fetchInTwoSites(engine: EngineName, importBy: ImportBy): Promise<void> {
  await using directory = await temporaryDirectory();
  const content = `${directory.path}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(SIZE_BYTES, 1));
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { importBy, hungryIntervalMs: 1000, leecherIntervalMs: 2000 },
  });
  const peers: PeerProcess[] = [];
  try {
    const release = await createRelease({
      service: "web",
      version: "1.0",
      path: content,
      announce: [tracker.announceUrl],
      log: silentLog,
    });
    const torrentPath = `${directory.path}/web.torrent`;
    await Deno.writeFile(torrentPath, release.metainfo);
    const builder = new PeerProcess({
      engine,
      kind: "seed",
      torrentPath,
      root: release.root,
      locality: { host: "builder", site: "north", rack: "build" },
    });
    peers.push(builder);
    await builder.done();
    const fetchers = hosts.map((locality) =>
      new PeerProcess({
        engine,
        kind: "fetch",
        torrentPath,
        root: `${directory.path}/${locality.host}`,
        locality,
      })
    );
    peers.push(...fetchers);
    const results = await Promise.all(fetchers.map((fetcher) => fetcher.done()));

    const total = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
    for (const { received, verifiedBytes } of results) {
      assert.equal(verifiedBytes, SIZE_BYTES);
      total.rackBytes += received.rackBytes;
      total.siteBytes += received.siteBytes;
      total.remoteBytes += received.remoteBytes;
    }
    const all = total.rackBytes + total.siteBytes + total.remoteBytes;
    assert.ok(all >= hosts.length * SIZE_BYTES, "every byte that arrived was counted");
    const copies = {
      acrossSites: total.remoteBytes / SIZE_BYTES,
      acrossRacks: total.siteBytes / SIZE_BYTES,
      received: all / SIZE_BYTES,
    };
    // The least possible: one copy into the other site, and one into each rack that has none.
    assert.ok(copies.acrossSites < 1.2, `across sites: ${copies.acrossSites} copies, least 1`);
    assert.ok(copies.acrossRacks < 3.6, `across racks: ${copies.acrossRacks} copies, least 3`);
    if (Deno.env.get("ROLLCALL_TEST_FIGURES")) {
      Deno.stderr.writeSync(new TextEncoder().encode(JSON.stringify(copies) + "\n"));
    }
  } finally {
    for (const peer of peers) await peer[Symbol.asyncDispose]();
    await tracker.close();
  }
}

async function killAnImporter(
  engine: EngineName,
  importBy: ImportBy,
  when: "when all have a piece" | "at its first piece",
): Promise<void> {
  await using directory = await temporaryDirectory();
  const content = `${directory.path}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(SIZE_BYTES / 4, 2));
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: {
      importBy,
      hungryIntervalMs: 1000,
      leecherIntervalMs: 1000,
      // Rollcall's engine reports lost gateways: neither a time-out nor starving shall help here.
      ...(engine === "swarm" ? { timeoutIntervals: 1000, patientAnnounces: 1000 } : {}),
    },
  });
  const peers = new Map<string, PeerProcess>();
  try {
    const release = await createRelease({
      service: "web",
      version: "1.0",
      path: content,
      announce: [tracker.announceUrl],
      log: silentLog,
    });
    const torrentPath = `${directory.path}/web.torrent`;
    await Deno.writeFile(torrentPath, release.metainfo);
    const builder = new PeerProcess({
      engine,
      kind: "seed",
      torrentPath,
      root: release.root,
      locality: { host: "builder", site: "north", rack: "build" },
    });
    peers.set("builder", builder);
    await builder.done();
    for (const locality of hosts.filter(({ site }) => site === "south")) {
      const root = `${directory.path}/${locality.host}`;
      // Slow enough to be killed in the middle.
      const pausePerPieceMs = 30;
      peers.set(
        locality.host,
        new PeerProcess({ engine, kind: "fetch", torrentPath, root, locality, pausePerPieceMs }),
      );
    }
    const anyPiece = [...peers.values()].slice(1).map((peer) =>
      peer.until((one): one is typeof one & { type: "progress" } => one.type === "progress")
    );
    await Promise.race(anyPiece);
    // Whoever has the first piece of a site has it from outside.
    const importer = hosts.find(({ host }) =>
      peers.get(host)?.reports.some((one) => one.type === "progress")
    );
    assert.ok(importer !== undefined);
    const killed = peers.get(importer.host);
    assert.ok(killed !== undefined && !killed.reports.some((one) => one.type === "done"));
    if (when === "when all have a piece") await Promise.all(anyPiece);
    await killed.kill();
    peers.delete(importer.host);
    await Promise.allSettled(anyPiece);
    for (const peer of peers.values()) await peer.done();
  } finally {
    for (const peer of peers.values()) await peer[Symbol.asyncDispose]();
    await tracker.close();
  }
}
