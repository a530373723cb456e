/** The programs that are compared, and how each is told to seed and to fetch. */

import { aria2cCommand } from "../aria2c.ts";

/** A program that seeds and fetches. */
export type Contender = "ours" | "webtorrent" | "libtorrent" | "aria2";

const HERE = new URL("./contenders/", import.meta.url).pathname;
/** Debian's interpreter: the bindings are a package of the distribution. */
const PYTHON = "/usr/bin/python3";

/** Whether its process reports by itself when it is done, and ends when its standard input ends. */
export function isTalkative(contender: Contender): boolean {
  return contender !== "aria2";
}

/** The command line for one host. */
export function commandOf(
  contender: Contender,
  kind: "seed" | "fetch",
  where: { torrent: string; root: string },
): string[] {
  const { torrent, root } = where;
  switch (contender) {
    case "ours":
    case "webtorrent": {
      const engine = contender === "ours" ? "swarm" : "webtorrent";
      // Without this flag WebTorrent becomes slower in the course of a run; ours is not helped by it.
      const flags = contender === "webtorrent" ? ["--v8-flags=--initial-old-space-size=512"] : [];
      return [Deno.execPath(), "run", "-A", "--quiet", ...flags, `${HERE}ours.ts`, engine, kind]
        .concat(torrent, root);
    }
    case "libtorrent":
      return [PYTHON, `${HERE}libtorrent_peer.py`, kind, torrent, root];
    case "aria2":
      return [
        ...aria2cCommand({ torrent, folder: root }),
        "--summary-interval=0",
        "--bt-max-peers=0",
        "--disk-cache=64M",
        ...kind === "seed"
          ? ["--check-integrity=true", "--seed-ratio=0.0"]
          : ["--seed-time=0", "--allow-overwrite=true"],
      ];
  }
}

/** The command line for a raw copy without any protocol, which is the upper limit. */
export function rawCommand(kind: "seed" | "fetch", file: string, port = 0): string[] {
  return [Deno.execPath(), "run", "-A", "--quiet", `${HERE}raw_copy.ts`, kind, file, String(port)];
}
