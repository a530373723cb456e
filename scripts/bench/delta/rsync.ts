/**
 * The other side: rsync from its daemon, with all options that save bytes. `-yy` looks for similar files under other names,
 * also in yesterday's folder; without it a renamed file is sent whole.
 */

import { type Outcome, runCommand } from "./ours.ts";

/** Starts a daemon that serves one folder on loopback. */
export async function startRsync(folder: string, served: string) {
  const port = freePort();
  const config = `${folder}/rsyncd.conf`;
  await Deno.writeTextFile(
    config,
    `use chroot = no\nmax connections = 4\n[data]\npath = ${served}\nread only = yes\n`,
  );
  const daemon = new Deno.Command("rsync", {
    args: [
      "--daemon",
      "--no-detach",
      `--config=${config}`,
      "--address=127.0.0.1",
      `--port=${port}`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  await untilItListens(port);
  return {
    /** What it serves. */
    url: `rsync://127.0.0.1:${port}/data`,
    /** Fetches `data/<version>` into a new folder, on top of what is in `yesterday`. */
    async fetch(version: string, yesterday: string): Promise<Outcome> {
      const target = `${folder}/rsync-${version}`;
      const startMs = performance.now();
      const report = await runCommand(
        "rsync",
        "-a",
        "-yy",
        "--no-whole-file",
        "--fsync",
        "--stats",
        `--copy-dest=${yesterday}`,
        `${this.url}/${version}/`,
        `${target}/`,
      );
      const seconds = (performance.now() - startMs) / 1000;
      await runCommand("diff", "-r", `${served}/${version}`, target);
      await Deno.remove(target, { recursive: true });
      const total = (what: string) =>
        Number(new RegExp(`Total bytes ${what}: ([0-9,]+)`).exec(report)?.[1]?.replaceAll(",", ""));
      const movedBytes = total("sent") + total("received");
      if (Number.isNaN(movedBytes)) throw new Error(`rsync --stats: expected totals in: ${report}`);
      return { movedBytes, seconds };
    },
    async [Symbol.asyncDispose]() {
      daemon.kill();
      await daemon.status;
    },
  };
}

/** Its version, for the page. */
export async function rsyncVersion(): Promise<string> {
  return /version (\S+)/.exec(await runCommand("rsync", "--version"))?.[1] ?? "unknown";
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function untilItListens(port: number): Promise<void> {
  const ATTEMPTS = 100;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`rsync daemon: expected it to listen on port ${port} within 5 s`);
}
