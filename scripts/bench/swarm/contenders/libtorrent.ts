/** libtorrent on every host with opentracker on the build machine, both from Debian's packages. */

import { silentLog } from "../../../../base/log.ts";
import { createRelease } from "../../../../torrent/mod.ts";
import type { Arena, Contender, Session } from "../contender.ts";
import { Process } from "../processes.ts";
import type { Host } from "../topology.ts";

const HOST_SCRIPT = new URL("./libtorrent_host.py", import.meta.url).pathname;
/** Debian's interpreter: the bindings are a package of the distribution. */
const PYTHON = "/usr/bin/python3";
const TRACKER_PORT = 6969;

/** libtorrent as a contender. */
export const libtorrent: Contender = {
  name: "libtorrent with opentracker",
  async open(arena) {
    const session = new LibtorrentSession(arena);
    try {
      await session.prepare();
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  },
};

class LibtorrentSession implements Session {
  readonly #arena: Arena;
  readonly #servers: Process[] = [];
  readonly #hosts = new Map<string, Process>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  async prepare(): Promise<void> {
    const { topology, source, folder, network } = this.#arena;
    const { build, hosts } = topology;
    const release = await createRelease({
      service: "blob",
      version: "1",
      path: `${source.folder}/${source.fileName}`,
      announce: [`http://${build.address}:${TRACKER_PORT}/announce`],
      log: silentLog,
    });
    const torrentPath = `${folder}/blob.torrent`;
    await Deno.writeFile(torrentPath, release.metainfo);
    // Debian's opentracker serves only listed hashes; the path is relative to the folder that it changes its root to.
    await Deno.writeTextFile(`${folder}/whitelist`, `${release.infoHash}\n`);
    await Deno.chmod(folder, 0o755);
    const tracker = this.#serve([
      ...["opentracker", "-i", build.address, "-p", String(TRACKER_PORT)],
      ...["-d", folder, "-w", "whitelist"],
    ]);
    await tracker.listening();
    const seed = this.#serve([PYTHON, HOST_SCRIPT, "seed", torrentPath, source.folder]);
    await seed.line();
    await seed.line();
    for (const host of hosts) {
      const command = [PYTHON, HOST_SCRIPT, "fetch", torrentPath, this.folderOf(host)];
      this.#hosts.set(host.name, new Process(network.on(host, command), { piped: true }));
    }
    for (const process of this.#hosts.values()) await process.line();
  }

  async start(host: Host): Promise<number> {
    const process = this.#hosts.get(host.name);
    if (process === undefined) throw new Error(`start ${host.name}: there is no such host`);
    await process.feed(new TextEncoder().encode("go\n"));
    return Number(await process.line());
  }

  folderOf(host: Host): string {
    return `${this.#arena.folder}/${host.name}`;
  }

  /** Any host of the site, because libtorrent has no gateways. */
  gatewayOf(site: string): Promise<Host | undefined> {
    return Promise.resolve(this.#arena.topology.hosts.find((host) => host.site === site));
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
}
