/** Runs one race: a contender brings the file to all hosts over a network of its own, and time and traffic are measured. */

import { createHash } from "node:crypto";
import type { Contender, Session } from "./contender.ts";
import { type CpuTimes, idleShare, readCpuTimes } from "./cpu.ts";
import { type LinkSpeeds, Network } from "./network.ts";
import type { Host, Topology } from "./topology.ts";

/** When the hosts start, and whether one is killed. */
export type Course =
  /** All start at once. */
  | { readonly kind: "together" }
  /** They start one after the other, spread evenly over that time, in an order that mixes racks and sites. */
  | { readonly kind: "staggered"; readonly overMs: number }
  /** All start at once, and after that time a gateway of the last site is killed. */
  | { readonly kind: "killed gateway"; readonly afterMs: number }
  /**
   * All start at once, and the link of that host is as much slower than the others'. It has no time, and is killed when the
   * others are done.
   */
  | { readonly kind: "slow host"; readonly host: string; readonly share: number };

/** The conditions of a race. */
export interface Race {
  readonly topology: Topology;
  readonly speeds: LinkSpeeds;
  readonly source: {
    readonly folder: string;
    readonly fileName: string;
    readonly sizeBytes: number;
  };
  readonly course: Course;
  /** The folder for what the hosts receive; it is emptied after the race. */
  readonly folder: string;
}

/** The result of a race. */
export interface Outcome {
  /** Seconds from each host's own start to its completion, in ascending order. */
  readonly seconds: readonly number[];
  /** Bytes that came into sites and racks, as copies of the file for each site or rack that needed one. */
  readonly copiesPerExtraSite: number;
  readonly copiesPerExtraRack: number;
  /** The idle share of the processors, from 0 to 1. */
  readonly idle: number;
}

/** In a staggered race, hosts that start one after the other are this many apart in the list, which mixes the racks. */
const STRIDE = 7;

/** Runs the race and measures it. */
export async function measure(contender: Contender, race: Race): Promise<Outcome> {
  const { topology, source, speeds, course } = race;
  const folder = `${race.folder}/race`;
  await Deno.mkdir(folder);
  const network = await Network.build(
    topology,
    course.kind === "slow host" ? { ...speeds, slow: course } : speeds,
  );
  try {
    for (const { name } of topology.hosts) await Deno.mkdir(`${folder}/${name}`);
    await using session = await contender.open({ network, topology, source, folder });
    const before = { borders: await network.borderBytes(), cpu: readCpuTimes() };
    const { seconds, cpu } = await run(session, race);
    const after = await network.borderBytes();
    for (const host of survivors(topology, seconds)) {
      await expectSame(`${source.folder}/${source.fileName}`, session, { host, race });
    }
    const racks = topology.sites.flatMap((site) => site.racks)
      .filter((rack) => rack.hosts.length > 0).length;
    return {
      seconds: [...seconds.values()].toSorted((a, b) => a - b),
      copiesPerExtraSite: (after.intoSites - before.borders.intoSites) / source.sizeBytes /
        (topology.sites.length - 1),
      copiesPerExtraRack: (after.intoRacks - before.borders.intoRacks) / source.sizeBytes /
        (racks - 1),
      idle: idleShare(before.cpu, cpu),
    };
  } finally {
    await network.remove();
    await Deno.remove(folder, { recursive: true });
  }
}

function survivors(topology: Topology, seconds: ReadonlyMap<string, number>): Host[] {
  return topology.hosts.filter(({ name }) => seconds.has(name));
}

/** Starts all hosts as the course says. A host that is killed has no time. */
async function run(
  session: Session,
  { topology, course }: Race,
): Promise<{ seconds: Map<string, number>; cpu: CpuTimes }> {
  const { hosts } = topology;
  const seconds = new Map<string, number>();
  const lastSite = topology.sites.at(-1)?.name ?? "";
  let killed: string | undefined;
  const slow = course.kind === "slow host"
    ? hosts.find(({ name }) => name === course.host)
    : undefined;
  killed = slow?.name;
  const arrivals = new Map(hosts.map((host, index) => [host, arrive(host, index)]));
  async function arrive(host: Host, index: number): Promise<void> {
    if (course.kind === "staggered") {
      await sleep(course.overMs * ((index * STRIDE) % hosts.length) / hosts.length);
    }
    const startedMs = Date.now();
    try {
      const completedMs = await session.start(host);
      if (host.name !== killed) seconds.set(host.name, (completedMs - startedMs) / 1_000);
    } catch (error) {
      if (host.name !== killed) throw error;
    }
  }
  const murder = (async () => {
    if (course.kind !== "killed gateway") return;
    await sleep(course.afterMs);
    const victim = await session.gatewayOf(lastSite);
    if (victim === undefined) return;
    killed = victim.name;
    seconds.delete(killed);
    await session.kill(victim);
  })();
  const others = hosts.filter((host) => host !== slow).map((host) => arrivals.get(host));
  await Promise.all([...others, murder]);
  const cpu = readCpuTimes();
  if (slow !== undefined) await session.kill(slow);
  await Promise.all(arrivals.values());
  return { seconds, cpu };
}

/** Compares the file of a host that reports completion with the source. */
async function expectSame(
  sourcePath: string,
  session: Session,
  { host, race }: { readonly host: Host; readonly race: Race },
): Promise<void> {
  const [wanted, there] = await Promise.all(
    [sourcePath, `${session.folderOf(host)}/${race.source.fileName}`].map(digest),
  );
  if (wanted !== there) {
    throw new Error(`${host.name}: expected the file with SHA-256 ${wanted}, there was ${there}`);
  }
}

async function digest(path: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
