/**
 * Measures what a running service feels while the next blob arrives: it reads random pages of its own blob, in a memory cgroup
 * that it shares with what fetches, and the new blob is twice as large as the memory that is left.
 */

import { dropFromPageCache } from "../../../ffi/mod.ts";
import { NO_MEMORY_CGROUP } from "../../../tests/integration/memory_cgroup.ts";
import { benchCommand } from "../command_line.ts";
import { writeRandomFile } from "../random_file.ts";
import { inDigits, median, progress, rounded, type Row, table } from "../report.ts";
import { serve, type Way, WAYS } from "./arrivals.ts";
import { measure, type Outcome } from "./measure.ts";
import type { Window } from "./service.ts";

const PAGE = new URL("../../../docs/benchmarks/neighbour.md", import.meta.url);
const MIB = 1024 * 1024;

const { quick, json, write } = benchCommand({
  name: "neighbour",
  compares: "What a running service feels while its next blob arrives by rsync, aria2c and fetch",
  quick: "one round with small blobs, within 50 s",
  page: "docs/benchmarks/neighbour.md",
}).parse(Deno.args, { from: "user" }).opts();
const [BLOB_BYTES, LEFT_BYTES] = quick ? [192 * MIB, 128 * MIB] : [512 * MIB, 512 * MIB];
/** What the service takes beside its blob, and what brings the next one for itself: room for the largest of them, whoever it is. */
const PROCESSES_BYTES = (64 + 192) * MIB;
const NEXT_BYTES = 2 * (LEFT_BYTES + PROCESSES_BYTES);
const ROUNDS = quick ? 1 : 3;
const IDLE_MS = quick ? 3_000 : 10_000;

/** The figures of a window, by the names of the table's columns. */
const FIGURES: readonly {
  readonly name: string;
  readonly unit: string;
  readonly of: (window: Window) => number;
}[] = [
  { name: "p50", unit: "µs", of: ({ p50Us }) => p50Us },
  { name: "p99", unit: "µs", of: ({ p99Us }) => p99Us },
  { name: "p99.9", unit: "µs", of: ({ p999Us }) => p999Us },
  { name: "major faults", unit: "", of: ({ majorFaults }) => majorFaults },
];

if (NO_MEMORY_CGROUP !== null) {
  progress(`bench:neighbour: cannot run here: ${NO_MEMORY_CGROUP}`);
  Deno.exit(1);
}
const folder = await Deno.makeTempDir({ prefix: "rollcall-bench-neighbour-" });
try {
  const outcomes = await measureAll();
  const rows = toRows(outcomes);
  const text = json ? JSON.stringify({ rows }) : toTable(outcomes);
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  if (write) await Deno.writeTextFile(PAGE, page(outcomes));
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function measureAll(): Promise<Map<Way, Outcome[]>> {
  const [runningFolder, served] = [`${folder}/running`, `${folder}/served`];
  await writeNoise(runningFolder, BLOB_BYTES);
  await writeNoise(`${served}/2`, NEXT_BYTES);
  await using source = await serve(folder, served);
  const limitBytes = BLOB_BYTES + PROCESSES_BYTES + LEFT_BYTES;
  const outcomes = new Map<Way, Outcome[]>(WAYS.map((way) => [way, []]));
  // In turns, so that other load on the machine affects all alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of WAYS) {
      const outcome = await measure(way, {
        folder,
        runningFolder,
        source,
        limitBytes,
        idleMs: IDLE_MS,
      });
      outcomes.get(way)!.push(outcome);
      progress(`${way}: p99 ${inDigits(outcome.during.p99Us)} µs`);
    }
  }
  return outcomes;
}

async function writeNoise(folder: string, sizeBytes: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  writeRandomFile(`${folder}/blob`, sizeBytes);
  await dropFromPageCache(`${folder}/blob`);
}

function toRows(outcomes: ReadonlyMap<Way, readonly Outcome[]>): Row[] {
  return FIGURES.map(({ name, unit, of }) => {
    const valueOf = (way: Way) =>
      rounded(median(outcomes.get(way)!.map(({ during }) => of(during))));
    const idle = rounded(median([...outcomes.values()].flat().map((one) => of(one.idle))));
    const ours = valueOf("fetch");
    const [rsync, aria2c] = [valueOf("rsync"), valueOf("aria2c")];
    return {
      case: `${name} while the next blob arrives`,
      unit,
      ours,
      peers: { idle, rsync, aria2c, "fetch, pinned": valueOf("fetch, pinned") },
      // No faults at all count as one, so that there is a ratio.
      ratio: rounded(Math.max(1, Math.min(rsync, aria2c)) / Math.max(1, ours)),
    };
  });
}

function toTable(outcomes: ReadonlyMap<Way, readonly Outcome[]>): string {
  const head = ["way", ...FIGURES.map(({ name, unit }) => `${name} ${unit}`.trim())];
  const lineOf = (name: string, windows: readonly Window[]) => [
    name,
    ...FIGURES.map(({ of }) => inDigits(median(windows.map(of)))),
  ];
  const all = [...outcomes.values()].flat();
  return table([...head, "p99 / at rest", "seconds"], [
    [...lineOf("at rest", all.map(({ idle }) => idle)), "1", ""],
    ...[...outcomes].map(([way, some]) => [
      ...lineOf(way, some.map(({ during }) => during)),
      // With the rest of the same measurement, since each service is a process of its own.
      inDigits(median(some.map(({ idle, during }) => during.p99Us / idle.p99Us))),
      inDigits(median(some.map(({ seconds }) => seconds))),
    ]),
  ]);
}

function page(outcomes: ReadonlyMap<Way, readonly Outcome[]>): string {
  return `<!-- deno-fmt-ignore-file -->
<!-- Generated by scripts/bench/neighbour/main.ts --write. -->

# What a running service feels while its next blob arrives

A service maps its blob of ${
    BLOB_BYTES / MIB
  } MiB and reads random pages of it. It shares a memory cgroup with what brings the
next blob of ${NEXT_BYTES / MIB} MiB; ${
    LEFT_BYTES / MIB
  } MiB of the cgroup are left beside the blob and the processes. Who serves the next
blob is outside of it. ${ROUNDS} rounds in turns, medians; ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno},
Linux ${Deno.osRelease()}. "fetch": \`rollcall fetch\`, nothing is locked. "fetch, pinned": the same, with the running blob
locked by a pin keeper. A major fault is a page that had to be read from the disk.

${toTable(outcomes)}
`;
}
