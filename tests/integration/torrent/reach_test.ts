/**
 * How far a host is to fetch from, as the tracker tells it: nobody but gateways fetches across a border, though all may be
 * connected across it.
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import { createRelease, createSwarmEngine, verifyRelease } from "../../../torrent/mod.ts";
import { sampleBytes, temporaryDirectory } from "./peer_harness.ts";

/** A tracker that names one peer and says how far to fetch from. */
function startTracker(peerPort: number) {
  const state = { reach: "rack", answers: 0, answered: Promise.withResolvers<void>() };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const text = new TextEncoder();
    const head = text.encode("d8:intervali1e12:min intervali1e5:peers6:");
    const tail = text.encode(`5:reach${state.reach.length}:${state.reach}e`);
    const peer = [127, 0, 0, 1, peerPort >> 8, peerPort & 255];
    state.answers++;
    state.answered.resolve();
    state.answered = Promise.withResolvers();
    return new Response(new Uint8Array([...head, ...peer, ...tail]));
  });
  return { state, server, announceUrl: `http://127.0.0.1:${server.addr.port}/announce` };
}

Deno.test("swarm engine: fetches nothing from farther away than the tracker's reach, and at once when it grows", async () => {
  await using directory = await temporaryDirectory();
  const options = { hostname: "127.0.0.1", log: silentLog };
  const seeder = await createSwarmEngine({
    ...options,
    locality: { host: "seeder", site: "north", rack: "a" },
  });
  const fetcher = await createSwarmEngine({
    ...options,
    locality: { host: "fetcher", site: "north", rack: "b" },
  });
  const tracker = startTracker(seeder.port);
  try {
    const path = `${directory.path}/blob`;
    await Deno.writeFile(path, sampleBytes(2_000_000, 1));
    const announce = [tracker.announceUrl];
    const publish = { service: "web", version: "1", path, log: silentLog };
    const { metainfo, root } = await createRelease({ ...publish, announce });
    // It announces nothing: the fetcher is the one that dials.
    const silent = await createRelease({ ...publish, announce: [] });
    await seeder.seed({ metainfo: silent.metainfo, root }).done;
    const target = `${directory.path}/copy`;
    const transfer = fetcher.fetch({ metainfo, root: target });
    const connected = new Promise<void>((resolve) => {
      transfer.subscribe((event) => event.type === "peer_connected" && resolve());
    });
    await connected;
    // Two more answers are a second in which all of it could have come.
    await tracker.state.answered.promise;
    await tracker.state.answered.promise;
    const { received, peersByDistance } = transfer.progress();
    assert.deepEqual(peersByDistance, { rack: 0, site: 1, remote: 0 });
    assert.equal(received.rackBytes + received.siteBytes + received.remoteBytes, 0);
    tracker.state.reach = "site";
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
    assert.equal(transfer.progress().received.siteBytes, 2_000_000);
  } finally {
    await fetcher.close();
    await seeder.close();
    await tracker.server.shutdown();
  }
});
