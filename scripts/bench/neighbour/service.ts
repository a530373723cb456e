/**
 * The neighbour: a service that maps its blob, reads random pages of it, and measures how long each takes. Its standard input says
 * `begin NAME` and `end`; for each `end` it prints one line of JSON, a `Window`.
 */

import { MemoryMap } from "../../../ffi/mod.ts";

/** What the service felt between a `begin` and its `end`. */
export interface Window {
  readonly name: string;
  readonly reads: number;
  /** Quantiles of what a read took, in microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Pages that had to be read from the disk. */
  readonly majorFaults: number;
}

const PAGE_BYTES = 4096;
/** So many reads are made in a row, then others have their turn. */
const BATCH_READS = 5;
/**
 * Time between two batches. Of a large blob a page is read once in many minutes, so that nothing but room keeps it in memory: here
 * it is once in a minute or more.
 */
const PAUSE_MS = 10;
/** The bounds of the histogram: 1 % steps from 20 ns to 10 s, so that memory stays bounded, however long it runs. */
const [LEAST_US, STEP] = [0.02, Math.log(1.01)];
const BUCKETS = Math.ceil(Math.log(10_000_000 / LEAST_US) / STEP);

if (import.meta.main) await serve(Deno.args[0]!);

async function serve(path: string): Promise<void> {
  const { size } = Deno.statSync(path);
  using map = MemoryMap.ofFile(path, size);
  const blob = new Deno.UnsafePointerView(Deno.UnsafePointer.create(map.resolve().address)!);
  const pages = Math.floor(size / PAGE_BYTES);
  for (let page = 0; page < pages; page++) blob.getUint8(page * PAGE_BYTES);
  const counts = new Float64Array(BUCKETS);
  let name = "";
  let [faults, isEnded] = [0, false];
  void (async () => {
    for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      for (const [verb, which = ""] of line.trim().split("\n").map((one) => one.split(" "))) {
        if (verb === "begin") {
          counts.fill(0);
          [name, faults] = [which, majorFaults()];
        } else {
          const window = summary(name, counts, majorFaults() - faults);
          say(JSON.stringify(window));
        }
      }
    }
    isEnded = true;
  })();
  say("warm");
  while (!isEnded) {
    for (let read = 0; read < BATCH_READS; read++) {
      const offset = Math.floor(Math.random() * pages) * PAGE_BYTES;
      const beganMs = performance.now();
      blob.getUint8(offset);
      const us = (performance.now() - beganMs) * 1000;
      const bucket = us <= LEAST_US ? 0 : Math.floor(Math.log(us / LEAST_US) / STEP);
      counts[Math.min(BUCKETS - 1, bucket)]!++;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function summary(name: string, counts: Float64Array, faults: number): Window {
  const reads = counts.reduce((sum, count) => sum + count, 0);
  const quantile = (share: number) => {
    let left = share * reads;
    const bucket = counts.findIndex((count) => (left -= count) <= 0);
    return LEAST_US * Math.exp((bucket + 1) * STEP);
  };
  return {
    name,
    reads,
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
    p999Us: quantile(0.999),
    majorFaults: faults,
  };
}

/** The twelfth field of /proc/PID/stat, behind the name, which may have spaces: proc_pid_stat(5). */
function majorFaults(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ").at(-1)!.split(" ");
  return Number(fields[9]);
}
