/**
 * What each contender's process runs: it reads one request per line, runs a case for the time that
 * is asked for, and answers with one line. A case counts only what it has seen completed.
 *
 * @module
 */

import { createInterface } from "node:readline";
import process from "node:process";

/** Asks V8 to collect garbage; the process runs with --expose-gc. */
function collect() {
  for (let round = 0; round < 4; round++) globalThis.gc();
}

/** Runs `run(count)` again and again for the time, and returns operations per second. */
async function measureRate({ run, count }, durationMs) {
  let operations = 0;
  const startMs = performance.now();
  let elapsedMs = 0;
  do {
    await run(count);
    operations += count;
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < durationMs);
  return operations / elapsedMs * 1_000;
}

/** Bytes of the heap and beyond that each of `count` idle actors holds. */
async function measureMemory({ spawn, count }) {
  // What the first actors cost is code and tables, not actors.
  const first = await spawn(100, "first");
  collect();
  const before = process.memoryUsage();
  const startMs = performance.now();
  const actors = await spawn(count, "idle");
  const elapsedMs = performance.now() - startMs;
  collect();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
  if (actors.length !== count || first.length !== 100) throw new Error("not all were spawned");
  return { value: bytes / count, spawnedPerSecond: count / elapsedMs * 1_000 };
}

/** How late a timer and an answer over a socket come while `busy` keeps the loop busy. */
async function measureDelay(busy, durationMs) {
  const { measureDelays } = await import("./delays.js");
  let stop = () => {};
  if (busy !== undefined) stop = await busy();
  const delays = await measureDelays(durationMs);
  const handled = await stop();
  return { ...delays, handled };
}

/** Answers requests until standard input ends. */
export async function serve(contender) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { kind, name, durationMs, count } = JSON.parse(line);
    let answer;
    try {
      if (kind === "rate") {
        answer = { value: await measureRate(contender.rates[name], durationMs) };
      } else if (kind === "memory") {
        answer = await measureMemory({ spawn: contender.spawnIdle, count });
      } else {
        answer = await measureDelay(contender.busy?.[name], durationMs);
      }
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
