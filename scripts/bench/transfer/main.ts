/**
 * Compares the swarm engine with other BitTorrent clients: from host to host, and from one host to eight. Every host is a
 * process of its own, the contenders alternate, and every run ends with comparing the SHA-256 of what arrived.
 * Needs python3-libtorrent and aria2 (task setup:torrent_clients).
 */

import { benchCommand } from "../command_line.ts";
import { progress } from "../report.ts";
import type { Contender } from "./contenders.ts";
import { type Comparison, toMarkdown, toRows, Values } from "./results.ts";
import { type PairResult, publish, runPair, runRaw, runSwarm, unpublish } from "./runs.ts";

const PAGE = new URL("../../../docs/benchmarks/transfer.md", import.meta.url);
const { quick, json, write } = benchCommand({
  name: "transfer",
  compares: "The swarm engine beside other BitTorrent clients: host to host, and one host to eight",
  quick: "smaller files, within 50 s",
  page: "docs/benchmarks/transfer.md",
}).parse(Deno.args, { from: "user" }).opts();

const MEMORY = "/dev/shm";
const PAIR_MIB = quick ? 256 : 2048;
const SWARM_MIB = quick ? 256 : 512;
const DISK_MIB = quick ? 256 : 1024;
const PAIR_ROUNDS = quick ? 2 : 3;
const SWARM_ROUNDS = quick ? 1 : 5;
const DISK_ROUNDS = quick ? 1 : 3;
const LEECHERS = 8;

const PAIRS: readonly (readonly [Contender, Contender])[] = [
  ["ours", "ours"],
  ["libtorrent", "libtorrent"],
  ["ours", "libtorrent"],
  ["libtorrent", "ours"],
  ["aria2", "aria2"],
  ["webtorrent", "webtorrent"],
];

const SPEED = "MB/s";
const CPU = "CPU";
const MEMORY_USE = "memory";
const DISK = "disk";
const SECONDS = "swarm seconds";
const COPIES = "swarm copies";
const SWARM_CPU = "swarm CPU";
const alone = (name: string, names: readonly string[]) =>
  Object.fromEntries(names.map((one) => [one, [name, `${one} to ${one}`] as const]));

const COMPARISONS: readonly Comparison[] = [
  {
    case: "host to host",
    unit: "MB/s",
    better: "more",
    ours: [SPEED, "ours to ours"],
    peers: alone(SPEED, ["libtorrent", "aria2", "webtorrent"]),
  },
  {
    case: "host to host, beside a raw socket copy without hashes",
    unit: "MB/s",
    better: "more",
    ours: [SPEED, "ours to ours"],
    peers: { "raw copy": [SPEED, "raw"] },
  },
  {
    case: "from libtorrent to ours",
    unit: "MB/s",
    better: "more",
    ours: [SPEED, "libtorrent to ours"],
    peers: alone(SPEED, ["libtorrent"]),
  },
  {
    case: "from ours to libtorrent",
    unit: "MB/s",
    better: "more",
    ours: [SPEED, "ours to libtorrent"],
    peers: alone(SPEED, ["libtorrent"]),
  },
  {
    case: "host to host on disk",
    unit: "MB/s",
    better: "more",
    ours: [DISK, "ours to ours"],
    peers: alone(DISK, ["libtorrent"]),
  },
  {
    case: "processor time, both hosts, their start included",
    unit: "s per GiB",
    better: "less",
    ours: [CPU, "ours to ours"],
    peers: alone(CPU, ["libtorrent", "aria2", "webtorrent"]),
  },
  {
    case: "processor time, from ours to libtorrent",
    unit: "s per GiB",
    better: "less",
    ours: [CPU, "ours to libtorrent"],
    peers: alone(CPU, ["libtorrent"]),
  },
  {
    case: "processor time, from libtorrent to ours",
    unit: "s per GiB",
    better: "less",
    ours: [CPU, "libtorrent to ours"],
    peers: alone(CPU, ["libtorrent"]),
  },
  {
    case: "memory, the larger of both hosts",
    unit: "MiB",
    better: "less",
    ours: [MEMORY_USE, "ours to ours"],
    peers: alone(MEMORY_USE, ["libtorrent", "aria2", "webtorrent"]),
  },
  {
    case: `1 seeder, ${LEECHERS} others: until the last has everything`,
    unit: "s",
    better: "less",
    ours: [SECONDS, "ours"],
    peers: { libtorrent: [SECONDS, "libtorrent"] },
  },
  {
    case: `1 seeder, ${LEECHERS} others: copies that the seeder sent`,
    unit: "copies",
    better: "less",
    ours: [COPIES, "ours"],
    peers: { libtorrent: [COPIES, "libtorrent"] },
  },
  {
    case: `1 seeder, ${LEECHERS} others: processor time of all, their start included`,
    unit: "s",
    better: "less",
    ours: [SWARM_CPU, "ours"],
    peers: { libtorrent: [SWARM_CPU, "libtorrent"] },
  },
];

