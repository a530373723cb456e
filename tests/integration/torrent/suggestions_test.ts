/** New pieces are suggested to one host each (BEP 6); all others have to get everything all the same. */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import { createRelease, verifyRelease } from "../../../torrent/mod.ts";
import {
  publishBlob,
  startBadPeer,
  startFixedTracker,
  startHost as startNear,
} from "./fault_world.ts";
import { sampleBytes, temporaryDirectory } from "./peer_harness.ts";

const SIZE_BYTES = 3_000_000;

/** A host in a rack of its own. */
async function startHost(host: string) {
  const engine = await startNear(host, {
    locality: { host, site: "north", rack: `rack of ${host}` },
  });
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.close() });
}

Deno.test("swarm engine: two racks that cannot pass anything on to each other both get what is suggested to one of them", async () => {
  await using directory = await temporaryDirectory();
  await using origin = await startHost("origin");
  await using relay = await startHost("relay");
  await using left = await startHost("left");
  await using right = await startHost("right");
  await using ofOrigin = startFixedTracker(() => [origin.port]);
  await using ofRelay = startFixedTracker(() => [relay.port]);
  const path = `${directory.path}/blob`;
  await Deno.writeFile(path, sampleBytes(SIZE_BYTES, 1));
  const releaseWith = (announce: readonly string[]) =>
    createRelease({ service: "web", version: "1", path, announce: [...announce], log: silentLog });
  const { metainfo, root } = await releaseWith([]);
  await origin.seed({ metainfo, root }).done;
  // The relay is the only one that both know: each piece is new to it, and suggested to one of the two.
  const { metainfo: relayed } = await releaseWith([ofRelay.announceUrl]);
  const leechers = [left, right].map((engine, place) =>
    engine.fetch({ metainfo: relayed, root: `${directory.path}/copy ${place}` })
  );
  const connected = leechers.map((transfer) =>
    new Promise<void>((resolve) =>
      transfer.subscribe((event) => event.type === "peer_connected" && resolve())
    )
  );
  const { metainfo: first } = await releaseWith([ofOrigin.announceUrl]);
  const relaying = relay.fetch({ metainfo: first, root: `${directory.path}/relayed` });
  await Promise.all([relaying.done, ...connected, ...leechers.map(({ done }) => done)]);
  for (const [place, transfer] of leechers.entries()) {
    await verifyRelease({ metainfo, root: `${directory.path}/copy ${place}` });
    assert.equal(transfer.progress().received.siteBytes, SIZE_BYTES);
  }
});

Deno.test("swarm engine: who has suggested a piece hears that it came from elsewhere, or would wait to suggest more", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker((asker) => asker === ports[0] ? [] : ports);
  const { directory, infoHash, metainfo, root, target } = await publishBlob(
    SIZE_BYTES,
    tracker.announceUrl,
  );
  await using _directory = directory;
  await using suggester = startBadPeer(infoHash, { suggests: [3, 0, 9_999] });
  const seeder = await startNear("seeder");
  const fetcher = await startNear("fetcher");
  try {
    ports.push(seeder.port, suggester.port);
    await seeder.seed({ metainfo, root }).done;
    await fetcher.fetch({ metainfo, root: target }).done;
    for (let looks = 0; suggester.haves.length < 2 && looks < 1000; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(suggester.haves.toSorted((a, b) => a - b), [0, 3]);
  } finally {
    await fetcher.close();
    await seeder.close();
  }
});
