/** rsync from the build machine to all hosts at once, as in the days before. */

import type { Contender, Session } from "../contender.ts";
import { Process } from "../processes.ts";
import type { Host } from "../topology.ts";

const PORT = 8730;

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
    const session: Session = {
      async start(host) {
        const client = new Process(network.on(host, [
          ...["rsync", "--whole-file", `rsync://${build.address}:${PORT}/blob/${source.fileName}`],
          `${folderOf(host)}/`,
        ]));
        clients.set(host.name, client);
        await client.succeeded();
        return Date.now();
      },
      folderOf,
      gatewayOf: () => Promise.resolve(undefined),
      async kill(host) {
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
