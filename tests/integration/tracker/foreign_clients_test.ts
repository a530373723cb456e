/**
 * The client of the package bittorrent-tracker announces and scrapes at our tracker, over HTTP and over
 * UDP: a parser and an encoder that others wrote, on a real socket; and so at its own server with our
 * swarms behind it.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { silentLog } from "../../../base/log.ts";
import Client from "bittorrent-tracker/client";
import {
  createTracker,
  type Tracker,
  TRACKER_SERVERS,
  type TrackerServerName,
} from "../../../tracker/mod.ts";

const log = silentLog;
const infoHash = "ab".repeat(20);

/** What is used of the client; the package brings no types. */
interface ForeignClient extends NodeJS.EventEmitter {
  start(options: { left: number }): void;
  update(options: { left: number; uploaded: number }): void;
  complete(): void;
  stop(): void;
  scrape(): void;
  destroy(): void;
}
const ForeignClient = Client as unknown as new (options: unknown) => ForeignClient;

interface Update {
  readonly complete: number;
  readonly incomplete: number;
}

function client(tracker: Tracker, { url, port }: { url: string; port: number }): ForeignClient {
  assert.ok(url.includes(String(tracker.port)));
  return new ForeignClient({
    infoHash: Buffer.from(infoHash, "hex"),
    peerId: Buffer.from(String(port).padStart(20, "-")),
    announce: [url],
    port,
    wrtc: false,
  });
}

async function update(foreign: ForeignClient, work: () => void): Promise<Update> {
  const answered = once(foreign, "update");
  work();
  const [reply] = await answered;
  return reply;
}

for (const server of TRACKER_SERVERS) {
  for (const protocol of ["http", "udp"] as const) {
    Deno.test({
      name: `tracker, server ${server}: bittorrent-tracker's client is served over ${protocol}`,
      // The package leaves a timer of 15 s behind per request over HTTP.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => serve(protocol, server),
    });
  }
}

async function serve(protocol: "http" | "udp", server: TrackerServerName): Promise<void> {
  const tracker = await createTracker({ hostname: "127.0.0.1", server, log });
  const url = protocol === "http" ? tracker.announceUrl : tracker.udpAnnounceUrl ?? "";
  const [seeder, fetcher] = [4001, 4002].map((port) => client(tracker, { url, port }));
  assert.ok(seeder !== undefined && fetcher !== undefined);
  try {
    const alone = await update(seeder, () => seeder.start({ left: 0 }));
    assert.deepEqual([alone.complete, alone.incomplete], [0, 1], "it only says that it is a seed");
    const peer = once(fetcher, "peer");
    const both = await update(fetcher, () => fetcher.start({ left: 100 }));
    assert.deepEqual([both.complete, both.incomplete], [0, 2]);
    assert.deepEqual(await peer, ["127.0.0.1:4001"]);
    const shown = await update(seeder, () => seeder.update({ left: 0, uploaded: 50 }));
    assert.deepEqual([shown.complete, shown.incomplete], [1, 1], "now it has sent something");
    const scraped = once(fetcher, "scrape");
    fetcher.scrape();
    const [scrape] = await scraped;
    assert.deepEqual([scrape.complete, scrape.incomplete, scrape.downloaded], [1, 1, 0]);
    const done = await update(fetcher, () => fetcher.complete());
    assert.deepEqual([done.complete, done.incomplete], [2, 0]);
    const left = await update(seeder, () => seeder.stop());
    assert.equal(left.complete, 1);
    const { counters } = tracker.stats();
    const announces = protocol === "http" ? counters.httpAnnounces : counters.udpAnnounces;
    assert.equal(announces, 5);
  } finally {
    for (const one of [seeder, fetcher]) {
      // What it still has to say comes too late for anybody.
      one.on("error", () => {});
      one.destroy();
    }
    await tracker.close();
  }
}
