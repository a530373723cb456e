/** A release on a build machine, for the tests of `rollcall fetch` and `rollcall seed`. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { walk } from "../content_tree.ts";
import { startPublishCommand, startTrackerCommand } from "../long_running.ts";
import { rollcall } from "../rollcall_process.ts";
import { sampleBytes, temporaryDirectory } from "../../torrent/peer_harness.ts";

export const MIB = 1024 * 1024;

/** What `fetch --json` prints. */
export interface Fetched {
  readonly completedAt: string;
  readonly service: string;
  readonly version: string;
  readonly folder: string;
  readonly sizeBytes: number;
  readonly verified: boolean;
  readonly resumedBytes: number;
  readonly received: {
    readonly rackBytes: number;
    readonly siteBytes: number;
    readonly remoteBytes: number;
  };
}

/** SHA-256 of every file below a folder, by path. */
export function digests(folder: string): Record<string, string> {
  return Object.fromEntries(
    walk(folder).map((path) => [
      path,
      createHash("sha256").update(Deno.readFileSync(`${folder}/${path}`)).digest("hex"),
    ]),
  );
}

/** A tracker, a build machine with `web v1` of so many bytes and two small files, and a folder. */
export async function setUp(sizeBytes: number) {
  const directory = await temporaryDirectory();
  const blob = `${directory.path}/blob`;
  Deno.mkdirSync(`${blob}/sub`, { recursive: true });
  Deno.writeFileSync(`${blob}/big`, sampleBytes(sizeBytes, 1));
  Deno.writeFileSync(`${blob}/sub/ünïcode`, sampleBytes(70_001, 2));
  Deno.writeFileSync(`${blob}/empty`, new Uint8Array());
  const tracker = await startTrackerCommand();
  const feed = ["--feed", `${directory.path}/feed`, "--announce", tracker.announceUrl];
  const publisher = await startPublishCommand(
    ...["web", "v1", blob, ...feed, "--host", "build", "--site", "ams", "--rack", "r1"],
  );
  return {
    folder: directory.path,
    blob,
    feed,
    tracker,
    publisher,
    torrentUrl: new URL(`/torrents/${publisher.infoHash}.torrent`, publisher.feedUrl).href,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      await tracker[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Where the fetchers stand, and that they print JSON. */
export const HERE = ["--site", "ams", "--rack", "r2", "--json"];

/** A fetcher that receives nothing for that long fails its test instead of blocking it. */
export const PATIENCE = ["--patience", "60s"];

/** Runs `fetch` to its end, expects success, and returns what it prints. */
export async function fetchJson(...args: readonly string[]): Promise<Fetched> {
  const { status, stdout, stderr } = await rollcall("fetch", ...PATIENCE, ...args, ...HERE);
  assert.equal(status, 0, stderr);
  // With --until a second line tells of the seeding.
  return JSON.parse(stdout.split("\n")[0] ?? "");
}
