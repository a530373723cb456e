/** Yesterday's and today's content, composed of runs of pseudo-random bytes, which are written in one pass whatever their size. */

import { createCipheriv } from "node:crypto";

/** Bytes `startBytes` to `startBytes + sizeBytes` of an endless pseudo-random stream, which is the same for the same seed. */
export interface Run {
  readonly seed: number;
  /** A multiple of 16, the cipher's block. */
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** Files by their path, each composed of runs. */
export type Content = Readonly<Record<string, readonly Run[]>>;

const CIPHER_BLOCK_BYTES = 16;
const WRITE_BYTES = 4 * 1024 * 1024;

/** Writes the files below a folder. */
export async function writeContent(folder: string, content: Content): Promise<void> {
  for (const [path, runs] of Object.entries(content)) {
    const full = `${folder}/${path}`;
    await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    using file = await Deno.open(full, { write: true, create: true, truncate: true });
    for (const run of runs) for (const bytes of bytesOf(run)) file.writeSync(bytes);
    file.syncDataSync();
  }
}

function* bytesOf({ seed, startBytes, sizeBytes }: Run): Generator<Uint8Array> {
  const key = new Uint8Array(32).fill(seed);
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setBigUint64(8, BigInt(startBytes / CIPHER_BLOCK_BYTES));
  const cipher = createCipheriv("aes-256-ctr", key, counter);
  const zeros = new Uint8Array(WRITE_BYTES);
  for (let done = 0; done < sizeBytes; done += WRITE_BYTES) {
    const bytes = cipher.update(zeros.subarray(0, Math.min(WRITE_BYTES, sizeBytes - done)));
    // The caller writes all of it at once: a write to a file on disk is never partial, unlike one to a pipe.
    yield bytes;
  }
  cipher.final();
}

/** One change from yesterday to today. */
export interface Case {
  readonly name: string;
  readonly today: Content;
}

/** Yesterday's content: four files of a service, one of them most of it. */
export function yesterday(sizeBytes: number): Content {
  const quarter = sizeBytes / 16;
  return {
    "index/main": [run(1, 0, sizeBytes - 3 * quarter)],
    "index/a": [run(2, 0, quarter)],
    "index/b": [run(3, 0, quarter)],
    "words": [run(4, 0, quarter)],
  };
}

/** The changes that are measured. */
export function cases(sizeBytes: number): Case[] {
  const before = yesterday(sizeBytes);
  const [{ sizeBytes: mainBytes }] = before["index/main"] as [Run];
  const percent = align(sizeBytes / 100);
  const withMain = (...runs: Run[]): Content => ({ ...before, "index/main": runs });
  const { "index/main": main = [], "index/a": a = [], "index/b": b = [], words = [] } = before;
  return [
    {
      name: "1 % changed in place, in one run",
      today: withMain(...changed(mainBytes, { places: 1, changedBytes: percent })),
    },
    {
      name: "1 % changed in place, in 100 runs",
      today: withMain(...changed(mainBytes, { places: 100, changedBytes: percent })),
    },
    {
      name: "1,008 bytes inserted at the front",
      today: withMain(run(9, 0, 1_008), run(1, 0, mainBytes)),
    },
    { name: "1 % appended", today: withMain(run(1, 0, mainBytes), run(9, 0, percent)) },
    {
      name: "the same content, other names",
      today: { "data/core": main, "data/one": a, "data/two": b, "dictionary": words },
    },
    { name: "the same content, another version", today: before },
  ];
}

function changed(
  sizeBytes: number,
  { places, changedBytes }: { places: number; changedBytes: number },
): Run[] {
  const runs: Run[] = [];
  const oneBytes = align(changedBytes / places);
  let at = 0;
  for (let place = 0; place < places; place++) {
    const start = align((place + 0.5) * sizeBytes / places);
    runs.push(run(1, at, start - at), run(9, start, oneBytes));
    at = start + oneBytes;
  }
  runs.push(run(1, at, sizeBytes - at));
  return runs;
}

function run(seed: number, startBytes: number, sizeBytes: number): Run {
  return { seed, startBytes, sizeBytes };
}

function align(bytes: number): number {
  return Math.floor(bytes / CIPHER_BLOCK_BYTES) * CIPHER_BLOCK_BYTES;
}
