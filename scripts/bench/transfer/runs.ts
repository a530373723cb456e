/** Single runs: seed, fetch, compare what arrived, and measure how long it took and what it cost. */

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { silentLog } from "../../../base/log.ts";
import { createRelease } from "../../../torrent/mod.ts";
import { commandOf, type Contender, isTalkative, rawCommand } from "./contenders.ts";
import { HostProcess } from "./host_process.ts";
import { type PlainTracker, startPlainTracker } from "./plain_tracker.ts";

const BLOB = "blob.bin";
const CHUNK_BYTES = 1024 * 1024;
const MIB = 1024 * 1024;

/** A published blob, in a folder of its own. */
export interface Published {
  readonly folder: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly torrent: string;
  readonly tracker: PlainTracker;
}

/** The result of a run from one host to another. */
export interface PairResult {
  readonly megabytesPerSecond: number;
  /** Processor time of both hosts together, their start included. */
  readonly cpuSecondsPerGib: number;
  /** Resident memory of the larger of the two hosts. */
  readonly residentMib: number;
}

/** The result of a run of one seeder and several leechers. */
export interface SwarmResult {
  /** Until the last leecher has everything. */
  readonly seconds: number;
  /** Bytes that the seeder sent, as multiples of the content's size. */
  readonly copies: number;
  /** Processor time of all hosts together, their start included. */
  readonly cpuSeconds: number;
}

/** Makes a blob of random bytes and its .torrent. */
export async function publish(parent: string, sizeMib: number): Promise<Published> {
  const folder = await Deno.makeTempDir({ dir: parent, prefix: "rollcall-bench-" });
  const file = await Deno.open(`${folder}/${BLOB}`, { write: true, create: true });
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < chunk.length; at += 65_536) {
    crypto.getRandomValues(chunk.subarray(at, at + 65_536));
  }
  const number = new DataView(chunk.buffer);
  for (let count = 0; count < sizeMib; count++) {
    number.setUint32(0, count);
    await file.write(chunk);
  }
  file.close();
  const tracker = startPlainTracker();
  const { metainfo } = await createRelease({
    service: "bench",
    version: "1",
    path: `${folder}/${BLOB}`,
    announce: [tracker.announceUrl],
    chunkMap: false,
    log: silentLog,
  });
  const torrent = `${folder}/bench.torrent`;
  await Deno.writeFile(torrent, metainfo);
  const sizeBytes = sizeMib * MIB;
  return { folder, sizeBytes, sha256: sha256Of(`${folder}/${BLOB}`), torrent, tracker };
}

/** Removes the blob and stops its tracker. */
export async function unpublish(published: Published): Promise<void> {
  await published.tracker[Symbol.asyncDispose]();
  await Deno.remove(published.folder, { recursive: true });
}

/** Transfers the blob from one host to another. */
export async function runPair(
  published: Published,
  from: Contender,
  to: Contender,
): Promise<PairResult> {
  const seeder = await startSeeder(published, from);
  const root = `${published.folder}/incoming`;
  const fetcher = new HostProcess(commandOf(to, "fetch", { torrent: published.torrent, root }));
  let seconds: number | undefined;
  if (isTalkative(to)) {
    await fetcher.begin();
    seconds = (await fetcher.next())?.["seconds"];
  } else {
    const startMs = await published.tracker.untilAsked(2);
    await fetcher.ended();
    seconds = (performance.now() - startMs) / 1000;
  }
  const costs = [seeder.cost(), fetcher.cost()];
  if (isTalkative(to)) await fetcher.end();
  await endSeeder(seeder, from);
  expectContent(published, root);
  await removeIncoming(published);
  return asResult(published, seconds, costs);
}

/** Copies the same bytes over a socket without protocol or hashes, which is the upper limit. */
export async function runRaw(published: Published): Promise<PairResult> {
  const seeder = new HostProcess(rawCommand("seed", `${published.folder}/${BLOB}`));
  const port = (await seeder.next())?.["port"];
  const root = `${published.folder}/incoming`;
  const fetcher = new HostProcess(rawCommand("fetch", `${root}/${BLOB}`, port));
  const seconds = (await fetcher.next())?.["seconds"];
  const costs = [seeder.cost(), fetcher.cost()];
  await fetcher.end();
  await seeder.end();
  expectContent(published, root);
  await removeIncoming(published);
  return asResult(published, seconds, costs);
}

/** Transfers the blob from one seeder to that many leechers, all started at once. */
export async function runSwarm(
  published: Published,
  contender: Contender,
  leechers: number,
): Promise<SwarmResult> {
  const seeder = await startSeeder(published, contender);
  const { torrent } = published;
  const roots = Array.from({ length: leechers }, (_, at) => `${published.folder}/incoming${at}`);
  const hosts = roots.map((root) =>
    new HostProcess(commandOf(contender, "fetch", { torrent, root }))
  );
  await Promise.all(hosts.map((host) => host.ready()));
  const startMs = performance.now();
  await Promise.all(hosts.map((host) => host.go()));
  await Promise.all(hosts.map((host) => host.next()));
  const seconds = (performance.now() - startMs) / 1000;
  const cpuSeconds = [seeder, ...hosts].reduce((sum, host) => sum + host.cost().cpuSeconds, 0);
  await Promise.all(hosts.map((host) => host.end()));
  const { sentBytes = 0 } = await seeder.end();
  for (const root of roots) expectContent(published, root);
  await removeIncoming(published);
  return { seconds, copies: sentBytes / published.sizeBytes, cpuSeconds };
}

async function startSeeder(published: Published, contender: Contender): Promise<HostProcess> {
  const { tracker, torrent, folder } = published;
  tracker.clear();
  const seeder = new HostProcess(commandOf(contender, "seed", { torrent, root: folder }));
  if (isTalkative(contender)) {
    await seeder.begin();
    await seeder.next();
  }
  await tracker.untilAsked(1);
  return seeder;
}

async function endSeeder(seeder: HostProcess, contender: Contender): Promise<void> {
  if (isTalkative(contender)) await seeder.end();
  else await seeder.kill();
}

function asResult(
  { sizeBytes }: Published,
  seconds: number | undefined,
  costs: readonly { cpuSeconds: number; residentBytes: number }[],
): PairResult {
  if (seconds === undefined) throw new Error("run: a host ended before it was done");
  return {
    megabytesPerSecond: sizeBytes / seconds / 1e6,
    cpuSecondsPerGib: costs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) /
      (sizeBytes / 1024 ** 3),
    residentMib: Math.max(...costs.map(({ residentBytes }) => residentBytes)) / MIB,
  };
}

function expectContent({ sha256 }: Published, root: string): void {
  const there = sha256Of(`${root}/${BLOB}`);
  if (there !== sha256) throw new Error(`run: ${root} has other content than was published`);
}

async function removeIncoming({ folder }: Published): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("incoming")) await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
}

function sha256Of(path: string): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  const descriptor = fs.openSync(path, "r");
  for (let read = fs.readSync(descriptor, buffer); read > 0;) {
    hash.update(buffer.subarray(0, read));
    read = fs.readSync(descriptor, buffer);
  }
  fs.closeSync(descriptor);
  return hash.digest("hex");
}
