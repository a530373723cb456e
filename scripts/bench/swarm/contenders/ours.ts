/**
 * Rollcall: `rollcall tracker` and `rollcall seed` on the build machine, `rollcall fetch` on every host. With the stock
 * tracker in place of ours the hosts get uniformly random peers, which shows what our tracker's choice is worth.
 */

import { silentLog } from "../../../../base/log.ts";
import { createRelease } from "../../../../torrent/mod.ts";
import type { ImportWay } from "../../../../tracker/mod.ts";
import type { Arena, Contender, Session } from "../contender.ts";
import { Process } from "../processes.ts";
import type { Host } from "../topology.ts";

const PROGRAM = new URL("../../../../mod.ts", import.meta.url).pathname;
const STOCK_TRACKER = new URL("./stock_tracker.ts", import.meta.url).pathname;
const TRACKER_PORT = 8000;

/** What `fetch --json` prints when it is done. */
interface Fetched {
  readonly completedAt: string;
}

/** The part of the tracker's statistics that is used. A gateway is listed as "host (address:port)". */
interface Stats {
  readonly swarms: readonly {
    readonly sites: readonly { readonly name: string; readonly gateways: readonly string[] }[];
  }[];
}

/** Which tracker and which engine to run. */
export interface OursOptions {
  readonly name: string;
  readonly tracker: "ours" | "stock";
  readonly engine: string;
  /** How our tracker has a rack's and a site's lack brought in. Default: as it does by itself. */
  readonly importBy?: ImportWay;
}

/** Rollcall as a contender. */
export function ours({ name, ...how }: OursOptions): Contender {
  return {
    name,
    async open(arena) {
      const session = new OurSession(arena, how);
      try {
        await session.prepare();
      } catch (error) {
        await session[Symbol.asyncDispose]();
        throw error;
      }
      return session;
    },
  };
}

function deno(...args: readonly string[]): string[] {
  return [Deno.execPath(), "run", "-A", "--no-check", ...args];
}

class OurSession implements Session {
  readonly #arena: Arena;
  readonly #how: Omit<OursOptions, "name">;
  readonly #servers: Process[] = [];
  readonly #hosts = new Map<string, Process>();
  #torrent: Uint8Array = new Uint8Array();

  constructor(arena: Arena, how: Omit<OursOptions, "name">) {
    this.#arena = arena;
    this.#how = how;
  }

  async prepare(): Promise<void> {
    const { topology, source, folder } = this.#arena;
    const { build, hosts } = topology;
    const address = `${build.address}:${TRACKER_PORT}`;
    const release = await createRelease({
      service: "blob",
      version: "1",
      path: `${source.folder}/${source.fileName}`,
      announce: [`http://${address}/announce`],
      log: silentLog,
    });
    this.#torrent = release.metainfo;
    const torrentPath = `${folder}/blob.torrent`;
    await Deno.writeFile(torrentPath, release.metainfo);
    const tracker = this.#serve(
      this.#how.tracker === "ours"
        ? deno(PROGRAM, "tracker", "--listen", address, "--json", ...this.#importOptions())
        : deno(STOCK_TRACKER, address),
    );
    await tracker.line();
    const seed = this.#serve(
      deno(PROGRAM, "seed", torrentPath, source.folder, ...this.#optionsOf(build)),
    );
    await seed.line();
    for (const host of hosts) {
      const command = deno(
        // All hosts share this machine's disk, so that they would reuse what others have fetched.
        ...[PROGRAM, "fetch", "-", "--to", this.folderOf(host), "--seed-after", "--no-reuse"],
        ...this.#optionsOf(host),
      );
      this.#hosts.set(
        host.name,
        new Process(this.#arena.network.on(host, command), { piped: true }),
      );
    }
    for (const process of this.#hosts.values()) await process.listening();
  }

  async start(host: Host): Promise<number> {
    const process = this.#hosts.get(host.name);
    if (process === undefined) throw new Error(`start ${host.name}: there is no such host`);
    await process.feed(this.#torrent);
    const fetched: Fetched = JSON.parse(await process.line());
    return new Date(fetched.completedAt).getTime();
  }

  folderOf(host: Host): string {
    return `${this.#arena.folder}/${host.name}`;
  }

  async gatewayOf(site: string): Promise<Host | undefined> {
    const { topology, network } = this.#arena;
    const { hosts, build } = topology;
    const candidates = hosts.filter((host) => host.site === site);
    if (this.#how.tracker === "stock") return candidates[0];
    const url = `http://${build.address}:${TRACKER_PORT}/stats.json`;
    // Printed as one line, which is read as a whole however the pipe splits it.
    const script = `console.log(JSON.stringify(await (await fetch("${url}")).json()))`;
    const reader = new Process(network.on(build, [Deno.execPath(), "eval", script]));
    const stats = await reader.line();
    await reader[Symbol.asyncDispose]();
    const { swarms: [swarm] }: Stats = JSON.parse(stats);
    const gateways = swarm?.sites.find(({ name }) => name === site)?.gateways ?? [];
    return candidates.find(({ address }) => gateways.some((one) => one.includes(`${address}:`))) ??
      candidates[0];
  }

  async kill(host: Host): Promise<void> {
    await this.#hosts.get(host.name)?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [...this.#servers, ...this.#hosts.values()];
    await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
  }

  #serve(command: readonly string[]): Process {
    const process = new Process(this.#arena.network.on(this.#arena.topology.build, command));
    this.#servers.push(process);
    return process;
  }

  #importOptions(): string[] {
    const { importBy } = this.#how;
    return importBy === undefined ? [] : ["--import-by", importBy];
  }

  #optionsOf({ name, site, rack }: Host): string[] {
    return [
      ...["--host", name, "--site", site, "--rack", rack],
      ...["--engine", this.#how.engine, "--patience", "0", "--json"].filter((_, index) =>
        // The build machine only seeds, and `seed` has no --patience.
        name !== this.#arena.topology.build.name || index < 2 || index > 3
      ),
    ];
  }
}
