/**
 * Does it pay to hash in a worker? Buffers of several sizes are hashed by the same actor on the main
 * thread, in one worker, in two, and in one with copies instead of transfers; with the main thread
 * idle otherwise. Prints throughput, and how late the main thread's timers were meanwhile.
 *
 * @module
 */

import { type ActorRef, ActorSystem, ask } from "../../../actors/runtime/mod.ts";
import { workerActor } from "../../../actors/runtime/worker/mod.ts";
import { type Algorithm, hashActor, type HashMessage } from "./hashing.ts";
import { newCommand } from "../../command_line.ts";
import { median, type Row } from "../report.ts";

const { quick, json } = newCommand(
  "bench:worker",
  "Hashing on the main thread beside hashing in Web Workers: throughput, and how late timers are meanwhile",
)
  .option("--quick", "fewer bytes and rounds, within 50 s", false)
  .option("--json", "one object with the rows on stdout", false)
  .parse(Deno.args, { from: "user" }).opts();

const ROUNDS = quick ? 2 : 7;
/** What is hashed in a round. */
const ROUND_BYTES = (quick ? 16 : 128) * 2 ** 20;
const ALGORITHMS: readonly Algorithm[] = ["sha1", "sha256"];
const BUFFER_BYTES = [16 * 2 ** 10, 256 * 2 ** 10, 4 * 2 ** 20];
/** The contender that the workers are measured against. */
const MAIN_THREAD = "main thread";
/** Buffers under way at once. */
const WINDOW = 8;

interface Contender {
  readonly name: string;
  /** In turns. */
  readonly refs: readonly ActorRef<HashMessage>[];
}

interface Result {
  readonly contender: string;
  readonly algorithm: Algorithm;
  readonly bufferBytes: number;
  readonly mbPerSecond: readonly number[];
  /** Worst delay of a timer in each round, in milliseconds. */
  readonly timerDelayMs: readonly number[];
}

const system = ActorSystem.create({ name: "bench" });

function spawnWorker(name: string, transfers: boolean): ActorRef<HashMessage> {
  const { definition, ref } = workerActor<HashMessage>({
    create: () => new Worker(new URL("./hash_worker.ts", import.meta.url), { type: "module" }),
    window: WINDOW,
    transfer: ({ bytes }) => transfers ? [bytes.buffer] : [],
  });
  system.spawn(name, definition);
  return ref;
}

const main = system.spawn("main", hashActor);
const one = spawnWorker("one", true);
const contenders: readonly Contender[] = [
  { name: MAIN_THREAD, refs: [main] },
  { name: "one worker, transfer", refs: [one] },
  { name: "two workers, transfer", refs: [one, spawnWorker("two", true)] },
  { name: "one worker, copy", refs: [spawnWorker("copy", false)] },
];

/** Hashes this many bytes and checks each digest. */
async function run(
  { refs }: Contender,
  { algorithm, bufferBytes }: { algorithm: Algorithm; bufferBytes: number },
): Promise<{ mbPerSecond: number; timerDelayMs: number }> {
  const template = new Uint8Array(bufferBytes).fill(7);
  const count = Math.max(WINDOW * 2, Math.floor(ROUND_BYTES / bufferBytes));
  // What a reader would have filled: made before the time is taken, and each used once, so that no
  // contender hashes what the caches still hold.
  const buffers = Array.from({ length: count }, () => template.slice());
  const expected = await hashWith(main, algorithm, template);
  const delays = watchTimers();
  const startedMs = performance.now();
  let next = 0;
  async function lane(index: number): Promise<void> {
    for (;;) {
      const bytes = buffers[next++];
      if (bytes === undefined) return;
      const ref = refs[index % refs.length];
      if (ref === undefined) return;
      if (await hashWith(ref, algorithm, bytes) !== expected) throw new Error("wrong digest");
    }
  }
  await Promise.all(Array.from({ length: WINDOW }, (_, index) => lane(index)));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { mbPerSecond: count * bufferBytes / 1e6 / seconds, timerDelayMs: delays.stop() };
}

function hashWith(
  ref: ActorRef<HashMessage>,
  algorithm: Algorithm,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  return ask<HashMessage, string>(
    ref,
    (replyTo) => ({ algorithm, bytes, replyTo }),
    { timeoutMs: 60_000 },
  );
}

/** How late a timer of a millisecond was, at worst. */
function watchTimers(): { stop(): number } {
  let dueMs = performance.now() + 1;
  let worstMs = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    worstMs = Math.max(worstMs, nowMs - dueMs);
    dueMs = nowMs + 1;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(worstMs, performance.now() - dueMs);
    },
  };
}

const results: Result[] = [];
for (const algorithm of ALGORITHMS) {
  for (const bufferBytes of BUFFER_BYTES) {
    const rounds = new Map(
      contenders.map(({ name }) => [name, { mb: [] as number[], late: [] as number[] }]),
    );
    // Contenders take turns, so that what else the machine does hits all of them. Round 0 warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const contender of contenders) {
        const { mbPerSecond, timerDelayMs } = await run(contender, { algorithm, bufferBytes });
        if (round === 0) continue;
        rounds.get(contender.name)?.mb.push(mbPerSecond);
        rounds.get(contender.name)?.late.push(timerDelayMs);
      }
    }
    for (const [contender, { mb, late }] of rounds) {
      results.push({ contender, algorithm, bufferBytes, mbPerSecond: mb, timerDelayMs: late });
    }
  }
}
await system.stop();

if (json) {
  await print(JSON.stringify({ rows: toRows() }));
} else {
  const lines = results.map(({ contender, algorithm, bufferBytes, mbPerSecond, timerDelayMs }) => {
    const spread = `${Math.round(Math.min(...mbPerSecond))}–${
      Math.round(Math.max(...mbPerSecond))
    }`;
    return [
      algorithm.padEnd(7),
      `${bufferBytes / 1024} KiB`.padStart(9),
      contender.padEnd(22),
      `${Math.round(median(mbPerSecond))}`.padStart(6),
      spread.padStart(12),
      median(timerDelayMs).toFixed(1).padStart(9),
    ].join("  ");
  });
  await print(
    ["digest     buffer  where                     MB/s        spread  late (ms)", ...lines]
      .join("\n"),
  );
}

function toRows(): Row[] {
  const round = (value: number): number => Number(value.toPrecision(4));
  return results.filter(({ contender }) => contender !== MAIN_THREAD).map((result) => {
    const { contender, algorithm, bufferBytes, mbPerSecond } = result;
    const main = results.find((other) =>
      other.contender === MAIN_THREAD && other.algorithm === algorithm &&
      other.bufferBytes === bufferBytes
    );
    const ours = median(mbPerSecond);
    const peer = median(main?.mbPerSecond ?? []);
    return {
      case: `${algorithm}, ${bufferBytes / 1024} KiB, ${contender}`,
      unit: "MB/s",
      ours: round(ours),
      peers: { [MAIN_THREAD]: round(peer) },
      ratio: Number((ours / peer).toPrecision(3)),
    };
  });
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}