const values = new Values();
/** The load of the machine by other programs, which slows a contender of one thread down more than one of many. */
const loadBefore = Deno.loadavg()[0] ?? 0;

function record(name: string, result: PairResult): void {
  values.add(SPEED, name, result.megabytesPerSecond);
  values.add(CPU, name, result.cpuSecondsPerGib);
  values.add(MEMORY_USE, name, result.residentMib);
  progress(`${name}: ${result.megabytesPerSecond.toFixed(0)} MB/s`);
}

async function runPairs(): Promise<void> {
  const published = await publish(MEMORY, PAIR_MIB);
  try {
    // A first run that does not count: in a virtual machine the first write to memory waits until the host has mapped it.
    await runRaw(published);
    for (let round = 0; round < PAIR_ROUNDS; round++) {
      for (const [from, to] of PAIRS) {
        record(`${from} to ${to}`, await runPair(published, from, to));
      }
      record("raw", await runRaw(published));
    }
  } finally {
    await unpublish(published);
  }
}

async function runSwarms(): Promise<void> {
  const published = await publish(MEMORY, SWARM_MIB);
  try {
    for (let round = 0; round < SWARM_ROUNDS; round++) {
      for (const contender of ["ours", "libtorrent"] as const) {
        const { seconds, copies, cpuSeconds } = await runSwarm(published, contender, LEECHERS);
        values.add(SWARM_CPU, contender, cpuSeconds);
        values.add(SECONDS, contender, seconds);
        values.add(COPIES, contender, copies);
        progress(`swarm of ${contender}: ${seconds.toFixed(1)} s, ${copies.toFixed(2)} copies`);
      }
    }
  } finally {
    await unpublish(published);
  }
}

async function runOnDisk(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-bench-" });
  const published = await publish(folder, DISK_MIB);
  try {
    for (let round = 0; round < DISK_ROUNDS; round++) {
      for (const contender of ["ours", "libtorrent"] as const) {
        const result = await runPair(published, contender, contender);
        values.add(DISK, `${contender} to ${contender}`, result.megabytesPerSecond);
        progress(`on disk, ${contender}: ${result.megabytesPerSecond.toFixed(0)} MB/s`);
      }
    }
  } finally {
    await unpublish(published);
    await Deno.remove(folder);
  }
}

await runPairs();
await runSwarms();
await runOnDisk();
const rows = toRows(COMPARISONS, values);
const table = toMarkdown(rows, COMPARISONS, values);
if (json) Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify({ rows })}\n`));
else Deno.stdout.writeSync(new TextEncoder().encode(`${table}\n`));
if (write) await Deno.writeTextFile(PAGE, page());

function page(): string {
  return `<!-- deno-fmt-ignore-file -->
<!-- Generated by scripts/bench/transfer/main.ts --write. -->

# The swarm engine beside other BitTorrent clients

Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores, loopback, files in memory (tmpfs) where nothing else is said. Each host is a process
of its own; the contenders take turns, ${PAIR_ROUNDS} rounds of ${PAIR_MIB} MiB from host to host, ${SWARM_ROUNDS} of ${SWARM_MIB} MiB in the swarm,
${DISK_ROUNDS} of ${DISK_MIB} MiB on disk. A value is the median, the least and the most stand in brackets; the ratio is against the
best of the others, above 1 is better for us. The time is that from the first peer to the last piece that has been
verified and written, and each run counts only if the SHA-256 of what arrived is right. Ours waits in the end until the
disk has everything (fsync), which no other does. The machine's load when this began was ${
    loadBefore.toFixed(1)
  }: above 2, others
worked on it as well, and times (not processor times or copies) say less, most of all for nine processes on two cores.

${table}

libtorrent (Debian's python3-libtorrent) is tuned as its documentation advises for fast links, WebTorrent as
docs/decisions/002 and the engine say, aria2 runs with a cache of 64 MiB. All meet through the same plain tracker.
`;
}
