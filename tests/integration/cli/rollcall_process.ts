/**
 * Runs the program as a user does, and the servers that its commands talk to.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { silentLog } from "../../../base/log.ts";
import { createFeedServer, createRelease } from "../../../torrent/mod.ts";
import { Coordinator } from "../../../zookeeper/server/mod.ts";

/** The program that is tested. */
export const PROGRAM = fileURLToPath(new URL("../../../mod.ts", import.meta.url));

/** How a command ended. */
export interface CommandRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end. */
export async function rollcall(...args: readonly string[]): Promise<CommandRun> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, ...args],
    stdin: "null",
    env: { NO_COLOR: "1", COLUMNS: "120" },
  }).output();
  return {
    status: code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
}

/** An empty tree, and a feed with `A v1`, `A v2`, `B v1` and `B v2`. */
export interface Servers extends AsyncDisposable {
  readonly zookeeper: string;
  readonly feedUrl: string;
  /** A folder for plans and configs. */
  readonly folder: string;
}

/** Starts them on loopback. */
export async function startServers(): Promise<Servers> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-cli-" });
  const coordinator = await Coordinator.listen();
  const feed = await createFeedServer({
    directory: `${folder}/feed`,
    hostname: "127.0.0.1",
    log: silentLog,
  });
  for (const service of ["A", "B"]) {
    for (const version of ["v1", "v2"]) {
      const announce = ["http://127.0.0.1:1/announce"];
      await feed.add(
        (await createRelease({ service, version, announce, log: silentLog })).metainfo,
      );
    }
  }
  return {
    zookeeper: coordinator.connectString,
    feedUrl: feed.url,
    folder,
    async [Symbol.asyncDispose]() {
      await feed.close();
      await coordinator.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
