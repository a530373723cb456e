/**
 * Eight hosts in two sites of two racks, and a build machine, with the real tracker that deals stripes: everything arrives,
 * about one copy crosses each border, and each host brings in a part of it.
 */

import assert from "node:assert/strict";
import type { Locality } from "../../../base/locality.ts";
import { silentLog } from "../../../base/log.ts";
import { STRIPE_COUNT } from "../../../base/stripes.ts";
import { createRelease, createSwarmEngine, verifyRelease } from "../../../torrent/mod.ts";
import { createTracker } from "../../../tracker/mod.ts";
import { startFixedTracker } from "./fault_world.ts";
import { sampleBytes, temporaryDirectory } from "./peer_harness.ts";

const SIZE_BYTES = 6_000_000;
/** Slow enough that hosts know each other, and their stripes, long before they are done. */
const UP_BYTES_PER_SECOND = 2_000_000;

/** The stripe of the host that has one alone. */
const OWN = 3;

const HOSTS: readonly Locality[] = ["north", "south"].flatMap((site) =>
  ["a", "b"].flatMap((rack) =>
    ["1", "2"].map((name) => ({ host: `${site}-${rack}${name}`, site, rack }))
  )
);

Deno.test("stripes: a host that nobody brings anything takes what it has not been dealt, and gets everything", async () => {
  await using directory = await temporaryDirectory();
  await using cleanUp = new AsyncDisposableStack();
  const start = async (rack: string) => {
    const locality = { host: rack, site: "north", rack };
    const engine = await createSwarmEngine({ hostname: "127.0.0.1", log: silentLog, locality });
    cleanUp.defer(() => engine.close());
    return engine;
  };
  const seeder = await start("a");
  // It deals one stripe, and the others to nobody.
  const tracker = startFixedTracker(() => [seeder.port], undefined, `${OWN}:${OWN}:1`);
  cleanUp.defer(() => tracker[Symbol.asyncDispose]());
  const path = `${directory.path}/blob`;
  await Deno.writeFile(path, sampleBytes(2_000_000, 1));
  const publish = { service: "web", version: "1", path, log: silentLog };
  const { metainfo, root } = await createRelease({ ...publish, announce: [tracker.announceUrl] });
  const silent = await createRelease({ ...publish, announce: [] });
  await seeder.seed({ metainfo: silent.metainfo, root }).done;
  const target = `${directory.path}/copy`;
  const transfer = (await start("b")).fetch({ metainfo, root: target });
  const stripes: number[] = [];
  transfer.subscribe((event) => {
    if (event.type === "piece_verified") stripes.push(event.index % STRIPE_COUNT);
  });
  await transfer.done;
  await verifyRelease({ metainfo, root: target });
  const own = stripes.filter((stripe) => stripe === OWN).length;
  assert.ok(own > 1 && own < stripes.length / 2);
  assert.ok(
    stripes.slice(0, own).every((stripe) => stripe === OWN),
    "its own comes first, and alone",
  );
});

Deno.test("stripes: each host brings in a part, and about one copy crosses each border", async () => {
  await using directory = await temporaryDirectory();
  await using cleanUp = new AsyncDisposableStack();
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { importBy: "stripes", hungryIntervalMs: 500 },
  });
  cleanUp.defer(() => tracker.close());
  const start = async (locality: Locality) => {
    const engine = await createSwarmEngine({
      hostname: "127.0.0.1",
      log: silentLog,
      locality,
      limits: { up: { total: UP_BYTES_PER_SECOND } },
    });
    cleanUp.defer(() => engine.close());
    return engine;
  };
  const path = `${directory.path}/blob`;
  await Deno.writeFile(path, sampleBytes(SIZE_BYTES, 1));
  const announce = [tracker.announceUrl];
  const publish = { service: "web", version: "1", path, log: silentLog };
  const { metainfo, root } = await createRelease({ ...publish, announce });
  const builder = await start({ host: "builder", site: "north", rack: "build" });
  await builder.seed({ metainfo, root }).done;
  const fetch = async (locality: Locality) => {
    const target = `${directory.path}/${locality.host}`;
    const transfer = (await start(locality)).fetch({ metainfo, root: target });
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
    return { locality, ...transfer.progress().received };
  };
  const results = await Promise.all(HOSTS.map(fetch));

  const sum = (count: (one: typeof results[number]) => number) =>
    results.reduce((total, one) => total + count(one), 0) / SIZE_BYTES;
  const [acrossSites, acrossRacks] = [
    sum(({ remoteBytes }) => remoteBytes),
    sum(({ siteBytes }) => siteBytes),
  ];
  assert.ok(acrossSites < 1.2, `${acrossSites} copies across sites, least 1`);
  assert.ok(acrossRacks < 3.6, `${acrossRacks} copies across racks, least 3`);
  for (const { locality: { host }, siteBytes, remoteBytes } of results) {
    const part = (siteBytes + remoteBytes) / SIZE_BYTES;
    assert.ok(part > 0.2 && part < 0.8, `${host} has brought in ${part} of the release`);
  }
  const south = results.filter(({ locality: { site } }) => site === "south");
  for (const { locality: { host }, remoteBytes } of south) {
    assert.ok(remoteBytes > 0.05 * SIZE_BYTES, `${host} has brought ${remoteBytes} into its site`);
  }
  const late = await fetch({ host: "late", site: "south", rack: "a" });
  assert.deepEqual([late.siteBytes, late.remoteBytes], [0, 0], "what mates have is not brought in");
});
