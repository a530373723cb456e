/**
 * The benchmark of a whole swarm: hosts as network namespaces on this machine, in racks and sites with links of limited
 * speed, that all fetch one file from a build machine. Ours beside ours with uniformly random peers, libtorrent with
 * opentracker, and rsync. Needs root, for the namespaces.
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { countingNumber, oneOf } from "../../command_line.ts";
import { benchCommand } from "../command_line.ts";
import { writeRandomFile } from "../random_file.ts";
import { progress } from "../report.ts";
import type { Contender } from "./contender.ts";
import { libtorrent } from "./contenders/libtorrent.ts";
import { ours } from "./contenders/ours.ts";
import { rsync } from "./contenders/rsync.ts";
import { measure, type Outcome } from "./measure.ts";
import {
  BORDER_FACTOR,
  courseOf,
  FULL_PLAN,
  type PlannedRace,
  QUICK_PLAN,
  SITE_COUNT,
} from "./plan.ts";
import { measureRawSpeed } from "./raw_speed.ts";
import { type RaceResult, toMarkdown, toRows } from "./results.ts";
import { lowerBoundSeconds, planTopology } from "./topology.ts";
import { listenForSignals, openFolder, unlessStopping } from "./workspace.ts";
import { choosePieceLength } from "../../../torrent/release/piece_length.ts";

const PAGE = new URL("../../../docs/benchmarks/swarm.md", import.meta.url);
const FILE_NAME = "blob";

const OURS = ours({ name: "ours", tracker: "ours", engine: "swarm" });
const OTHERS: readonly Contender[] = [
  ours({ name: "ours, by stripes", tracker: "ours", engine: "swarm", importBy: "stripes" }),
  ours({ name: "ours, uniform random peers", tracker: "stock", engine: "swarm" }),
  libtorrent,
];

const options = benchCommand({
  name: "swarm",
  compares: "Hosts in network namespaces that all fetch one file: ours beside libtorrent and rsync",
  quick: "one small race, within 50 s",
  page: "docs/benchmarks/swarm.md",
})
  .option("--only <title>", "the races whose title has that in it", partOfATitle, "")
  .option(
    "--contender <name>",
    "that contender alone",
    oneOf([OURS, ...OTHERS, rsync].map(({ name }) => name)),
  )
  .option("--rounds <n>", "as many rounds of each race", countingNumber)
  .parse(Deno.args, { from: "user" }).opts();

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function partOfATitle(text: string): string {
  const titles = [...FULL_PLAN, ...QUICK_PLAN].map(({ title }) => title);
  if (titles.some((title) => title.includes(text))) return text;
  throw new InvalidArgumentError(`Expected a part of a race's title (${titles.join("; ")}).`);
}

/** Runs a race. The contenders alternate, and in each round another one begins. */
async function runRace(planned: PlannedRace, folder: string): Promise<RaceResult> {
  const { title, hostCount, racksPerSite, hostBitsPerSecond, sizeBytes } = planned;
  const topology = planTopology({ siteCount: SITE_COUNT, racksPerSite, hostCount });
  const border = hostBitsPerSecond * BORDER_FACTOR;
  const speeds = { hostBitsPerSecond, rackBitsPerSecond: border, siteBitsPerSecond: border };
  const { bytesPerSecond, wireBytesPerByte } = await measureRawSpeed(topology, { speeds, folder });
  const pieceCount = Math.ceil(sizeBytes / choosePieceLength(sizeBytes));
  const boundSeconds = lowerBoundSeconds({ sizeBytes, bytesPerSecond, hostCount, pieceCount });
  await Deno.mkdir(`${folder}/source`, { recursive: true });
  writeRandomFile(`${folder}/source/${FILE_NAME}`, sizeBytes);
  const source = { folder: `${folder}/source`, fileName: FILE_NAME, sizeBytes };
  const course = courseOf(planned, boundSeconds);
  const contenders = [OURS, ...OTHERS, ...planned.withRsync ? [rsync] : []]
    .filter(({ name }) => options.contender === undefined || name === options.contender);
  const outcomes = new Map<string, Outcome[]>(contenders.map(({ name }) => [name, []]));
  const rounds = options.rounds ?? planned.rounds;
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length];
      if (contender === undefined || (contender === rsync && round > 0)) continue;
      const outcome = await measure(contender, { topology, speeds, source, course, folder });
      outcomes.get(contender.name)?.push(outcome);
      progress(
        `${title}: ${contender.name}: last after ${
          ((outcome.seconds.at(-1) ?? NaN) / boundSeconds).toFixed(2)
        } of the bound, ${outcome.copiesPerExtraSite.toFixed(2)} copies per extra site, ${
          outcome.copiesPerExtraRack.toFixed(2)
        } per extra rack, ${Math.round(outcome.idle * 100)} % idle`,
      );
    }
  }
  const description = `${hostCount} hosts in ${SITE_COUNT} sites × ${racksPerSite} racks, ${
    sizeBytes / 1024 / 1024
  } MiB in ${pieceCount} pieces. Links of ${hostBitsPerSecond / 1e6} Mbit/s to each host, of ${
    border / 1e6
  } Mbit/s to each rack and site; one TCP connection carries ${
    (bytesPerSecond * 8 / 1e6).toFixed(1)
  } Mbit/s of content over a host's, so that the lower bound is ${
    boundSeconds.toFixed(1)
  } s, and a copy over it counts ${wireBytesPerByte.toFixed(2)} at the interfaces. ${
    rounds === 1 ? "One round" : `${rounds} rounds, medians`
  }${planned.withRsync && rounds > 1 ? "; rsync ran once" : ""}.`;
  return { title, bytesPerSecond, boundSeconds, description, outcomes };
}

