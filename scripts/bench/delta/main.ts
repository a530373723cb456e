/**
 * Measures what a release costs on top of yesterday's: bytes over the network and seconds until it is verified, compared
 * with rsync from its daemon on the same two folders; and what the chunk map costs when publishing.
 */

import { benchCommand } from "../command_line.ts";
import { cases, writeContent, yesterday } from "./content.ts";
import { type Outcome, startOurs } from "./ours.ts";
import { rsyncVersion, startRsync } from "./rsync.ts";
import { median, progress, rounded, type Row } from "../report.ts";

const PAGE = new URL("../../../docs/benchmarks/delta.md", import.meta.url);
const MIB = 1024 * 1024;

const { quick, json, write } = benchCommand({
  name: "delta",
  compares: "What a release costs on top of yesterday's, beside rsync on the same two folders",
  quick: "128 MiB in place of 960, within 50 s",
  page: "docs/benchmarks/delta.md",
}).parse(Deno.args, { from: "user" }).opts();
// Not close to a size at which the chunks of a release become larger: a release that grows past it is cut anew by the host.
const SIZE_BYTES = quick ? 128 * MIB : 960 * MIB;
const ROUNDS = quick ? 1 : 3;

const folder = await Deno.makeTempDir({ prefix: "rollcall-bench-delta-" });
try {
  const { rows, mapBytes } = await measure();
  const text = json ? JSON.stringify({ rows }) : toTable(rows);
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  if (write) await Deno.writeTextFile(PAGE, await page(rows, mapBytes));
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function measure(): Promise<{ rows: Row[]; mapBytes: number }> {
  const served = `${folder}/published`;
  await writeContent(`${served}/1`, yesterday(SIZE_BYTES));
  await using ours = await startOurs(folder);
  await using rsync = await startRsync(folder, served);
  const publishing = await measurePublishing(ours, `${served}/1`);
  const first = await ours.publish("1", `${served}/1`);
  await ours.install(first);
  const bytes: Row[] = [];
  const seconds: Row[] = [];
  for (const [index, { name, today }] of cases(SIZE_BYTES).entries()) {
    const version = `${index + 2}`;
    await writeContent(`${served}/${version}`, today);
    const release = await ours.publish(version, `${served}/${version}`);
    const outcomes: { ours: Outcome; theirs: Outcome }[] = [];
    // In turns, so that other load on the machine affects both alike.
    for (let round = 0; round < ROUNDS; round++) {
      outcomes.push({
        ours: await ours.fetch(release),
        theirs: await rsync.fetch(version, `${served}/1`),
      });
    }
    await Deno.remove(`${served}/${version}`, { recursive: true });
    const both = (value: (outcome: Outcome) => number) => ({
      ours: median(outcomes.map((one) => value(one.ours))),
      theirs: median(outcomes.map((one) => value(one.theirs))),
    });
    bytes.push(row(name, "bytes", { ...both((one) => one.movedBytes), name: "rsync" }));
    seconds.push(row(name, "s", { ...both((one) => one.seconds), name: "rsync" }));
    progress(name);
  }
  return { rows: [...bytes, ...seconds, publishing.row], mapBytes: publishing.mapBytes };
}

/** Publishes the same folder with and without a chunk map, in turns. */
async function measurePublishing(
  ours: Awaited<ReturnType<typeof startOurs>>,
  path: string,
): Promise<{ row: Row; mapBytes: number }> {
  const rates: { mapped: number[]; plain: number[] } = { mapped: [], plain: [] };
  const sizes = { mapped: 0, plain: 0 };
  for (let round = 0; round < Math.max(ROUNDS, 3); round++) {
    for (const kind of ["mapped", "plain"] as const) {
      const startMs = performance.now();
      const { metainfo } = await ours.publish("1", path, kind === "mapped");
      rates[kind].push(SIZE_BYTES / 1000 / (performance.now() - startMs));
      sizes[kind] = metainfo.length;
    }
  }
  const [mapped, plain] = [median(rates.mapped), median(rates.plain)];
  progress("publishing");
  return {
    row: {
      case: "publishing, from the page cache",
      unit: "MB/s",
      ours: rounded(mapped),
      peers: { "without a map": rounded(plain) },
      ratio: rounded(mapped / plain),
    },
    mapBytes: sizes.mapped - sizes.plain,
  };
}

function row(
  name: string,
  unit: string,
  values: { ours: number; theirs: number; name: string },
): Row {
  const { ours, theirs } = values;
  return {
    case: name,
    unit,
    ours: unit === "bytes" ? ours : rounded(ours),
    peers: { [values.name]: unit === "bytes" ? theirs : rounded(theirs) },
    ratio: rounded(theirs / ours),
  };
}

function toTable(rows: readonly Row[]): string {
  const lines = rows.map((one) => {
    const [[peer, theirs] = ["", NaN]] = Object.entries(one.peers);
    const cell = (value: number) => `${value.toLocaleString("en")} ${one.unit}`;
    return `| ${one.case} | ${cell(one.ours)} | ${cell(theirs)} (${peer}) | ${one.ratio}× |`;
  });
  return ["| case | ours | beside | ratio, more is better |", "| --- | --- | --- | --- |", ...lines]
    .join("\n");
}

async function page(rows: readonly Row[], mapBytes: number): Promise<string> {
  return `<!-- deno-fmt-ignore-file -->
<!-- Generated by scripts/bench/delta/main.ts --write. -->

# A release on top of yesterday's

${
    SIZE_BYTES / MIB
  } MiB in four files, 13/16 of it in one; ${ROUNDS} rounds in turns, medians. Deno ${Deno.version.deno},
${navigator.hardwareConcurrency} cores, everything on loopback. Ours: from the order to files that are verified by piece and by SHA-256 and
synced, on a host that has yesterday's release; bytes are the .torrent with its map (${
    mapBytes.toLocaleString("en")
  } bytes of it) and
all that peers sent. rsync ${await rsyncVersion()}: \`-a -yy --no-whole-file --fsync --copy-dest=YESTERDAY\` from its daemon; bytes
are all that it sent and received. It looks only at the content that one client asks for, so it knows no other names
and no pieces, and reads the old and the new files once; we read what we put together twice more, for SHA-1 and SHA-256.
A change costs us a chunk (16 KiB on the average here) and whole blocks of 16 KiB, rsync a block of its own size, which
is why many small changes far apart are where it moves less. How the map works: [019](../decisions/019-reuse-of-yesterday.md).

${toTable(rows)}
`;
}
