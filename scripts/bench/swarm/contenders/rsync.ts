/** rsync from the build machine to all hosts at once. */

import type { Contender, Session } from "../contender.ts";
import { Process } from "../processes.ts";
import type { Host } from "../topology.ts";

const PORT = 8730;
/** rsync's timeout: a connection may stall for good where sixteen share a link. */
const TIMEOUT_SECONDS = 20;
/** How often rsync is run then, as a script around it would. It resumes where it was (--append), without comparing content. */
const TRIES = 3;

/** rsync as a contender. */
export const rsync: Contender = {
  name: "rsync from the build machine",
  async open({ network, topology, source, folder }) {
    const { build } = topology;
    const config = `${folder}/rsyncd.conf`;
    await Deno.writeTextFile(
      config,
      `use chroot = no\nmax connections = 0\n[blob]\npath = ${source.folder}\nread only = yes\n`,
    );
    const server = new Process(
      network.on(build, [
        ...["rsync", "--daemon", "--no-detach", `--config=${config}`],
        ...[`--address=${build.address}`, `--port=${PORT}`],
      ]),
    );
    await server.listening();
    const folderOf = (host: Host) => `${folder}/${host.name}`;
    const clients = new Map<string, Process>();
    const killed = new Set<Host>();
    const session: Session = {
      async start(host) {
        for (let left = TRIES - 1;; left--) {
          const client = new Process(network.on(host, [
            ...["rsync", "--append", "--partial", `--timeout=${TIMEOUT_SECONDS}`],
            `rsync://${build.address}:${PORT}/blob/${source.fileName}`,
            `${folderOf(host)}/`,
          ]));
          clients.set(host.name, client);
          try {
            await client.succeeded();
            return Date.now();
          } catch (error) {
            if (left === 0 || killed.has(host)) throw error;
          }
        }
      },
      folderOf,
      gatewayOf: () => Promise.resolve(undefined),
      async kill(host) {
        killed.add(host);
        await clients.get(host.name)?.[Symbol.asyncDispose]();
      },
      async [Symbol.asyncDispose]() {
        const processes = [server, ...clients.values()];
        await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
      },
    };
    return session;
  },
};