function page(races: readonly RaceResult[]): string {
  return `<!-- deno-fmt-ignore-file -->
<!-- Generated by scripts/bench/swarm/main.ts --write. -->

# A whole swarm

One file from a build machine to all hosts, each a network namespace with one process of its own on one machine
(${navigator.hardwareConcurrency} processors, Deno ${Deno.version.deno}), with a bridge for each rack and site, a router between the sites, and \`tc tbf\` on every
link; TCP is NewReno everywhere. The build machine stands in the first site, in a rack of its own. The lower bound is F/u · (1 + log2(N)/pieces): a file of F bytes, links
that carry u, N hosts. All processes run and wait when the clock starts. Bytes across borders are read from the
interfaces' counters, with headers and all that is sent again, and given in copies of the file for each site or rack that
must get one: a file that one connection carries across counts what stands with each race. Every host's file is compared
by SHA-256 afterwards.

- _ours_: \`rollcall tracker\`, \`rollcall seed\`, \`rollcall fetch\`.
- _ours, by stripes_: the same with \`--import-by stripes\`.
- _ours, uniform random peers_: the same with bittorrent-tracker as it comes in place of our tracker.
- _libtorrent with opentracker_: both as Debian has them; DHT, local discovery and uTP are off, the rest is default.
- _rsync from the build machine_: to all hosts at once.

_Staggered_: hosts begin one after the other, spread over the time of the lower bound, each with its own clock. _A gateway
killed_: after two fifths of that time the host through which the second site gets its data is killed (with the others, some
host of that site); it does not count among the hosts.

${toMarkdown(races)}
`;
}

const plan = (options.quick ? QUICK_PLAN : FULL_PLAN)
  .filter(({ title }) => title.includes(options.only));
listenForSignals();
// A copy for each host and one for the build machine, and as much again for files that are being replaced.
const neededBytes = Math.max(...plan.map((race) => race.sizeBytes * (race.hostCount + 1))) * 2;
const races: RaceResult[] = [];
let failure: unknown;
try {
  await unlessStopping(async () => {
    await using folder = await openFolder(neededBytes);
    for (const planned of plan) races.push(await runRace(planned, folder.path));
  });
} catch (error) {
  // The results of earlier races are printed all the same.
  failure = error;
}
print(options.json ? JSON.stringify({ rows: toRows(races) }) : toMarkdown(races));
if (failure !== undefined) throw failure;
if (options.write) await Deno.writeTextFile(PAGE, page(races));
// The signal listeners would keep the process alive.
Deno.exit(0);
