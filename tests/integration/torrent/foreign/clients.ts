/** The foreign clients, each with its own way to be told the same. */

import type { ForeignClient, ForeignOrders } from "./foreign_client.ts";

/** Debian's interpreter: the bindings are a package of the distribution. */
const PYTHON = "/usr/bin/python3";
const LIBTORRENT_SCRIPT = new URL("./libtorrent_peer.py", import.meta.url).pathname;

const libtorrent: ForeignClient = {
  name: "libtorrent",
  dialsLoopback: true,
  makesEmptyFiles: true,
  givesUpEarly: false,
  seed: (orders) => Promise.resolve(libtorrentCommand("seed", orders)),
  fetch: (orders) => Promise.resolve(libtorrentCommand("fetch", orders)),
};

function libtorrentCommand(kind: string, orders: ForeignOrders): string[] {
  const { torrentPath, folder, port } = orders;
  return [PYTHON, LIBTORRENT_SCRIPT, kind, torrentPath, folder, String(port)];
}

const aria2: ForeignClient = {
  name: "aria2",
  dialsLoopback: true,
  makesEmptyFiles: true,
  givesUpEarly: false,
  seed: (orders) =>
    Promise.resolve([...aria2Command(orders), "--check-integrity=true", "--seed-ratio=0.0"]),
  fetch: (orders) => Promise.resolve([...aria2Command(orders), "--seed-time=0"]),
};

function aria2Command({ torrentPath, folder, port }: ForeignOrders): string[] {
  return [
    "aria2c",
    "--no-conf=true",
    torrentPath.startsWith("magnet:") ? torrentPath : `--torrent-file=${torrentPath}`,
    `--dir=${folder}`,
    `--listen-port=${port}`,
    "--interface=127.0.0.1",
    "--enable-dht=false",
    "--enable-dht6=false",
    "--bt-enable-lpd=false",
    "--enable-peer-exchange=false",
    "--file-allocation=none",
    "--summary-interval=0",
  ];
}

const transmission: ForeignClient = {
  name: "transmission",
  dialsLoopback: false,
  makesEmptyFiles: false,
  givesUpEarly: true,
  seed: async (orders) => [...await transmissionCommand(orders), "--verify"],
  fetch: transmissionCommand,
};

async function transmissionCommand(orders: ForeignOrders): Promise<string[]> {
  const { torrentPath, folder, stateFolder, port } = orders;
  const settings = {
    "bind-address-ipv4": "127.0.0.1",
    "bind-address-ipv6": "::1",
    "dht-enabled": false,
    "lpd-enabled": false,
    "pex-enabled": false,
    "utp-enabled": false,
    "port-forwarding-enabled": false,
  };
  await Deno.writeTextFile(`${stateFolder}/settings.json`, JSON.stringify(settings));
  return [
    "transmission-cli",
    `--config-dir=${stateFolder}`,
    `--download-dir=${folder}`,
    `--port=${port}`,
    "--no-portmap",
    "--no-uplimit",
    "--no-downlimit",
    torrentPath,
  ];
}

/** All of them. */
export const FOREIGN_CLIENTS: readonly ForeignClient[] = [libtorrent, aria2, transmission];
